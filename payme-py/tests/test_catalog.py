"""Matching: the command as oracle, and the libraries of data frames that tables come from."""

from __future__ import annotations

import datetime
import json
import pickle
import subprocess
import uuid
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import payme
import polars as pl
import pyarrow as pa
import pytest
from payme import Catalog

People = list[dict[str, Any]]
NOW = "2026-02-01T00:00:00Z"
VARIANTS = ["rules_only", "rules_vector", "rules_vector_ranker", None]


def table_of(people: People) -> pa.Table:
    def each(name: str) -> list[Any]:
        return [[feature[name] for feature in person["features"]] for person in people]

    return pa.table(
        {
            "user_id": [person["user_id"] for person in people],
            "state": pa.array([person.get("state") for person in people], pa.string()),
            "date_of_birth": pa.array(
                [person.get("date_of_birth") for person in people], pa.string()
            ),
            "keys": pa.array(each("key"), pa.list_(pa.string())),
            "confidences": pa.array(each("confidence"), pa.list_(pa.float64())),
            "counts": pa.array(each("count"), pa.list_(pa.int64())),
            "sources": pa.array(each("source"), pa.list_(pa.string())),
            "first_seen": pa.array(each("first_seen"), pa.list_(pa.string())),
            "last_seen": pa.array(each("last_seen"), pa.list_(pa.string())),
        }
    )


def rows_of(outcomes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the outcomes of one person after the other are as rows of a table."""
    return [
        {
            "user_id": outcome["user_id"],
            "settlement_id": result["settlement_id"],
            "rank": rank,
            "score": result["score"],
            **result["signals"],
        }
        for outcome in outcomes
        for rank, result in enumerate(outcome["results"], 1)
    ]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("signals", ["baseline", "evidence", None])
def test_the_answers_are_those_of_the_command(
    command: Path,
    catalog: Catalog,
    people: People,
    settlements_path: Path,
    tmp_path: Path,
    variant: str | None,
    signals: str | None,
) -> None:
    features = tmp_path / "features.jsonl"
    features.write_text("".join(json.dumps(person) + "\n" for person in people))
    line = [
        command,
        "match",
        "--settlements",
        settlements_path,
        "--features",
        features,
        "--now",
        NOW,
        "--format",
        "json",
        "--top",
        "5",
        "--near-misses",
        "--include-closed",
    ]
    line += ["--variant", variant] if variant else []
    line += ["--signals", signals] if signals else []
    done = subprocess.run([str(word) for word in line], check=True, capture_output=True)
    expected = json.loads(done.stdout)
    options: dict[str, Any] = {
        "variant": variant,
        "signals": signals,
        "now": NOW,
        "top": 5,
        "include_closed": True,
    }
    found = [catalog.match(person, near_misses=True, **options) for person in people]
    assert found == expected
    assert catalog.match_batch(table_of(people), **options).to_pyarrow().to_pylist() == rows_of(
        expected
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_table_is_matched_as_its_people_one_by_one(
    catalog: Catalog, people: People, variant: str | None
) -> None:
    outcomes = [
        catalog.match(person, variant=variant, now=NOW, include_closed=True) for person in people
    ]
    expected = rows_of(outcomes)
    assert len(expected) > 100
    found = catalog.match_batch(table_of(people), variant=variant, now=NOW, include_closed=True)
    assert found.to_pyarrow().to_pylist() == expected
    assert len(found) == len(expected)
    signals = [
        "rules_confidence",
        "similarity",
        "recency",
        "frequency",
        "class_period",
        "payout",
        "urgency",
        "ease",
    ]
    assert found.column_names == ["user_id", "settlement_id", "rank", "score", *signals]


def test_tables_of_any_library_go_in_and_out(catalog: Catalog, people: People) -> None:
    table = table_of(people)
    options: dict[str, Any] = {"variant": "rules_vector_ranker", "now": NOW, "include_closed": True}
    expected = catalog.match_batch(table, **options).to_pyarrow()
    days = pa.list_(pa.date32())
    typed = table.set_column(8, "last_seen", table["last_seen"].cast(days)).set_column(
        7, "first_seen", table["first_seen"].cast(days)
    )
    typed = typed.set_column(2, "date_of_birth", table["date_of_birth"].cast(pa.date32()))
    encoded = table.set_column(1, "state", table["state"].dictionary_encode())
    large = table.cast(
        pa.schema(
            [
                (f.name, pa.large_list(pa.large_string()) if f.name == "keys" else f.type)
                for f in table.schema
            ]
        )
    )
    chunked = pa.concat_tables([table[:3], table[3:3], table[3:90], table[90:]])
    relation = duckdb.connect().from_arrow(table)
    raw = pa.array([uuid.UUID(person["user_id"]).bytes for person in people], pa.binary(16))
    for given in (
        table.set_column(0, "user_id", raw),
        typed,
        encoded,
        large,
        chunked,
        table.combine_chunks().to_batches()[0],
        table.to_reader(),
        pl.DataFrame(table),
        pl.DataFrame(table).with_columns(pl.col("state").cast(pl.Categorical)),
        table.to_pandas(),
        relation,
    ):
        assert catalog.match_batch(given, **options).to_pyarrow() == expected, type(given)
    found = catalog.match_batch(table, **options)
    assert pl.DataFrame(found).to_dicts() == expected.to_pylist()
    assert duckdb.connect().from_arrow(found).fetchall() == [
        tuple(row.values()) for row in expected.to_pylist()
    ]
    assert pd.DataFrame.from_arrow(found).to_dict("records") == expected.to_pylist()
    assert pa.schema(found) == expected.schema


def test_what_is_absent_or_null_is_not_known(catalog: Catalog, people: People) -> None:
    short = [
        {"user_id": p["user_id"], "features": [{**f, "source": "plaid"} for f in p["features"]]}
        for p in people
    ]
    for person in short:
        for feature in person["features"]:
            del feature["first_seen"], feature["last_seen"], feature["count"]
    options: dict[str, Any] = {"variant": "rules_only", "now": NOW, "include_closed": True}
    expected = rows_of([catalog.match(person, **options) for person in short])
    columns = table_of(people).select(["user_id", "keys", "confidences"])
    assert catalog.match_batch(columns, **options).to_pyarrow().to_pylist() == expected
    nulls = columns.append_column("state", pa.nulls(len(people))).append_column(
        "counts", pa.nulls(len(people), pa.list_(pa.int8()))
    )
    assert catalog.match_batch(nulls, **options).to_pyarrow().to_pylist() == expected
    empty = catalog.match_batch(columns[:0], **options)
    assert len(empty) == 0
    assert empty.to_pyarrow().num_columns == 12


ID = "00000000-0000-4000-8000-000000000001"


def one(**columns: Any) -> pa.Table:
    given = {"user_id": [ID], "keys": [["merchant:a"]], "confidences": [[0.5]], **columns}
    return pa.table({name: values for name, values in given.items() if values is not None})


@pytest.mark.parametrize(
    ("code", "index", "table"),
    [
        ("column_missing", None, one(user_id=None)),
        ("column_missing", None, one(keys=None)),
        ("column_missing", None, one(confidences=None)),
        ("unknown_column", None, one(State=["CA"])),
        ("column_type", None, one(keys=["merchant:a"], confidences=[{"a": 1}])),
        ("invalid_id", 0, one(user_id=["7"])),
        ("value_missing", 0, one(user_id=pa.array([None], pa.string()))),
        ("value_missing", 0, one(keys=pa.array([[None]], pa.list_(pa.string())))),
        ("value_missing", 0, one(confidences=pa.array([[None]], pa.list_(pa.float64())))),
        ("value_missing", 0, one(confidences=pa.array([None], pa.list_(pa.float64())))),
        ("list_length", 0, one(confidences=[[0.5, 0.5]])),
        ("list_length", 0, one(counts=[[]])),
        ("invalid_confidence", 0, one(confidences=[[1.5]])),
        ("invalid_confidence", 0, one(confidences=[[float("nan")]])),
        ("feature_key_kind", 0, one(keys=[["a"]])),
        (
            "duplicate_feature",
            0,
            one(keys=[["merchant:a", "merchant:a"]], confidences=[[1.0, 1.0]]),
        ),
        ("unknown_state", 0, one(state=["Cal"])),
        ("unknown_source", 0, one(sources=[["bank"]])),
        ("out_of_range", 0, one(counts=[[0]])),
        ("out_of_range", 0, one(counts=[[2**32]])),
        ("invalid_date", 0, one(first_seen=[["2024-13-01"]])),
        ("invalid_date", 0, one(date_of_birth=["yesterday"])),
        ("reversed_range", 0, one(first_seen=[["2024-02-01"]], last_seen=[["2024-01-01"]])),
        ("duplicate_user", 1, pa.concat_tables([one(), one()])),
    ],
)
def test_what_is_wrong_in_a_table_is_told_with_its_row(
    catalog: Catalog, code: str, index: int | None, table: Any
) -> None:
    with pytest.raises(payme.InputError) as error:
        catalog.match_batch(table, variant="rules_only", now=NOW)
    assert (error.value.code, error.value.index) == (code, index), str(error.value)


PERSON = {"user_id": ID, "features": []}


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("unknown_option", lambda c: c.match(PERSON, variant="best")),
        ("unknown_option", lambda c: c.match(PERSON, signals="all")),
        ("option_type", lambda c: c.match(PERSON, variant=3)),
        ("option_type", lambda c: c.match(PERSON, top=2.5)),
        ("out_of_range", lambda c: c.match(PERSON, top=-1)),
        ("invalid_instant", lambda c: c.match(PERSON, now=datetime.datetime(2026, 1, 1))),
        ("invalid_experiment_key", lambda c: c.match(PERSON, experiment_key="")),
        (
            "usage",
            lambda c: c.match(
                PERSON,
                signals="evidence",
                weights={
                    "rules_confidence": 1,
                    "similarity": 0,
                    "payout": 0,
                    "urgency": 0,
                    "ease": 0,
                    "_version": 1,
                },
            ),
        ),
        ("missing_field", lambda c: c.match(PERSON, weights={"_version": 1})),
        ("malformed_json", lambda c: c.match(PERSON, weights={"rules_confidence": float("nan")})),
        ("missing_field", lambda c: c.match({"user_id": ID})),
        ("unknown_field", lambda c: c.match({**PERSON, "name": "Ada"})),
        ("malformed_json", lambda c: c.match("{")),
        ("malformed_json", lambda c: c.match({"user_id": b"x"})),
        ("no_arrow", lambda c: c.match_batch([PERSON])),
    ],
)
def test_what_cannot_be_asked_is_told_with_its_code(catalog: Catalog, code: str, call: Any) -> None:
    with pytest.raises(payme.InputError) as error:
        call(catalog)
    assert error.value.code == code, str(error.value)


def test_a_catalogue_is_read_from_paths_and_text(
    settlements_path: Path, catalog: Catalog, tmp_path: Path
) -> None:
    text = settlements_path.read_text()
    for source in (settlements_path, str(settlements_path), text, "\ufeff\n" + text, text.encode()):
        assert list(Catalog.from_json(source)) == list(catalog)
    assert len(catalog) == len(json.loads(text)) == len(list(catalog))
    first = next(iter(catalog))
    assert first in catalog
    assert catalog[first]["id"] == first
    assert "x" not in catalog
    with pytest.raises(payme.UnknownSettlementError) as error:
        catalog["x"]
    assert isinstance(error.value, KeyError)
    assert error.value.code == "unknown_settlement"
    copied = pickle.loads(pickle.dumps(catalog))
    assert [copied[at] for at in copied] == [catalog[at] for at in catalog]
    with pytest.raises(FileNotFoundError):
        Catalog.from_json(tmp_path / "not-there.json")


def test_wrong_rows_are_told_and_may_be_passed_over() -> None:
    good = {"title": "Good", "eligibility": {"required_features": [], "states": []}}
    text = json.dumps([good, {**good, "title": "Bad", "payout_min_cents": -1}])
    with pytest.raises(payme.CatalogError) as error:
        Catalog.from_json(text)
    assert error.value.code == "negative_payout"
    assert [(row.line, row.path) for row in error.value.refused] == [(1, "$[1].payout_min_cents")]
    kept = Catalog.from_json(text, keep_going=True)
    assert len(kept) == 1
    assert kept.refused == error.value.refused
    for wrong in ("{}", "[", b"\xff"):
        with pytest.raises(payme.InputError):
            Catalog.from_json(wrong)


def test_weights_and_times_are_taken_in_any_form(
    catalog: Catalog, people: People, tmp_path: Path
) -> None:
    weights = {
        "rules_confidence": 0,
        "similarity": 0,
        "payout": 1,
        "urgency": 0,
        "ease": 0,
        "_version": 3,
    }
    path = tmp_path / "weights.json"
    path.write_text(json.dumps(weights))
    zone = datetime.timezone(datetime.timedelta(hours=2))
    instant = datetime.datetime(2026, 2, 1, 2, tzinfo=zone)
    asked = [
        catalog.match(
            people[0], variant="rules_vector_ranker", weights=given, now=now, include_closed=True
        )
        for given in (weights, path, str(path), json.dumps(weights))
        for now in (NOW, instant)
    ]
    assert all(outcome == asked[0] for outcome in asked)
    assert all(result["score"] == result["signals"]["payout"] for result in asked[0]["results"])
