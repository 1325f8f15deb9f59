"""What the examples of clusters share: made-up people and settlements, and how answers compare.

In: how many people, and a seed. Out: settlements as text, people as Parquet files in parts, the
answer of one process as a table, and a comparison with what a cluster has written. The same seed
gives the same bytes everywhere.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import random
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import payme
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

# An engine gives every core a worker, so that none of them is to start threads of its own; and one
# process that is compared with them has one thread, too.
os.environ["RAYON_NUM_THREADS"] = "1"

STATES = ["CA", "NY", "TX", "IL", "WA", "FL"]
MERCHANTS = 2_000
FEATURES_EACH = 26
PART_ROWS = 25_000
OPTIONS: dict[str, Any] = {
    "variant": "rules_vector_ranker",
    "top": 20,
    "now": datetime.datetime(2026, 2, 1, tzinfo=datetime.timezone.utc),
}
SIGNALS = [
    "rules_confidence",
    "similarity",
    "recency",
    "frequency",
    "class_period",
    "payout",
    "urgency",
    "ease",
]
# Spark has no integers without a sign: the rank of a row is one that every engine has.
SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("settlement_id", pa.string()),
        ("rank", pa.int32()),
        ("score", pa.float64()),
        *((name, pa.float64()) for name in SIGNALS),
    ]
)


def settlements(count: int, seed: int = 1) -> bytes:
    """Settlements that seek one of 2,000 merchants each, one in five of them two."""
    stream = random.Random(seed)
    rows = []
    for number in range(count):
        sought = stream.sample(range(MERCHANTS), 2 if stream.random() < 0.2 else 1)
        rows.append(
            {
                "id": str(uuid.UUID(int=stream.getrandbits(128), version=4)),
                "title": f"Settlement {number}",
                "summary_text": f"Customers of merchant {sought[0]} were charged a fee.",
                "payout_max_cents": stream.randrange(500, 50_000),
                "deadline": f"2026-{stream.randint(3, 12):02}-{stream.randint(1, 28):02}T00:00:00Z",
                "eligibility": {
                    "required_features": [f"merchant:m{merchant}" for merchant in sought],
                    "states": sorted(stream.sample(STATES, 4)) if stream.random() < 0.2 else [],
                },
            }
        )
    return json.dumps(rows).encode()


def write_people(folder: Path, count: int, seed: int = 2) -> int:
    """People with 26 merchants each, in files of 25,000; gives the bytes of the files."""
    stream = random.Random(seed)
    folder.mkdir(parents=True)
    today = datetime.date(2026, 1, 1)
    days = [today - datetime.timedelta(days=ago) for ago in range(1_000)]
    keys = [f"merchant:m{merchant}" for merchant in range(MERCHANTS)]
    for start in range(0, count, PART_ROWS):
        rows = range(min(PART_ROWS, count - start))
        last = [[stream.randrange(500) for _ in range(FEATURES_EACH)] for _ in rows]
        table = pa.table(
            {
                "user_id": [str(uuid.UUID(int=stream.getrandbits(128), version=4)) for _ in rows],
                "state": [stream.choice(STATES) for _ in rows],
                "keys": [stream.sample(keys, FEATURES_EACH) for _ in rows],
                "confidences": [
                    [stream.randrange(50, 101) / 100 for _ in range(FEATURES_EACH)] for _ in rows
                ],
                "counts": [[stream.randrange(1, 40) for _ in range(FEATURES_EACH)] for _ in rows],
                "first_seen": [
                    [days[ago + stream.randrange(500)] for ago in ages] for ages in last
                ],
                "last_seen": [[days[ago] for ago in ages] for ages in last],
            }
        )
        pq.write_table(table, folder / f"part-{start // PART_ROWS:05}.parquet")
    return size(folder)


def match(catalog: payme.Catalog, people: Any) -> pa.Table:
    """The matches of people, in the types that every engine has."""
    return pa.table(catalog.match_batch(people, **OPTIONS)).cast(SCHEMA)


def alone(catalog: payme.Catalog, people: Path) -> pa.Table:
    """The matches of all people, in this process."""
    return match(catalog, pq.read_table(people))


def in_order(table: pa.Table) -> bytes:
    """A table as the bytes of its rows by user and rank."""
    rows = table.cast(SCHEMA).sort_by([("user_id", "ascending"), ("rank", "ascending")])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as stream:
        stream.write_table(rows.combine_chunks())
    found: bytes = sink.getvalue().to_pybytes()
    return found


def size(folder: Path) -> int:
    """The bytes of the Parquet files in a folder."""
    return sum(path.stat().st_size for path in folder.glob("*.parquet"))


def run_example(name: str, description: str, run: Callable[[bytes, Path, Path, int], None]) -> None:
    """Reads the command line, and compares a cluster with one process.

    ``run`` reads the people from one folder and writes their matches to another, on so many cores.
    """
    options = arguments(description)
    with tempfile.TemporaryDirectory() as folder:
        compare(name, options, Path(folder), partial(run, cores=options.cores))


def arguments(description: str) -> argparse.Namespace:
    """The command line that the examples share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--settlements", type=int, default=10_000)
    parser.add_argument("--cores", type=int, default=2)
    return parser.parse_args()


def compare(
    name: str, options: argparse.Namespace, folder: Path, run: Callable[[bytes, Path, Path], None]
) -> None:
    """Matches made-up people in a cluster and in one process, and compares the bytes.

    ``run`` reads the people from one folder and writes their matches to another.
    """
    text = settlements(options.settlements)
    people, found = folder / "people", folder / "matches"
    bytes_in = write_people(people, options.users)
    start = time.perf_counter()
    run(text, people, found)
    in_cluster = time.perf_counter() - start
    written = pq.read_table(found)
    start = time.perf_counter()
    catalog = payme.Catalog.from_json(text)
    compiled = time.perf_counter() - start
    start = time.perf_counter()
    expected = alone(catalog, people)
    matched = time.perf_counter() - start
    assert in_order(written) == in_order(expected), f"{name} gives other bytes than one process"
    bytes_out = size(found)
    print(
        f"{name}: {written.num_rows:,} rows of {options.users:,} people, the same bytes as in one "
        f"process; {in_cluster:.1f} s on {options.cores} cores with the start of the cluster"
    )
    print(
        f"one process, one thread: {len(text) / 1e6:.1f} MB of {options.settlements:,} settlements "
        f"read and compiled in {compiled:.2f} s, {options.users / matched:,.0f} people a second"
    )
    hours = 1e9 / (options.users / matched) / 3600
    print(
        f"a billion people: {hours:.1f} hours of a core, {hours / 100:.2f} hours of 100 cores; "
        f"{bytes_in / options.users:,.0f} GB in and {bytes_out / options.users:,.0f} GB out as "
        "Parquet"
    )
