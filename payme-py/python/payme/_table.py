"""Tables of features: what they are called, and their numbers.

In: arrays and data frames. Out: arrays of doubles with rows and columns, in the order they have in
memory, copied only where the type or the layout has to change; and the names of columns, held
against those of the fit.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import Floats, as_array
from .errors import InputError, InputTypeError

Names = NDArray[np.object_]


def feature_names(X: Any) -> Names | None:
    """The names of the columns, if they have some."""
    found = getattr(X, "column_names", None)
    if found is None:
        found = getattr(X, "columns", None)
    if found is None or callable(found) or not hasattr(X, "shape"):
        return None
    names = np.asarray(list(found), dtype=object)
    are_text = [isinstance(name, str) for name in names]
    if all(are_text) and len(names) > 0:
        return names
    if any(are_text):
        message = "Feature names are only supported if all input features have string names"
        raise InputTypeError(message, code="feature_names")
    return None


def same_names(estimator: Any, found: Names | None) -> None:
    """Refuses columns that are called otherwise than in the fit; warns where only one has names."""
    fitted: Names | None = estimator.__dict__.get("feature_names_in_")
    name = type(estimator).__name__
    if found is None and fitted is None:
        return
    if found is None or fitted is None:
        message = (
            f"X does not have valid feature names, but {name} was fitted with feature names"
            if found is None
            else f"X has feature names, but {name} was fitted without feature names"
        )
        warnings.warn(message, UserWarning, stacklevel=4)
        return
    if len(found) == len(fitted) and bool(np.all(found == fitted)):
        return
    unseen = sorted(set(found) - set(fitted))
    missing = sorted(set(fitted) - set(found))
    message = "The feature names should match those that were passed during fit.\n"
    if unseen:
        message += "Feature names unseen at fit time:\n" + _listed(unseen)
    if missing:
        message += "Feature names seen at fit time, yet now missing:\n" + _listed(missing)
    if not unseen and not missing:
        message += "Feature names must be in the same order as they were in fit.\n"
    raise InputError(message, code="feature_names")


def _listed(names: list[str]) -> str:
    shown = names[:5]
    more = ["- ...\n"] if len(names) > 5 else []
    return "".join([f"- {name}\n" for name in shown] + more)


def table(X: Any, columns: int | None = None, name: str = "Ranker") -> Floats:
    """The numbers of a table; with ``columns``, as many of them as the fit had."""
    if hasattr(X, "tocsr") or (hasattr(X, "toarray") and hasattr(X, "nnz")):
        message = "Sparse data was passed, but dense data is required: give X.toarray()"
        raise InputTypeError(message, code="column_type")
    array = _frame(X) if hasattr(X, "isna") else as_array(X, "X")
    if array.dtype.kind == "c":
        raise InputError("Complex data not supported: X", code="column_type")
    if array.ndim != 2:
        message = (
            f"Expected 2D array, got {array.ndim}D array instead. Reshape your data: "
            "X.reshape(-1, 1) for one feature, X.reshape(1, -1) for one row"
        )
        raise InputError(message, code="column_shape")
    rows, found = array.shape
    if rows == 0 or found == 0:
        what = "sample(s)" if rows == 0 else "feature(s)"
        message = f"Found array with 0 {what} (shape={array.shape}) while a minimum of 1 is "
        message += "required."
        raise InputError(message, code="rows_empty")
    if columns is not None and found != columns:
        message = f"X has {found} features, but {name} is expecting {columns} features as input."
        raise InputError(message, code="feature_count")
    try:
        features = array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise InputTypeError(f"X holds no numbers: {error}") from error
    flags = features.flags
    if not (flags.aligned and (flags.c_contiguous or flags.f_contiguous)):
        features = np.require(features, np.float64, ["C", "A"])
    return features


def _frame(X: Any) -> NDArray[Any]:
    """The numbers of a frame of pandas; columns that can hold NA are looked through first."""
    dtypes = getattr(X, "dtypes", None)
    kinds = list(dtypes) if dtypes is not None and hasattr(dtypes, "__iter__") else []
    for place, kind in enumerate(kinds):
        if not isinstance(kind, np.dtype):
            as_array(X.iloc[:, place], f"X[:, {place}]")
    return as_array(np.asarray(X), "X")
