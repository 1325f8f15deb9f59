"""Trains the ranker on an export, and exits by the verdict.

    payme learn export --out samples.json
    python examples/train_ranker.py samples.json --artifacts payme-weights

It reads the JSON of ``payme learn export``, or its Parquet file where pyarrow is installed, holds
people out, fits and calibrates weights, judges them beside those in force, and puts them in force
if they are better. The exit code is 0 if they are, 3 if they are not, and 2 if nothing could be
learnt.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import payme

MEASURES = [
    "precision_at_5",
    "precision_at_10",
    "ndcg_at_10",
    "auc",
    "average_precision",
    "brier",
    "log_loss",
    "ece",
]


def rows_of(path: Path) -> Any:
    """What training reads of a file."""
    if path.suffix.lower() != ".parquet":
        return path
    import pyarrow.parquet as parquet

    return parquet.read_table(path)


def number(value: float | None, form: str = ".4f") -> str:
    """A measure as text."""
    return "-" if value is None else format(value, form)


def told(result: dict[str, Any]) -> str:
    """What came of it: a table of measures, every check, and the verdict."""
    new, old = result["new_metrics"], result["previous_metrics"]
    training = new["training"]
    lines = [
        f"version {result['weights_version']} against version {old['weights_version']}, on "
        f"{new['test_rows']} rows of {new['test_users']} people who were held out",
        f"learnt from {training['train_rows']} rows of {training['train_users']} people in "
        f"{training['iterations']} steps",
        "",
        f"{'':<20}{'new':>10}{'in force':>10}{'difference':>12}",
    ]
    for name in MEASURES:
        ours, theirs = new[name], old[name]
        difference = None if ours is None or theirs is None else ours - theirs
        lines.append(
            f"{name.replace('_', ' '):<20}{number(ours):>10}{number(theirs):>10}"
            f"{number(difference, '+.4f'):>12}"
        )
    lines.append("")
    for check in new["verdict"]["checks"]:
        lines.append(f"{'yes' if check['is_met'] else 'no ':<4}{check['text']}")
    lines += ["", "promoted" if result["promoted"] else "not promoted"]
    return "\n".join(lines)


def main() -> int:
    """Train, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="Train the ranker on an export.")
    parser.add_argument("samples", type=Path, help="the file of `payme learn export`")
    parser.add_argument("--artifacts", type=Path, default=Path("payme-weights"))
    parser.add_argument("--calibration", default="temperature")
    parser.add_argument("--holdout", default="users", choices=["users", "time"])
    parser.add_argument("--policy", default="guarded", choices=["guarded", "strict"])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        result = payme.train_ranker(
            rows_of(options.samples),
            options.artifacts,
            calibration=options.calibration,
            holdout=options.holdout,
            policy=options.policy,
            seed=options.seed,
        )
    except (payme.PaymeError, OSError) as error:
        print(f"{options.samples}: {error}", file=sys.stderr)
        return 2
    print(told(result))
    return 0 if result["promoted"] else 3


if __name__ == "__main__":
    sys.exit(main())
