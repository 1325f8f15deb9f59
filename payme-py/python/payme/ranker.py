"""Logistic regression with the conventions of scikit-learn, which need not be installed.

>>> import numpy as np
>>> from payme import Ranker
>>> X = np.array([[0.1], [0.4], [0.5], [0.6], [0.7], [0.9]])
>>> y = np.array(["ignored", "ignored", "paid", "ignored", "paid", "paid"])
>>> ranker = Ranker().fit(X, y)
>>> ranker.predict([[0.05], [0.95]]).tolist()
['ignored', 'paid']
>>> bool(ranker.coef_[0, 0] > 0), ranker.n_features_in_
(True, 1)
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _payme
from ._arrays import Floats, as_array, count, floats
from ._estimator import Estimator, flag_option, number_option
from ._table import feature_names, same_names, table
from .errors import (
    ConvergenceWarning,
    InputError,
    InputTypeError,
    SingleClassError,
    data_conversion_warning,
)

__all__ = ["Ranker"]


class Ranker(Estimator):
    """Logistic regression of two classes, fitted to the last digit.

    Minimises the sum of the logarithmic losses plus ``|w|^2 / (2 C) + l1 |w|``; the intercept is
    never penalised. With ``C=inf``, ``l1=0`` and ``fit_intercept=False`` it is maximum likelihood
    without an intercept.

    Parameters
    ----------
    C : float
        The inverse of the strength of the squared penalty, above 0; ``inf`` for none.
    fit_intercept : bool
        Whether there is an intercept.
    class_weight : dict, "balanced" or None
        How much the classes count: by their labels, each class as much as the other, or alike.
    l1 : float
        The strength of the absolute penalty, from 0 on.
    standardize : bool
        Whether penalties are on coefficients of columns scaled to unit spread.
    nonnegative : bool
        Whether coefficients have to be at least 0, so that a better signal never harms.
    tol : float
        The fit has converged once no entry of the mean gradient, over columns scaled to unit
        spread, is greater.
    max_iter : int
        How many steps are made at most.

    Attributes
    ----------
    classes_ : numpy.ndarray of shape (2,)
        The classes, ascending; probabilities are of the second one.
    coef_ : numpy.ndarray of shape (1, n_features)
        A coefficient for each column.
    intercept_ : numpy.ndarray of shape (1,)
        The intercept; 0 where there is none.
    n_iter_ : numpy.ndarray of shape (1,)
        How many steps were made.
    converged_ : bool
        Whether the gradient is within the tolerance. Where it is not, the fit warns.
    gradient_max_, objective_ : float
        The greatest entry of the gradient, and what was minimised, at the end.
    n_features_in_ : int
        How many columns there are.
    feature_names_in_ : numpy.ndarray of shape (n_features_in_,)
        The names of the columns, where they have some.

    Examples
    --------
    >>> from payme import Ranker
    >>> X = [[0.1, 1], [0.4, 0], [0.5, 1], [0.6, 0], [0.7, 1], [0.9, 0]]
    >>> ranker = Ranker(C=10.0).fit(X, [0, 0, 1, 0, 1, 1])
    >>> ranker.predict_proba([[0.9, 1]]).sum(axis=1).tolist()
    [1.0]
    """

    # Older versions of scikit-learn ask for this and not for tags.
    _estimator_type = "classifier"

    classes_: NDArray[Any]
    coef_: Floats
    intercept_: Floats
    n_iter_: NDArray[np.int32]
    converged_: bool
    gradient_max_: float
    objective_: float
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(
        self,
        C: float = 1.0,
        *,
        fit_intercept: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        l1: float = 0.0,
        standardize: bool = False,
        nonnegative: bool = False,
        tol: float = 1e-9,
        max_iter: int = 100,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.l1 = l1
        self.standardize = standardize
        self.nonnegative = nonnegative
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Ranker:
        """Fits coefficients to rows.

        Parameters
        ----------
        X : array or data frame of shape (n_samples, n_features)
            The features. A contiguous array of doubles, by rows or by columns, is not copied.
        y : array of shape (n_samples,)
            The classes: any two.
        sample_weight : array of shape (n_samples,), optional
            How often each row counts, from 0 on.
        """
        names = feature_names(X)
        features = table(X)
        classes, labels = _encoded(y)
        weights = None if sample_weight is None else floats(sample_weight, "sample_weight")
        for what, column in (("y", labels), ("sample_weight", weights)):
            if column is not None and len(column) != len(features):
                message = f"{what} has {len(column)} entries for {len(features)} rows of X"
                raise InputError(message, code="rows_length")
        if weights is not None and not weights.any():
            raise InputError("every weight is zero: no row is left", code="weights_zero")
        if len(classes) == 1:
            raise SingleClassError(
                f"the rows are all of one class ({classes[0]!r}): a fit needs both"
            )
        try:
            coef, intercept, (converged, steps, gradient, objective, _) = _payme.fit_logistic(
                features, labels, weights, self._settings(classes)
            )
        except SingleClassError:
            message = "the rows with a weight are all of one class: a fit needs both"
            raise SingleClassError(message) from None
        except InputError as error:
            # Of the table as it was given, more can be said.
            if error.code == "train_not_finite":
                refuse_not_finite(features)
            raise
        self.classes_ = classes
        self.coef_ = coef.reshape(1, -1)
        self.intercept_ = np.array([intercept])
        self.n_iter_ = np.array([steps], dtype=np.int32)
        self.converged_, self.gradient_max_, self.objective_ = converged, gradient, objective
        self.n_features_in_ = features.shape[1]
        if names is not None:
            self.feature_names_in_ = names
        elif "feature_names_in_" in self.__dict__:
            del self.feature_names_in_
        if not converged:
            message = (
                f"Ranker did not converge in {steps} steps (gradient {gradient:.1e}): "
                "raise max_iter, or scale the columns"
            )
            warnings.warn(message, ConvergenceWarning, stacklevel=2)
        return self

    def _settings(self, classes: NDArray[Any]) -> dict[str, Any]:
        c = number_option(self.C, "C")
        if not c > 0.0:
            raise InputError("C has to be above 0", code="out_of_range")
        return {
            "l2": 1.0 / c,
            "l1": number_option(self.l1, "l1"),
            "fit_intercept": flag_option(self.fit_intercept, "fit_intercept"),
            "class_weights": _class_weights(self.class_weight, classes),
            "standardize": flag_option(self.standardize, "standardize"),
            "nonnegative": flag_option(self.nonnegative, "nonnegative"),
            "tol": number_option(self.tol, "tol"),
            "max_iter": count(self.max_iter, "max_iter"),
        }

    def decision_function(self, X: Any) -> Floats:
        """The log-odds of the second class, one for each row."""
        return self._of_rows(_payme.scores, X)

    def predict_proba(self, X: Any) -> Floats:
        """The probabilities of both classes, in the order of ``classes_``."""
        return self._of_rows(_payme.probabilities, X)

    def _of_rows(self, native: Callable[[Floats, list[float], float], Floats], X: Any) -> Floats:
        coef = self._fitted("coef_")[0]
        same_names(self, feature_names(X))
        features = table(X, columns=self.n_features_in_, name=type(self).__name__)
        try:
            return native(features, coef.tolist(), float(self.intercept_[0]))
        except InputError as error:
            if error.code == "train_not_finite":
                refuse_not_finite(features)
            raise

    def predict_log_proba(self, X: Any) -> Floats:
        """The logarithms of the probabilities, which do not end at 0."""
        scores = self.decision_function(X)
        return -np.logaddexp(0.0, np.stack([scores, -scores], axis=1))

    def predict(self, X: Any) -> NDArray[Any]:
        """The more probable class of each row; the first where both are alike."""
        scores = self.decision_function(X)
        found: NDArray[Any] = self.classes_[(scores > 0.0).astype(np.intp)]
        return found

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """The share of rows whose class is predicted."""
        hits = self.predict(X) == _column(y)
        weights = None if sample_weight is None else floats(sample_weight, "sample_weight")
        return float(np.average(hits, weights=weights))

    def set_fit_request(self, *, sample_weight: bool | str | None) -> Ranker:
        """Says whether a fit asks for weights, where metadata routing is enabled.

        As in scikit-learn: ``True``, ``False``, ``None`` for an error where weights are passed,
        or the name that they are passed by.
        """
        self._metadata_request = self._request("fit", sample_weight)
        return self

    def set_score_request(self, *, sample_weight: bool | str | None) -> Ranker:
        """Says whether a score asks for weights, as :meth:`set_fit_request` does for a fit."""
        self._metadata_request = self._request("score", sample_weight)
        return self

    def _request(self, method: str, sample_weight: bool | str | None) -> Any:
        request = self.get_metadata_routing()
        getattr(request, method).add_request(param="sample_weight", alias=sample_weight)
        return request

    def get_metadata_routing(self) -> Any:
        """What scikit-learn is to hand to it, where metadata routing is enabled."""
        from sklearn.utils.metadata_routing import MetadataRequest  # type: ignore

        if "_metadata_request" in self.__dict__:
            return copy.deepcopy(self._metadata_request)
        request = MetadataRequest(owner=type(self).__name__)
        for method in (request.fit, request.score):
            method.add_request(param="sample_weight", alias=None)
        return request

    def __sklearn_is_fitted__(self) -> bool:
        return "coef_" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags  # type: ignore

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            transformer_tags=None,
            # Coefficients from 0 on cannot follow signals that speak against a class.
            classifier_tags=ClassifierTags(multi_class=False, poor_score=bool(self.nonnegative)),
            regressor_tags=None,
            input_tags=InputTags(),
        )


def refuse_not_finite(features: Floats) -> None:
    """Refuses a table in which a number is NaN or infinite."""
    finite = np.isfinite(features)
    if finite.all():
        return
    row, column = (int(at) for at in np.argwhere(~finite)[0])
    what = "NaN" if np.isnan(features[row, column]) else "infinity (inf)"
    message = f"Input X contains {what}: first in row {row}, column {column} (both from 0)"
    raise InputError(message, code="train_not_finite", index=row)


def _column(y: Any) -> NDArray[Any]:
    if y is None:
        message = "Ranker requires y to be passed, but the target y is None"
        raise InputError(message, code="value_missing")
    array = as_array(y, "y")
    if array.ndim == 2 and array.shape[1] == 1:
        message = "A column-vector y was passed when a 1d array was expected: give y.ravel()"
        warnings.warn(message, data_conversion_warning(), stacklevel=4)
        return array[:, 0]
    if array.ndim != 1:
        message = f"y should be a 1d array, got an array of shape {array.shape} instead"
        raise InputError(message, code="column_shape")
    return array


def _encoded(y: Any) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """The classes, ascending, and for each row whether it is of the second one."""
    array = _column(y)
    if array.size == 0:
        raise InputError("Found array with 0 sample(s): there is nothing to learn from")
    if array.dtype.kind == "c":
        raise InputError("Complex data not supported: y", code="column_type")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        what = "NaN" if np.isnan(array).any() else "infinity"
        index = int(np.argmin(np.isfinite(array)))
        message = (
            f"Input y contains {what} or a value too large for {array.dtype!r}: "
            f"first in row {index} (from 0)"
        )
        raise InputError(message, code="label_invalid", index=index)
    if array.dtype.kind in "biuf":
        # Two passes are enough to see whether there are two classes.
        classes = np.array(sorted({array.min(), array.max()}), dtype=array.dtype)
        second = array == classes[-1]
        if not np.all(second | (array == classes[0])):
            raise _too_many(array)
        if array.dtype.kind == "f" and not np.all(classes == np.trunc(classes)):
            raise _too_many(array)
    else:
        try:
            classes = np.unique(array)
        except TypeError as error:
            message = f"the classes of y cannot be put in order: {error}"
            raise InputTypeError(message, code="label_invalid") from error
        if len(classes) > 2:
            raise _too_many(array)
        second = np.asarray(array == classes[-1], dtype=bool)
    return classes, np.require(second, None, ["C", "A"]).view(np.uint8)


def _too_many(array: NDArray[Any]) -> InputError:
    if array.dtype.kind == "f" and not np.all(array == np.trunc(array)):
        message = "Unknown label type: continuous. Maybe you are trying to fit a classifier, "
        message += "which expects discrete classes on a regression target with continuous values"
        return InputError(message, code="label_invalid")
    message = "Only binary classification is supported. The type of the target is multiclass"
    return InputError(message, code="label_invalid")


def _class_weights(
    wanted: Mapping[Any, float] | str | None, classes: NDArray[Any]
) -> tuple[float, float] | None:
    """The weights of both classes; ``None`` where they are balanced."""
    if wanted is None:
        return 1.0, 1.0
    if isinstance(wanted, str) and wanted == "balanced":
        return None
    if not isinstance(wanted, Mapping):
        message = "class_weight: expected a dictionary, 'balanced' or None"
        raise InputError(message, code="unknown_option")
    names = classes.tolist()
    for name in wanted:
        if name not in names:
            message = f"class_weight names {name!r}, but the classes are {names}"
            raise InputError(message, code="unknown_option")
    first, second = (number_option(wanted.get(name, 1.0), "class_weight") for name in names)
    return first, second
