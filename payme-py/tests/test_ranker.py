"""The ranker: the conventions of scikit-learn, and its logistic regression as oracle."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import payme
import polars as pl
import pytest
from payme import Ranker
from payme._table import table
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError, UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator


def rows(seed: int = 0, count: int = 400, columns: int = 5) -> tuple[Any, Any, Any]:
    stream = np.random.default_rng(seed)
    X = stream.normal(size=(count, columns)) * 3.0 ** np.arange(columns) + np.arange(columns)
    y = (X @ (1 / 3.0 ** np.arange(columns)) + stream.normal(size=count) * 2 > 2).astype(int)
    return X, y, stream.integers(0, 4, count).astype(float)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "ranker",
    [
        Ranker(),
        Ranker(C=0.1, class_weight="balanced"),
        Ranker(l1=0.1, standardize=True, nonnegative=True),
    ],
)
def test_scikit_learn_finds_nothing_wrong_with_it(ranker: Ranker) -> None:
    results = check_estimator(ranker, on_skip=None, on_fail=None)
    failed = [
        (result["check_name"], str(result["exception"]))
        for result in results
        if result["status"] == "failed"
    ]
    assert failed == [], failed
    assert sum(result["status"] == "passed" for result in results) > 40


def oracle(ranker: Ranker, X: Any, y: Any, w: Any = None) -> LogisticRegression:
    fitted = LogisticRegression(
        C=ranker.C,
        fit_intercept=ranker.fit_intercept,
        class_weight=ranker.class_weight,
        solver="newton-cholesky",
        tol=1e-12,
        max_iter=1000,
    )
    return fitted.fit(X, y, w)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    "ranker",
    [
        Ranker(),
        Ranker(C=0.01),
        Ranker(C=100.0, fit_intercept=False),
        Ranker(class_weight={0: 2.0, 1: 0.5}),
        Ranker(class_weight={1: 3.0}),
        Ranker(C=np.inf),
        Ranker(C=np.inf, fit_intercept=False),
    ],
)
def test_the_fit_is_that_of_scikit_learn(ranker: Ranker, seed: int) -> None:
    X, y, w = rows(seed)
    for weight in (None, w):
        found, expected = clone(ranker).fit(X, y, weight), oracle(ranker, X, y, weight)
        assert found.converged_
        assert found.gradient_max_ <= 1e-9
        np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(
            found.intercept_, np.ravel(expected.intercept_), rtol=1e-6, atol=1e-8
        )
        np.testing.assert_allclose(found.predict_proba(X), expected.predict_proba(X), rtol=1e-6)
        np.testing.assert_allclose(
            found.predict_log_proba(X), np.log(found.predict_proba(X)), rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(
            found.decision_function(X), X @ found.coef_[0] + found.intercept_, rtol=1e-9, atol=1e-9
        )
        assert found.score(X, y, weight) == pytest.approx(expected.score(X, y, weight))
        assert found.coef_.shape == (1, 5)
        assert found.intercept_.shape == found.n_iter_.shape == (1,)


def test_balanced_classes_weigh_alike() -> None:
    X, y, _ = rows(4)
    y[:250] = 0
    found = Ranker(class_weight="balanced").fit(X, y)
    weight = np.where(y == 1, len(y) / (2 * y.sum()), len(y) / (2 * (len(y) - y.sum())))
    np.testing.assert_allclose(found.coef_, Ranker().fit(X, y, weight).coef_, rtol=1e-9)
    np.testing.assert_allclose(found.coef_, oracle(found, X, y).coef_, rtol=1e-6)


@pytest.mark.parametrize(
    "classes",
    [(0, 1), (-1, 1), (1, 2), (False, True), (2.0, 7.0), ("ignored", "paid"), (b"a", b"b")],
)
@pytest.mark.parametrize("dtype", [None, object])
def test_any_two_classes_are_encoded(classes: tuple[Any, Any], dtype: Any) -> None:
    X, y, _ = rows()
    named = np.array(classes, dtype=dtype)[y]
    found, expected = Ranker().fit(X, named), Ranker().fit(X, y)
    assert found.classes_.tolist() == list(classes)
    np.testing.assert_array_equal(found.coef_, expected.coef_)
    np.testing.assert_array_equal(
        found.predict(X), np.array(classes, dtype=dtype)[expected.predict(X)]
    )
    pd.testing.assert_series_equal(
        pd.Series(Ranker().fit(X, pd.Series(named)).coef_[0]), pd.Series(expected.coef_[0])
    )


def test_any_layout_and_type_of_table_is_read_right() -> None:
    X, y, w = rows()
    expected = Ranker().fit(X, y, w).coef_
    wide = np.zeros((len(X) * 2, 7))
    wide[::2, 1:6] = X
    frozen = X.copy()
    frozen.flags.writeable = False
    for given in (
        np.asfortranarray(X),
        wide[::2, 1:6],
        X[::-1].copy()[::-1],
        frozen,
        X.tolist(),
        X.astype(object),
        X.astype(">f8"),
        pd.DataFrame(X),
        pd.DataFrame(X, dtype="Float64"),
    ):
        np.testing.assert_allclose(Ranker().fit(given, y, w).coef_, expected, rtol=1e-12)
    small = X.astype(np.float32)
    np.testing.assert_array_equal(
        Ranker().fit(small, y).coef_, Ranker().fit(small.astype(float), y).coef_
    )


def test_a_contiguous_table_of_doubles_is_not_copied() -> None:
    X, _, _ = rows()
    for given in (X, np.asfortranarray(X), pd.DataFrame(X)):
        assert np.shares_memory(table(given), np.asarray(given))
    assert not np.shares_memory(table(X[::2]), X)


def test_coefficients_can_be_held_from_0_on_and_sparse() -> None:
    X, y, _ = rows()
    assert (Ranker(nonnegative=True).fit(-X, y).coef_ == 0).all()
    assert (Ranker(nonnegative=True).fit(X, y).coef_ >= 0).all()
    assert (Ranker(l1=1e4).fit(X, y).coef_ == 0).all()
    scaled = Ranker(standardize=True, C=0.1).fit(X, y)
    by_hand = Ranker(C=0.1).fit((X - X.mean(0)) / X.std(0), y)
    np.testing.assert_allclose(scaled.coef_ * X.std(0), by_hand.coef_, rtol=1e-8)


def test_it_works_in_the_tools_of_scikit_learn() -> None:
    X, y, w = rows()
    assert is_classifier(Ranker())
    pipeline = make_pipeline(StandardScaler(), Ranker())
    assert cross_val_score(pipeline, X, y, scoring="roc_auc", cv=4).mean() > 0.8
    assert pipeline.fit(X, y, ranker__sample_weight=w).predict_proba(X).shape == (len(X), 2)
    search = GridSearchCV(pipeline, {"ranker__C": [0.01, 1.0]}, cv=3).fit(X, y)
    assert search.best_params_["ranker__C"] in (0.01, 1.0)
    assert CalibratedClassifierCV(Ranker(), cv=3).fit(X, y).predict(X).shape == y.shape
    fitted = Ranker(C=2.0).fit(X, y)
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(other.predict_proba(X), fitted.predict_proba(X))
    assert not hasattr(clone(fitted), "coef_")
    assert clone(fitted).C == 2.0
    assert repr(Ranker()) == "Ranker()"
    assert repr(Ranker(C=2.0, l1=1)) == "Ranker(C=2.0, l1=1)"


def test_weights_are_routed_to_it() -> None:
    X, y, w = rows()
    with config_context(enable_metadata_routing=True):
        weighted = clone(
            Ranker().set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        )
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, weighted).fit(X, y, sample_weight=w)
        expected = Ranker().fit(StandardScaler().fit_transform(X), y, w)
        np.testing.assert_array_equal(pipeline[-1].coef_, expected.coef_)
        scores = cross_val_score(weighted, X, y, params={"sample_weight": w}, cv=3)
        assert scores.shape == (3,)
        with pytest.raises(UnsetMetadataPassedError):
            cross_val_score(Ranker(), X, y, params={"sample_weight": w}, cv=3)


@pytest.mark.parametrize("frame", [pd.DataFrame, lambda data: pl.DataFrame(data)])
def test_names_of_columns_are_held_against_those_of_the_fit(frame: Any) -> None:
    X, y, _ = rows(columns=2)
    named = frame({"a": X[:, 0], "b": X[:, 1]})
    fitted = Ranker().fit(named, y)
    assert fitted.feature_names_in_.tolist() == ["a", "b"]
    np.testing.assert_array_equal(fitted.coef_, Ranker().fit(X, y).coef_)
    with pytest.raises(payme.InputError, match="same order") as error:
        fitted.predict(named[["b", "a"]])
    assert error.value.code == "feature_names"
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- c\n.*now missing:\n- b"):
        fitted.predict(frame({"a": X[:, 0], "c": X[:, 1]}))
    with pytest.warns(UserWarning, match="valid feature names"):
        fitted.predict(X)
    with pytest.warns(UserWarning, match="fitted without"):
        Ranker().fit(X, y).predict(named)
    assert not hasattr(fitted.fit(X, y), "feature_names_in_")


X3, Y3 = [[0.0], [1.0], [2.0]], [0, 1, 1]


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("column_shape", lambda: Ranker().fit([0.0, 1.0], [0, 1])),
        ("rows_length", lambda: Ranker().fit(X3, [0, 1])),
        ("rows_length", lambda: Ranker().fit(X3, Y3, [1.0])),
        ("train_not_finite", lambda: Ranker().fit([[0.0], [np.nan], [1.0]], Y3)),
        ("train_not_finite", lambda: Ranker().fit(X3, Y3).predict([[np.inf]])),
        ("train_not_finite", lambda: Ranker(l1=1e9).fit(X3, Y3).predict([[np.nan]])),
        ("weights_zero", lambda: Ranker().fit(X3, Y3, [0.0, 0.0, 0.0])),
        ("train_weight", lambda: Ranker().fit(X3, Y3, [1.0, -1.0, 1.0])),
        ("train_separable", lambda: Ranker(C=np.inf).fit(X3, Y3)),
        ("train_option", lambda: Ranker(l1=-1).fit(X3, Y3)),
        ("single_class", lambda: Ranker().fit(X3, [1, 1, 1])),
        ("single_class", lambda: Ranker().fit(X3, Y3, [0.0, 1.0, 1.0])),
        ("label_invalid", lambda: Ranker().fit(X3, [0, 1, 2])),
        ("label_invalid", lambda: Ranker().fit(X3, ["a", "b", "c"])),
        ("label_invalid", lambda: Ranker().fit(X3, [0.5, 1.0, 1.0])),
        ("label_invalid", lambda: Ranker().fit(X3, [0.0, np.nan, 1.0])),
        ("value_missing", lambda: Ranker().fit(X3, ["a", None, "b"])),
        ("value_missing", lambda: Ranker().fit(np.ma.masked_array(X3, mask=[[0], [1], [0]]), Y3)),
        (
            "value_missing",
            lambda: Ranker().fit(pd.DataFrame({"a": [0.0, None, 1.0]}, dtype="Float64"), Y3),
        ),
        ("feature_count", lambda: Ranker().fit(X3, Y3).predict([[1.0, 2.0]])),
        ("column_type", lambda: Ranker().fit([["a"], ["b"], ["c"]], Y3)),
        ("out_of_range", lambda: Ranker(C=0).fit(X3, Y3)),
        ("option_type", lambda: Ranker(C="much").fit(X3, Y3)),
        ("option_type", lambda: Ranker(fit_intercept="no").fit(X3, Y3)),
        ("option_type", lambda: Ranker(max_iter=1.5).fit(X3, Y3)),
        ("unknown_option", lambda: Ranker(class_weight="even").fit(X3, Y3)),
        ("unknown_option", lambda: Ranker(class_weight={2: 1.0}).fit(X3, Y3)),
        ("unknown_option", lambda: Ranker().set_params(alpha=1)),
    ],
)
def test_what_is_wrong_is_told_with_its_code(code: str, call: Any) -> None:
    with pytest.raises(payme.InputError) as error:
        call()
    assert error.value.code == code, str(error.value)


def test_before_a_fit_nothing_is_predicted() -> None:
    with pytest.raises(NotFittedError) as error:
        Ranker().predict(X3)
    assert isinstance(error.value, payme.NotFittedError)
    assert error.value.code == "not_fitted"


def test_a_fit_that_was_cut_short_says_so() -> None:
    X, y, _ = rows()
    with pytest.warns(payme.ConvergenceWarning, match="did not converge in 1 steps"):
        fitted = Ranker(max_iter=1).fit(X, y)
    assert not fitted.converged_
    assert fitted.n_iter_.tolist() == [1]


def test_scikit_learn_is_not_needed() -> None:
    script = """
import sys
import payme
try:
    payme.Ranker().predict([[1.0]])
except payme.NotFittedError as error:
    assert isinstance(error, (ValueError, AttributeError)) and error.code == "not_fitted"
ranker = payme.Ranker().fit([[0.0], [1.0], [0.5], [0.7]], ["no", "yes", "yes", "no"])
assert ranker.predict([[2.0]]) == ["yes"]
assert not {"sklearn", "pandas", "scipy", "pyarrow"} & set(sys.modules), sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)
