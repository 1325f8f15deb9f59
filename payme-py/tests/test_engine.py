"""The engine: held against the command over the same database, byte for byte."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from pathlib import Path
from typing import Any

import payme
import pytest
from payme import Engine
from payme._settings import settings

People = list[dict[str, Any]]
NOW = "2026-02-01T00:00:00Z"
NOBODY = "00000000-0000-4000-8000-00000000ffff"


def lines(people: People) -> str:
    return "".join(json.dumps(person) + "\n" for person in people)


@pytest.fixture
def database(
    tmp_path: Path, settlements_path: Path, people: People, command: Path
) -> dict[str, Any]:
    """One database filled by the engine, and the same filled by the command."""
    features = tmp_path / "features.jsonl"
    features.write_text(lines(people))
    ours, theirs = tmp_path / "ours.db", tmp_path / "theirs.db"

    def ask(*line: Any) -> bytes:
        asked = [command, "--db", theirs, "--now", NOW, "--format", "jsonl", "--quiet", *line]
        return subprocess.run(asked, capture_output=True, check=True).stdout

    with Engine(ours, now=NOW) as engine:
        for kind, path in (("settlements", settlements_path), ("features", features)):
            report = json.loads(ask("import", kind, path))
            assert report.pop("file") == str(path)
            assert getattr(engine, f"import_{kind}")(path) == report
            assert report["added"] > 0
    return {"ours": ours, "theirs": theirs, "ask": ask, "features": features}


def without_drawn(text: bytes | str) -> bytes:
    """JSON without the ids that are drawn."""
    text = text.encode() if isinstance(text, str) else text
    return re.sub(rb'("(?:run_id|batch_id)":)"[0-9a-f-]{36}"', rb"\\1null", text.strip())


def wanted(**changed: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "variant": None,
        "top": 20,
        "signals": None,
        "weights": None,
        "now": NOW,
        "near_misses": False,
        "include_closed": False,
        "experiment_key": "matching_v1",
    }
    return settings(**{**plain, **changed})


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        ({}, []),
        ({"signals": "baseline", "top": 3}, ["--signals", "baseline", "--top", "3"]),
        ({"near_misses": True, "include_closed": True}, ["--near-misses", "--include-closed"]),
        ({"variant": "rules_only"}, ["--variant", "rules_only"]),
    ],
)
def test_every_answer_is_that_of_the_command_byte_for_byte(
    database: dict[str, Any], people: People, options: dict[str, Any], flags: list[str]
) -> None:
    ask = database["ask"]
    limits = ["--limit" if flag == "--top" else flag for flag in flags]
    explained = {name: value for name, value in options.items() if name in ("signals",)}
    told = flags[:2] if explained else []
    with Engine(database["ours"], now=NOW) as engine:
        native = engine._native
        seen = []
        for person in people[:8]:
            user = person["user_id"]
            text = native.match_user(user, wanted(**options))
            assert without_drawn(text) == without_drawn(ask("match", "--user", user, *flags))
            again = engine.match(user, **options)
            assert without_drawn(json.dumps(again)) != without_drawn("{}")
            assert {**again, "run_id": None} == {**json.loads(text), "run_id": None}
            seen += [(user, result["settlement_id"]) for result in again["results"][:2]]
        assert seen
        for user, settlement in seen[:6]:
            text = native.reverse(settlement, wanted(**options))
            assert text.encode() == ask("reverse", settlement, *limits).strip()
            names = {"limit" if name == "top" else name: v for name, v in options.items()}
            assert engine.reverse(settlement, **names) == json.loads(text)
            text = native.explain(user, settlement, wanted(**explained))
            asked = ask("explain", "--user", user, settlement, *told)
            assert without_drawn(text) == without_drawn(asked)
            assert engine.explain(user, settlement, **explained) == json.loads(text)
        whole = {name: value for name, value in options.items() if name != "near_misses"}
        all_flags = [flag for flag in flags if flag != "--near-misses"]
        steps: list[tuple[int, int]] = []
        report = engine.match_all(**whole, progress=lambda *at: steps.append(at))
        asked = json.loads(ask("match", "--all", *all_flags))
        assert {**report, "batch_id": None} == {**asked, "batch_id": None}
        assert steps[-1] == (len(people), len(people))


def test_the_command_reads_what_the_engine_has_written(
    database: dict[str, Any], people: People, command: Path
) -> None:
    user = people[0]["user_id"]
    with Engine(f"sqlite://{database['ours']}", now=NOW) as engine:
        run = engine.match(user, include_closed=True)
        expected = engine.explain(user, run["results"][0]["settlement_id"], include_closed=True)
        assert expected["run_id"] == run["run_id"]
    line = [command, "--db", database["ours"], "--now", NOW, "--format", "json", "explain"]
    line += ["--user", user, run["results"][0]["settlement_id"], "--include-closed"]
    asked = subprocess.run(line, capture_output=True, check=True).stdout
    assert json.loads(asked) == expected


def test_settlements_that_were_just_announced_are_not_stored(
    settlements_path: Path, people: People
) -> None:
    rows = json.loads(settlements_path.read_text())
    with Engine("sqlite::memory:", now=NOW) as engine:
        engine.import_features(people)
        announced = engine.reverse_announced(rows[:5], include_closed=True)
        engine.import_settlements(rows[:5])
        stored = [engine.reverse(one["settlement_id"], include_closed=True) for one in announced]
        assert announced == stored
        assert len(stored) == 5
        with pytest.raises(payme.CatalogError):
            engine.reverse_announced([{"title": ""}])


def test_a_seed_draws_the_same_ids_and_none_other_ones(people: People) -> None:
    def runs(**seed: Any) -> list[str]:
        with Engine("sqlite::memory:", now=NOW, **seed) as engine:
            engine.import_features(people[:3])
            return [engine.match(person["user_id"])["run_id"] for person in people[:3]]

    first = runs(seed=7)
    assert first == runs(seed=7)
    assert len({*first, *runs(seed=1000), *runs(), *runs()}) == 12


def test_times_are_those_of_the_call_of_the_engine_or_of_the_clock(people: People) -> None:
    user = people[0]["user_id"]
    with Engine("sqlite::memory:", now=NOW) as engine:
        engine.import_features(people[:1])
        assert engine.match(user)["started"] == NOW
        later = "2027-03-01T01:00:00+01:00"
        assert engine.match(user, now=later)["started"] == "2027-03-01T00:00:00Z"
    with Engine("sqlite::memory:") as engine:
        engine.import_features(people[:1])
        assert engine.match(user)["started"] > NOW


def test_wrong_rows_are_told_and_may_be_passed_over(people: People) -> None:
    wrong = {**people[1], "state": "Cal"}
    with Engine("sqlite::memory:") as engine:
        for source in ([people[0], wrong], lines([people[0], wrong]).encode()):
            with pytest.raises(payme.RowsError) as error:
                engine.import_features(source)
            assert error.value.code == "unknown_state"
            assert [row.line for row in error.value.refused] == [2]
        report = engine.import_features([people[0], wrong], keep_going=True)
        assert (report["added"], len(report["refused"])) == (1, 1)
        assert report["refused"][0]["code"] == "unknown_state"
        with pytest.raises(payme.CatalogError) as refused:
            engine.import_settlements('[{"title": ""}]')
        assert refused.value.refused
        with pytest.raises(payme.InputError):
            engine.import_settlements("[")
        with pytest.raises(payme.InputTypeError):
            engine.import_settlements({"title": "one"})
        with pytest.raises(FileNotFoundError):
            engine.import_features("not-there.jsonl")


def test_what_is_not_there_and_what_cannot_be_opened_is_told(
    tmp_path: Path, people: People, settlements_path: Path
) -> None:
    engine = Engine("sqlite::memory:")
    engine.import_features(people[:1])
    user = people[0]["user_id"]
    with pytest.raises(payme.UnknownUserError) as unknown:
        engine.match(NOBODY)
    assert unknown.value.code == "unknown_user"
    assert isinstance(unknown.value, KeyError)
    for call in (lambda: engine.reverse(NOBODY), lambda: engine.explain(user, NOBODY)):
        with pytest.raises(payme.UnknownSettlementError):
            call()
    with pytest.raises(payme.InputError) as wrong:
        engine.match("ada")
    assert wrong.value.code == "invalid_id"
    with pytest.raises(payme.InputError) as option:
        engine.match(user, variant="best")
    assert option.value.code == "unknown_option"
    assert repr(engine) == "<Engine: open>"
    engine.close()
    engine.close()
    assert repr(engine) == "<Engine: closed>"
    for closed in (
        lambda: engine.match(user),
        lambda: engine.import_features([]),
        lambda: engine.match_all(),
    ):
        with pytest.raises(payme.DatabaseError) as error:
            closed()
        assert error.value.code == "engine_closed"
    for url in (str(tmp_path), f"sqlite://{tmp_path}/no/such/folder/a.db"):
        with pytest.raises(payme.DatabaseError) as error:
            Engine(url)
        assert error.value.code == "store_open"
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"this is no database, and it is long enough to be looked at" * 40)
    with pytest.raises(payme.DatabaseError):
        Engine(damaged)


class EnoughError(Exception):
    pass


def test_a_run_that_is_stopped_is_taken_up_where_it_was(tmp_path: Path) -> None:
    def person(number: int) -> dict[str, Any]:
        return {"user_id": f"00000000-0000-4000-8000-{number:012}", "features": []}

    def stop(done: int, total: int) -> None:
        assert total == 700
        raise EnoughError(done)

    with Engine(tmp_path / "a.db", now=NOW) as engine:
        engine.import_features(person(number) for number in range(700))
        with pytest.raises(EnoughError) as stopped:
            engine.match_all(progress=stop)
        done = stopped.value.args[0]
        assert 0 < done < 700
        report = engine.match_all()
        assert done <= report["resumed_after"] < 700
        assert report["done"] == 700
        assert engine.match_all(restart=True)["resumed_after"] == 0


def test_threads_share_an_engine(people: People, settlements_path: Path) -> None:
    with Engine("sqlite::memory:", now=NOW) as engine:
        engine.import_settlements(settlements_path)
        engine.import_features(people[:40])
        found: dict[str, Any] = {}

        def ask(own: People) -> None:
            for person in own:
                found[person["user_id"]] = engine.match(person["user_id"], variant="rules_only")

        threads = [threading.Thread(target=ask, args=(people[at:40:4],)) for at in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 40
        for user, run in found.items():
            alone = engine.match(user, variant="rules_only")
            assert alone["results"] == run["results"]
