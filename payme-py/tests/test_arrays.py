"""Whatever NumPy makes an array of is read right, and where it lies if it can be."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import payme
import polars as pl
import pyarrow as pa
import pytest
from payme import metrics
from payme._arrays import floats, labels

STREAM = np.random.default_rng(3)
Y = STREAM.integers(0, 2, 101)
P = STREAM.random(101)
EXPECTED = metrics.report(Y, P)


@pytest.mark.parametrize(
    "dtype",
    ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g", ">i4", ">f8", "O"],
)
def test_labels_of_any_type_are_taken(dtype: str) -> None:
    assert metrics.report(Y.astype(dtype), P) == EXPECTED


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", ">f4", ">f8", "O"])
def test_scores_of_any_type_are_those_of_their_doubles(dtype: str) -> None:
    scores = P.astype(dtype)
    assert metrics.report(Y, scores) == metrics.report(Y, scores.astype(np.float64))


def test_any_layout_is_read_right(tmp_path: Path) -> None:
    padded = np.zeros((101, 3))
    padded[:, 1] = P
    unaligned = np.frombuffer(b"x" + P.tobytes(), np.uint8)[1:].view(np.float64)
    frozen = P.copy()
    frozen.flags.writeable = False
    np.save(tmp_path / "p.npy", P)
    mapped = np.load(tmp_path / "p.npy", mmap_mode="r")
    backward = P[::-1].copy()[::-1]
    for scores in (
        padded[:, 1],
        padded[:, 1:2],
        unaligned,
        frozen,
        mapped,
        backward,
        P.tolist(),
        tuple(P),
    ):
        assert metrics.report(Y, scores) == EXPECTED
    wide = np.zeros((101, 2), dtype=bool)
    wide[:, 0] = Y
    assert metrics.report(wide[:, 0], P) == EXPECTED


@pytest.mark.parametrize(
    "column", [pd.Series, pl.Series, pa.array, lambda v: pa.chunked_array([v[:7], v[7:]])]
)
def test_columns_of_other_libraries_are_taken(column: Any) -> None:
    assert metrics.report(column(Y), column(P)) == EXPECTED


def test_nullable_columns_without_a_null_are_taken() -> None:
    assert metrics.report(pd.Series(Y, dtype="Int64"), pd.Series(P, dtype="Float64")) == EXPECTED
    assert (
        metrics.report(
            pd.Series(Y.astype(bool), dtype="boolean"), pd.Series(P, dtype="double[pyarrow]")
        )
        == EXPECTED
    )
    assert metrics.report(np.ma.masked_array(Y, mask=False), np.ma.masked_array(P)) == EXPECTED


@pytest.mark.parametrize(
    ("where", "missing"),
    [
        (
            "y_true[2]",
            lambda: metrics.ece(np.ma.masked_array([0, 1, 1], mask=[0, 0, 1]), [0.1, 0.2, 0.3]),
        ),
        (
            "y_prob[1]",
            lambda: metrics.ece([0, 1, 1], np.ma.masked_array([0.1, 0.2, 0.3], mask=[0, 1, 1])),
        ),
        ("y_true[1]", lambda: metrics.ece(pd.Series([0, None, 1], dtype="Int64"), [0.1, 0.2, 0.3])),
        (
            "y_true[1]",
            lambda: metrics.ece(pd.Series([True, None, False], dtype="boolean"), [0.1, 0.2, 0.3]),
        ),
        ("y_prob[0]", lambda: metrics.ece([0, 1, 1], pd.Series([None, 0.2, 0.3], dtype="Float64"))),
        (
            "y_prob[0]",
            lambda: metrics.ece([0, 1, 1], pd.Series([None, 0.2, 0.3], dtype="double[pyarrow]")),
        ),
        ("sample_weight[1]", lambda: metrics.ece([0, 1], [0.1, 0.2], sample_weight=[1, None])),
        ("y_true[1]", lambda: metrics.ece([0, None, 1], [0.1, 0.2, 0.3])),
        ("y_true[1]", lambda: metrics.ece(pa.array([0, None, 1]), [0.1, 0.2, 0.3])),
        ("y_true[2]", lambda: metrics.ece(pl.Series([True, False, None]), [0.1, 0.2, 0.3])),
        ("y_prob[1]", lambda: metrics.ece([0, 1], pa.chunked_array([[0.1], [None]]))),
        ("y_prob[0]", lambda: metrics.ece([0, 1], pl.Series([None, 0.5]))),
    ],
)
def test_a_missing_value_is_told_with_what_and_where(where: str, missing: Any) -> None:
    with pytest.raises(payme.MissingValueError, match="counted from 0") as error:
        missing()
    assert str(error.value).startswith(where), str(error.value)
    assert error.value.code == "value_missing"
    assert isinstance(error.value, ValueError)


def test_contiguous_doubles_and_bytes_are_not_copied() -> None:
    assert np.shares_memory(floats(P, "y_prob"), P)
    for kind in ("?", "i1", "u1", "i4", "i8", "f4", "f8"):
        given = Y.astype(kind)
        assert np.shares_memory(labels(given), given), kind
    series = pd.Series(P)
    assert np.shares_memory(floats(series, "y_prob"), series.to_numpy())


def test_the_interpreter_is_free_while_a_measure_works() -> None:
    y, p = np.tile(Y, 20_000), np.tile(P, 20_000)
    worker = threading.Thread(target=lambda: metrics.report(y, p))
    ticks = 0
    worker.start()
    while worker.is_alive():
        ticks += 1
        time.sleep(0)
    assert ticks > 100
