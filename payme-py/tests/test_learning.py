"""Training the ranker from Python: the same as the command, and nothing silent."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import payme
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "train_ranker.py"


def rows(people: int, seed: int = 1) -> list[dict[str, Any]]:
    """So many people with ten results each, of which the easy ones are paid."""
    draw = random.Random(seed)
    made = []
    for user in range(people):
        for place in range(10):
            rules, ease = draw.random(), draw.random()
            paid = draw.random() < 1 / (1 + math.exp(2 - 5 * ease))
            made.append(
                {
                    "user_id": f"00000000-0000-4000-8000-{user:012}",
                    "settlement_id": f"00000000-0000-4000-9000-{place:012}",
                    "run_id": f"00000000-0000-4000-a000-{user:012}",
                    "at": f"2026-01-{1 + user % 28:02}T00:00:00Z",
                    "variant": "rules_vector_ranker",
                    "position": place + 1,
                    "propensity": 1 / 3,
                    "rules_confidence": rules,
                    "ease": ease,
                    "label": int(paid),
                    "outcome": "paid_out" if paid else "not_paid_out",
                }
            )
    return made


def test_better_weights_come_into_force_and_equal_ones_do_not(tmp_path: Path) -> None:
    first = payme.train_ranker(rows(300), tmp_path)
    assert (first["promoted"], first["weights_version"]) == (True, 1)
    new, old = first["new_metrics"], first["previous_metrics"]
    assert new["precision_at_5"] > old["precision_at_5"] + 0.1
    assert (new["weights_version"], old["weights_version"]) == (1, 0)
    weights = json.loads((tmp_path / "weights.json").read_text())
    assert weights["_version"] == 1
    assert weights["_link"] == "logit"
    kept = json.loads((tmp_path / "metrics.json").read_text())
    assert kept == new
    for policy in ("strict", "guarded"):
        again = payme.train_ranker(rows(300), tmp_path, policy=policy)
        assert not again["promoted"]
        assert again["previous_metrics"]["weights_version"] == 1
    assert json.loads((tmp_path / "weights.json").read_text())["_version"] == 1


def test_every_form_of_the_rows_is_the_same(tmp_path: Path) -> None:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    made = rows(60)
    made[3] = {**made[3], "label": None, "outcome": "pending"}
    del made[5]["ease"]
    text = json.dumps(made)
    path = tmp_path / "samples.json"
    path.write_text(text)
    table = pa.Table.from_pylist(made)
    forms = [made, iter(made), text, text.encode(), path, str(path), table, pl.from_arrow(table)]
    forms.append(pd.DataFrame(made))
    answers = [payme.train_ranker(form, tmp_path / f"w{at}") for at, form in enumerate(forms)]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["new_metrics"]["labeled_count"] == 599


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"signals": "all"}, "unknown_option"),
        ({"C": 0.0}, "out_of_range"),
        ({"C": float("nan")}, "out_of_range"),
        ({"l1": float("inf")}, "out_of_range"),
        ({"l1": -1.0}, "train_option"),
        ({"calibration": "best"}, "unknown_option"),
        ({"holdout": "chance"}, "unknown_option"),
        ({"policy": "lax"}, "unknown_option"),
        ({"class_weight": "fair"}, "unknown_option"),
        ({"test_share": 1.0}, "split_share_out_of_range"),
        ({"error_rate": 0.0}, "error_rate_out_of_range"),
    ],
)
def test_options_that_make_no_sense(tmp_path: Path, options: dict[str, Any], code: str) -> None:
    with pytest.raises(payme.InputError) as told:
        payme.train_ranker(rows(40), tmp_path, **options)
    assert told.value.code == code
    assert not list(tmp_path.glob("weights*"))


def test_rows_that_cannot_be_learnt_from(tmp_path: Path) -> None:
    with pytest.raises(payme.InputError) as told:
        payme.train_ranker([], tmp_path)
    assert told.value.code == "samples_unlabelled"
    with pytest.raises(payme.SingleClassError):
        one = [{**row, "label": 0, "outcome": "ignored"} for row in rows(40)]
        payme.train_ranker(one, tmp_path)
    twice = rows(2)
    with pytest.raises(payme.RowsError) as wrong:
        payme.train_ranker([*twice, twice[0], {**twice[1], "ease": 2.0}], tmp_path)
    assert [row.code for row in wrong.value.refused] == ["duplicate_sample", "out_of_range"]
    with pytest.raises(payme.InputError):
        payme.train_ranker([1, 2], tmp_path)
    undated = [
        {k: v for k, v in row.items() if k not in ("at", "variant", "position", "propensity")}
        for row in rows(40)
    ]
    with pytest.raises(payme.InputError) as when:
        payme.train_ranker(undated, tmp_path, holdout="time")
    assert (when.value.code, when.value.index) == ("samples_undated", 0)


def test_cells_are_read_as_they_are(tmp_path: Path) -> None:
    import pandas as pd

    for name, value in [("label", 0.9), ("label", "yes"), ("position", 1.5), ("ease", math.inf)]:
        table = pd.DataFrame(rows(40)).astype({name: object})
        table.loc[3, name] = value
        with pytest.raises(payme.InputError) as told:
            payme.train_ranker(table, tmp_path)
        assert "yes" not in str(told.value)
    assert payme.train_ranker(rows(60), tmp_path, seed=2**64 - 1)["weights_version"] == 1


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    with pytest.raises(payme.ArtifactError) as told:
        payme.train_ranker(rows(40), taken)
    assert told.value.code == "artifact_io"
    (tmp_path / "weights.json").write_text('{"rules')
    with pytest.raises(payme.ArtifactError) as broken:
        payme.train_ranker(rows(40), tmp_path)
    assert broken.value.code == "artifact_weights"


def test_the_script_exits_by_the_verdict(tmp_path: Path) -> None:
    path = tmp_path / "samples.json"
    path.write_text(json.dumps(rows(300)))
    run = [sys.executable, str(EXAMPLE), str(path), "--artifacts", str(tmp_path / "w")]
    first = subprocess.run(run, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first
    assert "\npromoted" in first.stdout
    again = subprocess.run(run, capture_output=True, text=True, check=False)
    assert again.returncode == 3
    assert "not promoted" in again.stdout
    path.write_text("[]")
    empty = subprocess.run(run, capture_output=True, text=True, check=False)
    assert empty.returncode == 2
    assert "has a label" in empty.stderr
