"""Metrics: known answers, and scikit-learn and plain loops as oracles."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import payme
import pytest
from payme import metrics
from sklearn import metrics as oracle

Rng = np.random.Generator


def random_rows(stream: Rng) -> tuple[Any, Any, Any]:
    """Labels of both classes, probabilities with ties, and weights or none."""
    rows = int(stream.integers(2, 60))
    y = stream.integers(0, 2, rows)
    y[:2] = [0, 1]
    levels = int(stream.integers(1, 12))
    p = (
        stream.integers(0, levels + 1, rows) / levels
        if stream.random() < 0.7
        else stream.random(rows)
    )
    w = stream.integers(1, 5, rows).astype(float) if stream.random() < 0.5 else None
    return y, p, w


def every_input() -> Any:
    stream = np.random.default_rng(11)
    for _ in range(1000):
        yield random_rows(stream)


def close(found: float, expected: float) -> None:
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_what_scikit_learn_defines_alike_is_alike_for_any_rows() -> None:
    for y, p, w in every_input():
        close(
            metrics.brier_score(y, p, sample_weight=w),
            oracle.brier_score_loss(y, p, sample_weight=w),
        )
        close(metrics.log_loss(y, p, sample_weight=w), oracle.log_loss(y, p, sample_weight=w))
        close(metrics.roc_auc(y, p, sample_weight=w), oracle.roc_auc_score(y, p, sample_weight=w))
        close(
            metrics.average_precision(y, p, sample_weight=w),
            oracle.average_precision_score(y, p, sample_weight=w),
        )
        if len(y) > 1:
            k = int(1 + len(y) // 3)
            close(metrics.ndcg_at_k(y, p, k), oracle.ndcg_score([y], [p], k=k))


def test_the_curves_are_those_of_scikit_learn_for_any_rows() -> None:
    for y, p, w in itertools.islice(every_input(), 300):
        curve = metrics.roc_curve(y, p, sample_weight=w)
        expected = oracle.roc_curve(y, p, sample_weight=w, drop_intermediate=False)
        for found, wanted in zip(curve, expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
        found = metrics.precision_recall_curve(y, p, sample_weight=w)
        precision, recall, thresholds = oracle.precision_recall_curve(y, p, sample_weight=w)
        np.testing.assert_allclose(found.thresholds, thresholds[::-1])
        np.testing.assert_allclose(found.precision, precision[-2::-1], rtol=1e-12)
        np.testing.assert_allclose(found.recall, recall[-2::-1], rtol=1e-12)


def plain_bins(y: Any, p: Any, w: Any, n_bins: int) -> list[tuple[float, float, float]]:
    """Weight, mean probability and share of positives of each bin that is not empty."""
    w = np.ones(len(y)) if w is None else w
    places = np.minimum((p * n_bins).astype(int), n_bins - 1)
    bins = []
    for place in np.unique(places):
        inside = places == place
        weight = w[inside].sum()
        bins.append((weight, (w * p)[inside].sum() / weight, (w * y)[inside].sum() / weight))
    return bins


def test_errors_of_calibration_are_those_of_a_plain_loop_for_any_rows() -> None:
    for y, p, w in every_input():
        bins = plain_bins(y, p, w, 7)
        total = sum(weight for weight, _, _ in bins)
        gaps = [abs(score - share) for _, score, share in bins]
        close(
            metrics.ece(y, p, n_bins=7, sample_weight=w),
            sum(b[0] * gap for b, gap in zip(bins, gaps, strict=True)) / total,
        )
        close(metrics.mce(y, p, n_bins=7, sample_weight=w), max(gaps))
        found = metrics.reliability_bins(y, p, n_bins=7, sample_weight=w)
        np.testing.assert_allclose(
            np.stack([found.weight, found.score_mean, found.positive_rate], axis=1),
            bins,
            rtol=1e-12,
            atol=1e-12,
        )


def plain_precision(y: Any, p: Any, k: int, divide_by: float) -> float:
    """The mean over all orders of tied rows, from the share of the block at the cut."""
    hits, room = 0.0, k
    for score in sorted(set(p), reverse=True):
        tied = y[p == score]
        hits += tied.sum() * min(1.0, room / len(tied))
        room -= min(room, len(tied))
    return hits / divide_by


def test_precision_at_k_is_the_mean_over_the_orders_of_ties_for_any_rows() -> None:
    stream = np.random.default_rng(5)
    for y, p, _ in every_input():
        for k in (1, 3, 10):
            close(metrics.precision_at_k(y, p, k), plain_precision(y, p, k, min(k, len(y))))
        users = stream.integers(0, 4, len(y))
        own = [(y[users == user], p[users == user]) for user in np.unique(users)]
        by_k = [plain_precision(*rows, 3, 3) for rows in own if rows[0].any()]
        close(metrics.precision_at_k(y, p, 3, groups=users), float(np.mean(by_k)))
        names = np.array([f"user {user}" for user in users])
        close(metrics.precision_at_k(y, p, 3, groups=names), float(np.mean(by_k)))
        zero = metrics.precision_at_k(y, p, 3, users, without_positive="zero")
        close(zero, sum(by_k) / len(own))
        returned = [
            plain_precision(*rows, 3, min(3, len(rows[0]))) for rows in own if rows[0].any()
        ]
        close(
            metrics.precision_at_k(y, p, 3, users, divide_by="returned"), float(np.mean(returned))
        )


def test_decompositions_add_up_to_the_brier_score_for_any_rows() -> None:
    for y, p, w in every_input():
        brier = metrics.brier_score(y, p, sample_weight=w)
        five = metrics.brier_decomposition(y, p, n_bins=5, sample_weight=w)
        close(
            five.reliability
            - five.resolution
            + five.uncertainty
            + five.within_bin_variance
            - 2 * five.within_bin_covariance,
            brier,
        )
        three = metrics.corp_decomposition(y, p, sample_weight=w)
        close(three.miscalibration - three.discrimination + three.uncertainty, brier)


def test_the_report_is_what_each_function_says() -> None:
    for y, p, w in itertools.islice(every_input(), 200):
        found = metrics.report(y, p, n_bins=6, precision_at=[2, 4], sample_weight=w)
        assert found.sample_count == len(y)
        assert found.brier == metrics.brier_score(y, p, sample_weight=w)
        assert found.brier_decomposition == metrics.brier_decomposition(
            y, p, n_bins=6, sample_weight=w
        )
        assert found.ece == metrics.ece(y, p, n_bins=6, sample_weight=w)
        assert found.mce_equal_mass == metrics.mce(
            y, p, n_bins=6, strategy="quantile", sample_weight=w
        )
        assert found.ece_debiased == metrics.ece_debiased(y, p, n_bins=6, sample_weight=w)
        assert found.log_loss == metrics.log_loss(y, p, sample_weight=w)
        assert found.roc_auc == metrics.roc_auc(y, p, sample_weight=w)
        assert found.average_precision == metrics.average_precision(y, p, sample_weight=w)
        assert found.precision_at == {
            k: metrics.precision_at_k(y, p, k, sample_weight=w) for k in (2, 4)
        }


def test_known_answers() -> None:
    p, y = [0.1, 0.2, 0.3, 0.4, 0.65, 0.7, 0.8, 0.9, 1], [0, 0, 0, 0, 1, 1, 1, 1, 1]
    close(metrics.ece(y, p, n_bins=3), 0.125 / 0.9)
    close(metrics.ece(y, p, n_bins=3, strategy="quantile"), 0.115 / 0.9)
    close(metrics.mce(y, p, n_bins=3), 0.2)
    close(metrics.corp_decomposition(y, p).discrimination, 20 / 81)
    close(metrics.ece([1, 0, 1], [0.5, 0.4, 0.6], n_bins=2), 1.3 / 3)
    close(metrics.ece_debiased([1] * 5 + [0] * 5, [0.9] * 10), math.sqrt(0.16 - 0.25 / 9))
    close(metrics.precision_at_k([1, 0, 0, 0], [0.5] * 4, k=2), 0.25)
    close(metrics.precision_at_k([1, 0, 1], [0.9, 0.5, 0.1], k=5, groups=[3, 3, 3]), 0.4)
    assert metrics.ndcg_at_k([3, 2, 0, 1], [4, 3, 2, 1], k=10, gain="exponential") == pytest.approx(
        0.992620, abs=5e-7
    )
    expected = metrics.ece_expected_if_calibrated(
        np.ones(1000), (np.arange(1000) + 0.5) / 1000, seed=3
    )
    assert expected.mean == pytest.approx(0.0312, abs=3e-4)
    assert expected.percentile_95 == pytest.approx(0.0458, abs=2e-3)


def test_weights_count_like_repeated_rows() -> None:
    for y, p, w in itertools.islice(every_input(), 200):
        if w is None:
            continue
        often = np.repeat(np.arange(len(y)), w.astype(int))
        for measure in (
            metrics.brier_score,
            metrics.ece,
            metrics.roc_auc,
            metrics.average_precision,
        ):
            close(measure(y, p, sample_weight=w), measure(y[often], p[often]))


def test_rows_of_one_class_have_no_curve_unless_a_stand_in_is_named() -> None:
    assert metrics.roc_auc([1, 1], [0.2, 0.8], single_class=0.5) == 0.5
    assert metrics.ndcg_at_k([0, 0], [0.2, 0.8], 5, single_class=0.25) == 0.25
    for code, refused in (
        ("no_negative", lambda: metrics.roc_auc([1, 1], [0.2, 0.8])),
        ("no_positive", lambda: metrics.roc_auc([0, 0], [0.2, 0.8])),
        ("no_positive", lambda: metrics.average_precision([0, 0], [0.2, 0.8])),
        ("no_negative", lambda: metrics.roc_curve([1, 1], [0.2, 0.8])),
        ("no_positive", lambda: metrics.precision_recall_curve([0], [0.2])),
        ("no_positive", lambda: metrics.precision_at_k([0], [0.2], 5, groups=[1])),
        ("no_positive", lambda: metrics.ndcg_at_k([0], [0.2], 5, groups=[1])),
    ):
        with pytest.raises(payme.SingleClassError) as error:
            refused()
        assert error.value.code == code
        assert isinstance(error.value, ValueError)
    found = metrics.report([1, 1], [0.2, 0.8])
    assert found.roc_auc is None
    assert found.average_precision == 1.0


Y, P = [0, 1, 1], [0.25, 0.5, 0.75]


@pytest.mark.parametrize(
    ("code", "index", "call"),
    [
        ("rows_empty", None, lambda: metrics.ece([], [])),
        ("rows_length", None, lambda: metrics.ece(Y, P[:2])),
        ("rows_length", None, lambda: metrics.ece(Y, P, sample_weight=[1, 1])),
        ("label_invalid", 2, lambda: metrics.ece([0, 1, 2], P)),
        ("label_invalid", 1, lambda: metrics.ece([0, -1, 1], P)),
        ("label_invalid", 1, lambda: metrics.ece(np.array([0, -1, 1], dtype=np.int8), P)),
        ("label_invalid", 0, lambda: metrics.ece([0.5, 1, 1], P)),
        (
            "label_invalid",
            1,
            lambda: metrics.ece(np.array([0, 7, 1], dtype=np.uint8).view(bool), P),
        ),
        ("label_invalid", 0, lambda: metrics.ece(np.array([2**64 - 1, 0, 1], dtype=np.uint64), P)),
        ("label_invalid", 2, lambda: metrics.ece(np.array([0, 1, np.nan]), P)),
        ("score_not_finite", 1, lambda: metrics.ece(Y, [0.5, np.nan, 1])),
        ("score_not_finite", 2, lambda: metrics.roc_auc(Y, [0.5, 2, np.inf])),
        ("probability_invalid", 1, lambda: metrics.ece(Y, [0.5, 1.5, 1])),
        ("weight_invalid", 0, lambda: metrics.ece(Y, P, sample_weight=[-1, 1, 1])),
        ("weights_zero", None, lambda: metrics.ece(Y, P, sample_weight=[0, 0, 0])),
        ("bins_out_of_range", None, lambda: metrics.ece(Y, P, n_bins=0)),
        ("out_of_range", None, lambda: metrics.ece(Y, P, n_bins=-1)),
        ("option_type", None, lambda: metrics.ece(Y, P, n_bins=2.5)),
        ("unknown_option", None, lambda: metrics.ece(Y, P, strategy="width")),
        ("top_zero", None, lambda: metrics.precision_at_k(Y, P, 0)),
        ("groups_length", None, lambda: metrics.precision_at_k(Y, P, 5, groups=[1])),
        ("value_missing", 1, lambda: metrics.precision_at_k(Y, P, 5, groups=["a", None, "b"])),
        ("gain_invalid", 0, lambda: metrics.ndcg_at_k([-1, 0, 1], P, 5)),
        ("weights_unsupported", None, lambda: metrics.ndcg_at_k(Y, P, 5, sample_weight=Y)),
        ("column_type", None, lambda: metrics.ece(["0", "1", "1"], P)),
        ("column_type", None, lambda: metrics.ece(Y, [1j, 0, 0])),
        ("column_type", None, lambda: metrics.ece(np.array(["0", 1, 1], dtype=object), P)),
        ("column_shape", None, lambda: metrics.ece(Y, [[0.5, 0.5]] * 3)),
        ("column_shape", None, lambda: metrics.ece(1, 0.5)),
        ("column_shape", None, lambda: metrics.ece([[0], [1, 2]], P)),
    ],
)
def test_what_is_wrong_is_told_with_its_code_and_place(
    code: str, index: int | None, call: Any
) -> None:
    with pytest.raises(payme.InputError) as error:
        call()
    assert (error.value.code, error.value.index) == (code, index), str(error.value)


def test_the_precision_of_users_has_the_mean_of_all_of_them() -> None:
    stream = np.random.default_rng(13)
    for _ in range(200):
        y, p, w = random_rows(stream)
        users = stream.integers(0, 5, len(y))
        each = metrics.precision_at_k_of_users(y, p, 3, users, sample_weight=w)
        assert len(each) == len(np.unique(users))
        has_none = [not y[users == user].any() for user in np.unique(users)]
        np.testing.assert_array_equal(np.isnan(each), has_none)
        mean = metrics.precision_at_k(y, p, 3, users, sample_weight=w)
        close(float(np.nanmean(each)), mean)
    names = np.array(["b", "a", "b"])
    found = metrics.precision_at_k_of_users([1, 0, 1], [0.9, 0.5, 0.1], 1, names)
    np.testing.assert_array_equal(found, [np.nan, 1.0])


def test_the_bootstrap_covers_as_often_as_it_says() -> None:
    stream = np.random.default_rng(14)
    inside = above = 0
    for seed in range(400):
        champion = stream.random(200)
        challenger = champion + stream.normal(0.1, 0.3, 200)
        found = metrics.bootstrap_difference(
            champion, challenger, n_resamples=400, confidence=0.9, seed=seed
        )
        inside += found.interval[0] <= 0.1 <= found.interval[1]
        above += found.lower_bound <= 0.1
        close(found.mean, float((challenger - champion).mean()))
        assert found.standard_error == pytest.approx(0.3 / math.sqrt(200), rel=0.3)
    # Both are 360 in the mean, with a deviation of 6.
    assert abs(inside - 360) < 30
    assert abs(above - 360) < 30


def test_users_without_a_value_are_left_out_of_the_bootstrap() -> None:
    champion, challenger = [0.2, np.nan, 0.4, 0.6], [0.4, 1.0, np.nan, 0.6]
    found = metrics.bootstrap_difference(champion, challenger, seed=3)
    assert (found.users, found.users_left_out) == (2, 2)
    assert found == metrics.bootstrap_difference([0.2, 0.6], [0.4, 0.6], seed=3)._replace(
        users_left_out=2
    )
    close(found.mean, 0.1)
    for code, call in (
        ("rows_length", lambda: metrics.bootstrap_difference([1.0], [1.0, 2.0])),
        ("user_value_not_finite", lambda: metrics.bootstrap_difference([1.0], [np.inf])),
        ("no_user_with_value", lambda: metrics.bootstrap_difference([np.nan], [1.0])),
        ("resamples_out_of_range", lambda: metrics.bootstrap_difference([1], [1], n_resamples=0)),
        ("confidence_out_of_range", lambda: metrics.bootstrap_difference([1], [1], confidence=1)),
        ("value_missing", lambda: metrics.bootstrap_difference([None], [1.0])),
    ):
        with pytest.raises(payme.InputError) as error:
            call()
        assert error.value.code == code
