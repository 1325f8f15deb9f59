"""Ranking measures beside trec_eval, where definitions agree: no two scores of a user are equal.

Where they are, trec_eval takes the order of the names of the documents; here it is the mean over the
orders, which ``test_metrics.py`` holds against all of them.
"""

from __future__ import annotations

import numpy as np
import pytest
import pytrec_eval
from payme import metrics

MEASURES = {"P_5", "P_10", "ndcg_cut_5", "ndcg_cut_10"}


def users(stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of some users, of whom each has a relevant one."""
    sizes = stream.integers(1, 25, size=stream.integers(1, 9))
    groups = np.repeat(np.arange(len(sizes)), sizes)
    labels = stream.integers(0, 2, size=len(groups))
    firsts = np.cumsum(sizes) - sizes
    labels[firsts] = 1
    # Multiples of 2^-12, each once: exact in the single precision that trec_eval reads.
    scores = stream.permutation(4096)[: len(groups)] / 4096
    return labels, scores, groups


def test_precision_and_gain_are_those_of_trec_eval_for_any_users() -> None:
    stream = np.random.default_rng(41)
    for _ in range(1_000):
        labels, scores, groups = users(stream)
        judged: dict[str, dict[str, int]] = {}
        run: dict[str, dict[str, float]] = {}
        for row, (label, score, user) in enumerate(zip(labels, scores, groups, strict=True)):
            judged.setdefault(str(user), {})[str(row)] = int(label)
            run.setdefault(str(user), {})[str(row)] = float(score)
        found = pytrec_eval.RelevanceEvaluator(judged, MEASURES).evaluate(run)

        def mean(measure: str, found: dict[str, dict[str, float]] = found) -> float:
            return float(np.mean([one[measure] for one in found.values()]))

        for k in (5, 10):
            ours = metrics.precision_at_k(labels, scores, k, groups=groups)
            assert ours == pytest.approx(mean(f"P_{k}"), abs=1e-12)
            gain = metrics.ndcg_at_k(labels, scores, k, groups=groups)
            assert gain == pytest.approx(mean(f"ndcg_cut_{k}"), abs=1e-12)


def test_ties_are_where_it_differs() -> None:
    # One of two equal rows is relevant: trec_eval answers by their names, 0 or 1.
    for names, theirs in ((("a", "b"), 0.0), (("b", "a"), 1.0)):
        judged = {"u": {names[0]: 1, names[1]: 0}}
        run = {"u": {names[0]: 0.5, names[1]: 0.5}}
        found = pytrec_eval.RelevanceEvaluator(judged, {"P_1"}).evaluate(run)
        assert found["u"]["P_1"] == theirs
    assert metrics.precision_at_k([1, 0], [0.5, 0.5], 1) == 0.5
