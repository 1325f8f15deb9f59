"""Calibrators: oracles of scikit-learn and SciPy, the stored form, and what is refused."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import payme
import pytest
from payme.calibration import (
    BetaCalibrator,
    IsotonicCalibrator,
    PlattCalibrator,
    TemperatureCalibrator,
)
from scipy.optimize import minimize
from scipy.special import logit
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

ALL = [PlattCalibrator, IsotonicCalibrator, TemperatureCalibrator, BetaCalibrator]


def rows(seed: int, count: int = 300) -> tuple[Any, Any, Any]:
    stream = np.random.default_rng(seed)
    p = stream.random(count).round(2)
    y = (stream.random(count) < p**2).astype(int)
    return p, y, stream.integers(1, 4, count).astype(float)


@pytest.mark.parametrize("seed", range(20))
def test_isotonic_is_that_of_scikit_learn(seed: int) -> None:
    p, y, w = rows(seed)
    for weight in (None, w):
        found = IsotonicCalibrator().fit(p, y, weight)
        expected = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(p, y, weight)
        at = np.linspace(-0.5, 1.5, 401)
        np.testing.assert_allclose(found.predict(at), expected.predict(at), atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_platt_is_a_logistic_regression_of_the_score(seed: int) -> None:
    p, y, w = rows(seed)
    found = PlattCalibrator(smoothed=False).fit(p * 8 - 3, y, w)
    expected = LogisticRegression(C=np.inf, tol=1e-12, solver="newton-cholesky").fit(
        (p * 8 - 3)[:, None], y, w
    )
    assert found.slope_ == pytest.approx(expected.coef_[0, 0], rel=1e-7)
    assert found.intercept_ == pytest.approx(expected.intercept_[0], rel=1e-7)
    assert found.convergence_ == "converged"
    assert found.n_iter_ > 0


@pytest.mark.parametrize("seed", range(10))
def test_temperature_and_beta_have_the_least_loss_that_a_search_finds(seed: int) -> None:
    p, y, w = rows(seed)
    p = p.clip(0.01, 0.99)

    def loss(z: Any) -> float:
        return float(np.average(np.logaddexp(0, np.where(y == 1, -z, z)), weights=w))

    temperature = TemperatureCalibrator().fit(p, y, w)
    best = minimize(lambda t: loss(logit(p) * t[0]), [1.0], tol=1e-12)
    assert 1 / temperature.temperature_ == pytest.approx(best.x[0], abs=1e-5)
    beta = BetaCalibrator().fit(p, y, w)
    best = minimize(
        lambda c: loss(c[0] * np.log(p) - c[1] * np.log1p(-p) + c[2]),
        [1.0, 1.0, 0.0],
        tol=1e-12,
        bounds=[(0, None), (0, None), (None, None)],
    )
    assert loss(logit(beta.predict(p))) <= best.fun + 1e-9


@pytest.mark.parametrize("kind", ALL)
def test_a_calibrator_never_decreases_and_is_kept_to_the_bit(kind: Any) -> None:
    p, y, _ = rows(1)
    fitted = kind().fit(p, y)
    at = np.sort(np.random.default_rng(2).random(1000))
    values = fitted.predict(at)
    assert (np.diff(values) >= 0).all()
    assert values.min() >= 0
    assert values.max() <= 1
    np.testing.assert_array_equal(fitted.transform(at), values)
    for other in (
        kind.from_json(fitted.to_json()),
        pickle.loads(pickle.dumps(fitted)),
        copy.deepcopy(fitted),
    ):
        np.testing.assert_array_equal(other.predict(at), values)
    assert json.loads(fitted.to_json())["kind"] + "calibrator" == kind.__name__.lower()


@pytest.mark.parametrize("kind", ALL)
def test_parameters_are_those_of_an_estimator(kind: Any) -> None:
    made = clone(kind().set_params(**{"max_iter": 7} if kind is not IsotonicCalibrator else {}))
    assert made.get_params() == (
        {"smoothed": kind is PlattCalibrator, "max_iter": 7, "tol": 1e-9}
        if kind is not IsotonicCalibrator
        else {}
    )
    assert (
        repr(made) == f"{kind.__name__}({'max_iter=7' if kind is not IsotonicCalibrator else ''})"
    )
    with pytest.raises(payme.InputError) as unknown:
        made.set_params(depth=3)
    assert unknown.value.code == "unknown_option"


@pytest.mark.parametrize("kind", ALL)
def test_what_cannot_be_fitted_or_read_is_refused(kind: Any) -> None:
    for call in (lambda: kind().predict([0.5]), lambda: kind().to_json()):
        with pytest.raises(NotFittedError) as unfitted:
            call()
        assert isinstance(unfitted.value, payme.NotFittedError)
        assert unfitted.value.code == "not_fitted"
    with pytest.raises(payme.SingleClassError) as single:
        kind().fit([0.2, 0.4, 0.6], [1, 1, 1])
    assert single.value.code == "fit_one_class"
    fitted = kind().fit(*rows(1)[:2])
    with pytest.raises(payme.InputError) as not_finite:
        fitted.predict([0.5, np.nan])
    assert (not_finite.value.code, not_finite.value.index) == ("score_not_finite", 1)
    if kind in (TemperatureCalibrator, BetaCalibrator):
        with pytest.raises(payme.InputError) as outside:
            fitted.predict([0.5, 1.5])
        assert (outside.value.code, outside.value.index) == ("probability_invalid", 1)
    for text in (
        "{",
        "[]",
        '{"kind": "platt", "slope": -1.0, "intercept": 0.0}',
        '{"kind": "identity"}',
    ):
        with pytest.raises(payme.InputError) as invalid:
            kind.from_json(text)
        assert invalid.value.code == "calibration_invalid"


def test_a_fit_without_an_end_warns() -> None:
    with pytest.warns(payme.ConvergenceWarning, match="separated|smoothed"):
        fitted = PlattCalibrator(smoothed=False).fit([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])
    assert fitted.convergence_ == "separated"
    with pytest.warns(payme.ConvergenceWarning, match="max_iter"):
        PlattCalibrator(max_iter=1).fit(*rows(1)[:2])
