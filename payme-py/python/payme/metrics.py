"""How good scores and probabilities are.

Every function takes labels and scores, row by row: lists, NumPy arrays, or columns of pandas,
polars or pyarrow. Labels are booleans or the numbers 0 and 1. Contiguous arrays of doubles and
booleans are read where they lie; the interpreter is free meanwhile.

What all of them share:

- A weight counts like so many equal rows. Rows of weight 0 are as if they were not there.
- Equal scores are resolved by the mean over their orders, never by the order of the rows.
- Empty input, NaN, labels other than 0 and 1 and columns of different lengths are refused with an
  :class:`payme.errors.InputError` that names the first wrong row.

>>> from payme import metrics
>>> metrics.roc_auc([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1])
0.875
>>> metrics.report([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3]).roc_auc
1.0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from . import _payme
from ._arrays import Floats, choice, columns, count, floats, group_ids, numbers
from ._estimator import number_option
from .errors import InputError

__all__ = [
    "Bootstrap",
    "BrierDecomposition",
    "CorpDecomposition",
    "ExpectedError",
    "PrecisionRecallCurve",
    "ReliabilityBins",
    "Report",
    "RocCurve",
    "average_precision",
    "bootstrap_difference",
    "brier_decomposition",
    "brier_score",
    "corp_decomposition",
    "ece",
    "ece_debiased",
    "ece_expected_if_calibrated",
    "log_loss",
    "mce",
    "ndcg_at_k",
    "precision_at_k",
    "precision_at_k_of_users",
    "precision_recall_curve",
    "reliability_bins",
    "report",
    "roc_auc",
    "roc_curve",
]

_STRATEGIES = ("uniform", "quantile")


class BrierDecomposition(NamedTuple):
    """The Brier score in five terms: ``reliability - resolution + uncertainty +
    within_bin_variance - 2 * within_bin_covariance``.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within_bin_variance: float
    within_bin_covariance: float


class CorpDecomposition(NamedTuple):
    """The Brier score in three terms: ``miscalibration - discrimination + uncertainty``."""

    miscalibration: float
    discrimination: float
    uncertainty: float


class ReliabilityBins(NamedTuple):
    """The bins that hold a row, one entry for each: the points of a reliability diagram."""

    lower: Floats
    upper: Floats
    weight: Floats
    score_mean: Floats
    positive_rate: Floats


class ExpectedError(NamedTuple):
    """The error of calibration that chance alone shows."""

    mean: float
    percentile_95: float


class RocCurve(NamedTuple):
    """The ROC curve, from the threshold infinity to the lowest score."""

    false_positive_rate: Floats
    true_positive_rate: Floats
    thresholds: Floats


class PrecisionRecallCurve(NamedTuple):
    """The precision-recall curve, from the highest score to the lowest."""

    precision: Floats
    recall: Floats
    thresholds: Floats


class Bootstrap(NamedTuple):
    """A mean over users, and how far chance may have moved it."""

    mean: float
    standard_error: float
    interval: tuple[float, float]
    lower_bound: float
    users: int
    users_left_out: int


class Report(NamedTuple):
    """Everything that needs no users; ``None`` where the rows do not define a measure."""

    sample_count: int
    positive_rate: float
    brier: float
    brier_decomposition: BrierDecomposition
    ece: float
    mce: float
    ece_debiased: float
    ece_equal_mass: float
    mce_equal_mass: float
    log_loss: float
    roc_auc: float | None
    average_precision: float | None
    precision_at: dict[int, float]


def brier_score(
    y_true: ArrayLike, y_prob: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Mean squared distance of the probabilities from the labels; in [0, 1], lower is better.

    >>> brier_score([1, 0], [0.75, 0.5])
    0.15625
    """
    return _payme.brier_score(columns(y_true, y_prob, sample_weight))


def brier_decomposition(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    n_bins: int = 10,
    sample_weight: ArrayLike | None = None,
) -> BrierDecomposition:
    """The Brier score in five terms over bins of equal width.

    The first three alone add up only where all probabilities of a bin are equal (Stephenson,
    Coelho and Jolliffe 2008).

    >>> terms = brier_decomposition([0, 1, 0, 1], [0.2, 0.4, 0.6, 0.8], n_bins=2)
    >>> [round(term, 12) for term in terms]
    [0.04, 0.0, 0.25, 0.01, 0.05]
    """
    rows = columns(y_true, y_prob, sample_weight)
    return BrierDecomposition(*_payme.brier_decomposition(rows, count(n_bins, "n_bins")))


def corp_decomposition(
    y_true: ArrayLike, y_prob: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> CorpDecomposition:
    """The CORP decomposition of the Brier score (Dimitriadis, Gneiting and Jordan 2021).

    The best recalibration is isotonic regression, so there are no bins to choose.

    >>> terms = corp_decomposition([0, 1, 0, 1], [0.2, 0.4, 0.6, 0.8])
    >>> [round(term, 12) for term in terms]
    [0.075, 0.125, 0.25]
    """
    return CorpDecomposition(*_payme.corp_decomposition(columns(y_true, y_prob, sample_weight)))


def _calibration_error(kind: str, rows: Any, n_bins: int, strategy: str) -> float:
    equal_mass = choice(strategy, "strategy", _STRATEGIES)
    return _payme.calibration_error(rows, kind, count(n_bins, "n_bins"), equal_mass)


def ece(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    n_bins: int = 10,
    strategy: str = "uniform",
    sample_weight: ArrayLike | None = None,
) -> float:
    """Expected calibration error: the mean distance of bins from their share of positives.

    A bin of the strategy ``"uniform"`` holds its lower edge, and the last one its upper edge, too;
    other libraries close bins above. ``"quantile"`` makes bins of equal mass, and divides a block
    of equal probabilities that an edge goes through.

    >>> round(ece([1, 0, 1], [0.5, 0.4, 0.6], n_bins=2), 4)
    0.4333
    """
    return _calibration_error("ece", columns(y_true, y_prob, sample_weight), n_bins, strategy)


def mce(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    n_bins: int = 10,
    strategy: str = "uniform",
    sample_weight: ArrayLike | None = None,
) -> float:
    """Maximum calibration error: the largest distance of a bin from its share of positives.

    >>> round(mce([0, 1, 1, 0, 0], [0.0, 0.0, 1.0, 1.0, 0.95]), 12)
    0.65
    """
    return _calibration_error("mce", columns(y_true, y_prob, sample_weight), n_bins, strategy)


def ece_debiased(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    n_bins: int = 10,
    strategy: str = "uniform",
    sample_weight: ArrayLike | None = None,
) -> float:
    """The root of the mean squared distance of bins, without what chance adds to it.

    Source: Kumar, Liang and Ma 2019.

    >>> round(ece_debiased([1] * 5 + [0] * 5, [0.9] * 10), 6)
    0.363624
    """
    rows = columns(y_true, y_prob, sample_weight)
    return _calibration_error("ece_debiased", rows, n_bins, strategy)


def ece_expected_if_calibrated(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    n_bins: int = 10,
    strategy: str = "uniform",
    seed: int = 0,
    sample_weight: ArrayLike | None = None,
) -> ExpectedError:
    """The :func:`ece` that these probabilities would show if they were true.

    An error below the 95th percentile is no sign that a model is wrong. The mean is computed, the
    percentile drawn with the seed; the labels do not matter.

    >>> import numpy as np
    >>> p = (np.arange(1000) + 0.5) / 1000
    >>> expected = ece_expected_if_calibrated(np.ones(1000), p, seed=1)
    >>> round(expected.mean, 3)
    0.031
    """
    equal_mass = choice(strategy, "strategy", _STRATEGIES)
    rows, bins = columns(y_true, y_prob, sample_weight), count(n_bins, "n_bins")
    return ExpectedError(*_payme.expected_error(rows, bins, equal_mass, count(seed, "seed")))


def reliability_bins(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    n_bins: int = 10,
    strategy: str = "uniform",
    sample_weight: ArrayLike | None = None,
) -> ReliabilityBins:
    """The bins that hold a row, ascending: what a reliability diagram shows.

    >>> bins = reliability_bins([1, 0, 1], [0.5, 0.25, 0.75], n_bins=2)
    >>> bins.score_mean.tolist(), bins.positive_rate.tolist()
    ([0.25, 0.625], [0.0, 1.0])
    """
    equal_mass = choice(strategy, "strategy", _STRATEGIES)
    rows = columns(y_true, y_prob, sample_weight)
    return ReliabilityBins(*_payme.reliability_bins(rows, count(n_bins, "n_bins"), equal_mass))


def log_loss(
    y_true: ArrayLike, y_prob: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Mean negative logarithm of the probability that was given to what happened.

    Probabilities are kept within [2^-52, 1 - 2^-52], as in scikit-learn.

    >>> round(log_loss([1, 0], [0.5, 0.75]), 6)
    1.039721
    """
    return _payme.log_loss(columns(y_true, y_prob, sample_weight))


def roc_auc(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    single_class: float | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """The chance that a positive row has a higher score than a negative one; a tie is one half.

    Scores may be any finite numbers. Rows of one class have none: that raises
    :class:`payme.SingleClassError`, unless ``single_class`` names a stand-in.

    >>> roc_auc([1, 1], [0.2, 0.8], single_class=0.5)
    0.5
    """
    return _payme.roc_auc(columns(y_true, y_prob, sample_weight), single_class)


def average_precision(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    single_class: float | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """The mean, over the positive rows, of the precision where the row is found.

    Without a positive row it raises :class:`payme.SingleClassError`, unless ``single_class``
    names a stand-in.

    >>> round(average_precision([1, 0, 1], [0.9, 0.5, 0.1]), 6)
    0.833333
    """
    return _payme.average_precision(columns(y_true, y_prob, sample_weight), single_class)


def roc_curve(
    y_true: ArrayLike, y_prob: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> RocCurve:
    """The ROC curve: one point for each distinct score, and (0, 0).

    >>> curve = roc_curve([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1])
    >>> curve.false_positive_rate.tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    return RocCurve(*_payme.roc_curve(columns(y_true, y_prob, sample_weight)))


def precision_recall_curve(
    y_true: ArrayLike, y_prob: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> PrecisionRecallCurve:
    """The precision-recall curve: one point for each distinct score, the highest first.

    No point is made up at recall 0, where the precision is of nothing.

    >>> curve = precision_recall_curve([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1])
    >>> curve.recall.tolist()
    [0.5, 1.0, 1.0]
    """
    rows = columns(y_true, y_prob, sample_weight)
    return PrecisionRecallCurve(*_payme.precision_recall_curve(rows))


def precision_at_k(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    k: int,
    groups: Any = None,
    *,
    divide_by: str = "k",
    without_positive: str = "leave_out",
    sample_weight: ArrayLike | None = None,
) -> float:
    """The share of positives among the ``k`` rows of the highest scores.

    Without ``groups`` all rows are one list, of which fewer than ``k`` are all used. With them, it
    is the mean over users: divided by ``k`` or, with ``divide_by="returned"``, by what a user has
    where that is less; users without a positive row are left out or count ``"zero"``. Ties at the
    cut are resolved in expectation.

    >>> round(precision_at_k([1, 0, 1, 0, 0], [0.9, 0.5, 0.5, 0.5, 0.1], k=2), 6)
    0.666667
    >>> precision_at_k([1, 0, 1], [0.9, 0.5, 0.1], k=5, groups=["ada", "ada", "ada"])
    0.4
    """
    by_returned = choice(divide_by, "divide_by", ("k", "returned"))
    zero = choice(without_positive, "without_positive", ("leave_out", "zero"))
    rows = columns(y_true, y_prob, sample_weight)
    if groups is None:
        return _payme.precision_at_k(rows, count(k, "k"))
    ids = group_ids(groups)
    return _payme.precision_per_user(rows, ids, count(k, "k"), by_returned, zero)


def precision_at_k_of_users(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    k: int,
    groups: Any,
    *,
    divide_by: str = "k",
    sample_weight: ArrayLike | None = None,
) -> Floats:
    """The precision at ``k`` of each user, in the order of their ids.

    It is NaN for users without a positive row. The mean of the others is what
    :func:`precision_at_k` gives; two models are compared by them in :func:`bootstrap_difference`.

    >>> precision_at_k_of_users([1, 0, 0], [0.9, 0.5, 0.1], k=1, groups=["ada", "ada", "bob"])
    array([ 1., nan])
    """
    by_returned = choice(divide_by, "divide_by", ("k", "returned"))
    rows = columns(y_true, y_prob, sample_weight)
    return _payme.precision_of_users(rows, group_ids(groups), count(k, "k"), by_returned)


def bootstrap_difference(
    champion: ArrayLike,
    challenger: ArrayLike,
    *,
    n_resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 1,
) -> Bootstrap:
    """How much better the challenger is in the mean over users, and how sure that is.

    Both hold one value for each user, in one order; NaN is a user without one, who is left out.
    Users are drawn with replacement, the same for both (Efron 1979). ``interval`` is that of
    percentiles at the level ``confidence``, and ``lower_bound`` the one-sided bound at that level.
    The same seed gives the same bits on any number of threads.

    >>> found = bootstrap_difference([0.2, 0.4, float("nan")], [0.4, 0.6, 1.0])
    >>> round(found.lower_bound, 12), found.users, found.users_left_out
    (0.2, 2, 1)
    """
    values = floats(champion, "champion"), floats(challenger, "challenger")
    level = number_option(confidence, "confidence")
    resamples = count(n_resamples, "n_resamples")
    return Bootstrap(*_payme.bootstrap_difference(*values, resamples, level, count(seed, "seed")))


def ndcg_at_k(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    k: int,
    groups: Any = None,
    *,
    gain: str = "linear",
    without_positive: str = "leave_out",
    single_class: float | None = None,
    sample_weight: None = None,
) -> float:
    """Normalised discounted cumulative gain of the first ``k`` places, in [0, 1].

    ``y_true`` holds grades of relevance from 0 on. ``gain`` is ``"linear"``, the grade itself, or
    ``"exponential"``. With ``groups`` it is the mean over users. Places have no weight, so there
    is none to give.

    >>> round(ndcg_at_k([3, 2, 0, 1], [0.9, 0.8, 0.7, 0.6], k=10), 6)
    0.985442
    """
    if sample_weight is not None:
        message = "nDCG weighs places and not rows: leave sample_weight away"
        raise InputError(message, code="weights_unsupported")
    exponential = choice(gain, "gain", ("linear", "exponential"))
    zero = choice(without_positive, "without_positive", ("leave_out", "zero"))
    rows = floats(numbers(y_true, "y_true"), "y_true"), floats(y_prob, "y_prob")
    if groups is None:
        return _payme.ndcg(rows, count(k, "k"), exponential, single_class)
    return _payme.ndcg_per_user(rows, group_ids(groups), count(k, "k"), exponential, zero)


def report(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    n_bins: int = 10,
    precision_at: Sequence[int] = (5, 10),
    sample_weight: ArrayLike | None = None,
) -> Report:
    """Every measure that needs no users, with one sort of the rows.

    >>> found = report([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3])
    >>> round(found.brier, 12), found.precision_at
    (0.0375, {5: 0.5, 10: 0.5})
    """
    rows = columns(y_true, y_prob, sample_weight)
    ks = [count(k, "precision_at") for k in precision_at]
    found = _payme.report(rows, count(n_bins, "n_bins"), ks)
    terms = BrierDecomposition(*found.pop("brier_decomposition"))
    return Report(brier_decomposition=terms, **found)
