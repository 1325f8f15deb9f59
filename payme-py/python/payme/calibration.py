"""From scores to the probabilities they stand for.

Each calibrator is fitted on held-out scores and labels, never decreases, and so never reorders
results. Its JSON form is what PayMe stores with weights: read back, it answers the same bits.

>>> from payme.calibration import IsotonicCalibrator
>>> calibrator = IsotonicCalibrator().fit([0.2, 0.4, 0.6, 0.8], [0, 1, 0, 1])
>>> calibrator.predict([0.2, 0.5, 0.9]).tolist()
[0.0, 0.5, 1.0]
>>> copy = IsotonicCalibrator.from_json(calibrator.to_json())
>>> copy.predict([0.3]) == calibrator.predict([0.3])
array([ True])
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import ClassVar, TypeVar

from numpy.typing import ArrayLike

from . import _payme
from ._arrays import Columns, Floats, columns, count, floats
from ._estimator import Estimator, flag_option, number_option
from .errors import ConvergenceWarning, InputError

__all__ = [
    "BetaCalibrator",
    "IsotonicCalibrator",
    "PlattCalibrator",
    "TemperatureCalibrator",
]

C = TypeVar("C", bound="_Calibrator")

_Ended = tuple[str, int, float, float]
_Search = Callable[[Columns, bool, int, float], tuple[_payme.Calibration, _Ended]]


class _Calibrator(Estimator):
    """What all calibrators share."""

    _kind: str

    def fit(self: C, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> C:
        """Fits held-out scores ``X``, of one dimension, to their labels ``y``, 0 or 1."""
        self._take(self._fit(columns(y, X, sample_weight)))
        return self

    def _fit(self, rows: Columns) -> _payme.Calibration:
        raise NotImplementedError

    def _take(self, calibration: _payme.Calibration) -> None:
        self._calibration = calibration
        for name, value in calibration.parameters.items():
            setattr(self, f"{name}_", value)

    def _ended(self, how: str, steps: int) -> None:
        self.convergence_ = how
        self.n_iter_ = steps
        if how == "converged":
            return
        name = type(self).__name__
        why = {
            "separated": "some score separates the classes: the steeper, the better, without an "
            "end; ask for smoothed=True",
            "steps_ran_out": "the steps ran out: raise max_iter",
        }
        warnings.warn(f"{name} did not converge: {why[how]}", ConvergenceWarning, stacklevel=4)

    def predict(self, X: ArrayLike) -> Floats:
        """The probabilities that scores stand for, in [0, 1]."""
        calibration: _payme.Calibration = self._fitted("_calibration")
        return calibration.apply(floats(X, "X"))

    def transform(self, X: ArrayLike) -> Floats:
        """The same as :meth:`predict`, for pipelines."""
        return self.predict(X)

    def to_json(self) -> str:
        """The fitted function, in the form in which PayMe stores it."""
        calibration: _payme.Calibration = self._fitted("_calibration")
        return calibration.to_json()

    @classmethod
    def from_json(cls: type[C], text: str) -> C:
        """A calibrator from what :meth:`to_json` gave."""
        calibration = _payme.Calibration.from_json(text)
        if calibration.kind != cls._kind:
            message = f"this is a calibration of the kind {calibration.kind}, not {cls._kind}"
            raise InputError(message, code="calibration_invalid")
        calibrator = cls()
        calibrator._take(calibration)
        return calibrator

    def __sklearn_is_fitted__(self) -> bool:
        return "_calibration" in self.__dict__


class _SearchedCalibrator(_Calibrator):
    """A calibrator whose parameters are searched for by its native function."""

    _search: ClassVar[_Search]
    smoothed: bool
    max_iter: int
    tol: float

    def __init__(self, *, smoothed: bool = False, max_iter: int = 100, tol: float = 1e-9) -> None:
        self.smoothed = smoothed
        self.max_iter = max_iter
        self.tol = tol

    def _fit(self, rows: Columns) -> _payme.Calibration:
        calibration, (how, steps, _, _) = type(self)._search(rows, *self._options())
        self._ended(how, steps)
        return calibration

    def _options(self) -> tuple[bool, int, float]:
        smoothed = flag_option(self.smoothed, "smoothed")
        return smoothed, count(self.max_iter, "max_iter"), number_option(self.tol, "tol")


class PlattCalibrator(_SearchedCalibrator):
    """A logistic function of the score (Platt 1999): ``1 / (1 + exp(-(slope X + intercept)))``.

    Scores may be any finite numbers.

    Parameters
    ----------
    smoothed : bool
        Whether a fit aims at ``(N+ + 1) / (N+ + 2)`` and ``1 / (N- + 2)`` instead of 1 and 0.
    max_iter : int
        How many steps are taken at most.
    tol : float
        The search ends when no entry of the gradient is larger.

    Attributes
    ----------
    slope_, intercept_ : float
        The fitted line of log-odds; the slope is not negative.
    convergence_ : str
        ``"converged"``, ``"separated"`` or ``"steps_ran_out"``.
    n_iter_ : int
        How many steps were taken.

    Examples
    --------
    >>> calibrator = PlattCalibrator().fit([-2, -1, -0.5, 0.5, 1, 2], [0, 0, 1, 0, 1, 1])
    >>> calibrator.predict([-2, 2]).round(3).tolist()
    [0.221, 0.779]
    """

    _kind = "platt"
    _search = _payme.fit_platt
    slope_: float
    intercept_: float

    def __init__(self, *, smoothed: bool = True, max_iter: int = 100, tol: float = 1e-9) -> None:
        super().__init__(smoothed=smoothed, max_iter=max_iter, tol=tol)


class TemperatureCalibrator(_SearchedCalibrator):
    """Log-odds divided by one number (Guo, Pleiss, Sun and Weinberger 2017).

    Forecasts are probabilities; one half stays one half.

    Parameters
    ----------
    smoothed : bool
        Whether a fit aims at smoothed targets, as :class:`PlattCalibrator` does.
    max_iter : int
        How many steps are taken at most.
    tol : float
        The search ends when no entry of the gradient is larger.

    Attributes
    ----------
    temperature_ : float
        Above 1 forecasts were too certain, below 1 not certain enough; may be infinite.
    convergence_ : str
        ``"converged"``, ``"separated"`` or ``"steps_ran_out"``.
    n_iter_ : int
        How many steps were taken.

    Examples
    --------
    >>> p, y = [0.9] * 4 + [0.1] * 4, [1, 1, 1, 0, 0, 0, 0, 1]
    >>> round(TemperatureCalibrator().fit(p, y).temperature_, 9)
    2.0
    """

    _kind = "temperature"
    _search = _payme.fit_temperature
    temperature_: float


class BetaCalibrator(_SearchedCalibrator):
    """Log-odds ``a ln p - b ln(1 - p) + c`` (Kull, Silva Filho and Flach 2017).

    Forecasts are probabilities; those that are calibrated stay so.

    Parameters
    ----------
    smoothed : bool
        Whether a fit aims at smoothed targets, as :class:`PlattCalibrator` does.
    max_iter : int
        How many steps are taken at most.
    tol : float
        The search ends when no entry of the gradient is larger.

    Attributes
    ----------
    a_, b_, c_ : float
        The parameters; ``a_`` and ``b_`` are not negative.
    convergence_ : str
        ``"converged"``, ``"separated"`` or ``"steps_ran_out"``.
    n_iter_ : int
        How many steps were taken.

    Examples
    --------
    >>> calibrator = BetaCalibrator().fit([0.1, 0.3, 0.4, 0.6, 0.7, 0.95], [0, 0, 1, 0, 1, 1])
    >>> bool(calibrator.predict([0.95]) > calibrator.predict([0.1]))
    True
    """

    _kind = "beta"
    _search = _payme.fit_beta
    a_: float
    b_: float
    c_: float


class IsotonicCalibrator(_Calibrator):
    """The function that never decreases and is nearest to the labels.

    Between the pools of isotonic regression it is the straight line, outside of all scores the
    nearest value. Scores may be any finite numbers.

    Attributes
    ----------
    scores_, values_ : numpy.ndarray
        Where the function bends, ascending, and its values there.

    Examples
    --------
    >>> calibrator = IsotonicCalibrator().fit([0.2, 0.4, 0.6, 0.8], [0, 1, 0, 1])
    >>> calibrator.values_.tolist()
    [0.0, 0.5, 0.5, 1.0]
    """

    _kind = "isotonic"
    scores_: Floats
    values_: Floats

    def __init__(self) -> None:
        pass

    def _fit(self, rows: Columns) -> _payme.Calibration:
        return _payme.fit_isotonic(rows)
