"""Matching inside Ray Data: ``map_batches`` hands batches of people to ``match_batch``.

    python examples/batch_match_ray.py --users 100000

It makes people up, writes them as Parquet, matches them in a local cluster, and compares what the
cluster has written with the answer of one process, byte by byte. In: nothing but the options. Out:
three lines of figures; an assertion fails where a byte differs.

What carries over to a cluster of any size: the catalogue is put into the object store once; each
actor compiles it once and has one core and one thread.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import people_table
import pyarrow as pa

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
HERE = str(Path(__file__).resolve().parent)


class Matcher:
    """An actor: it compiles the catalogue once, and matches batch after batch."""

    def __init__(self, text: bytes) -> None:
        import payme

        self._catalog = payme.Catalog.from_json(text)

    def __call__(self, people: pa.Table) -> pa.Table:
        """The matches of some people."""
        return people_table.match(self._catalog, people)


def run(text: bytes, people: Path, found: Path, cores: int) -> None:
    """Matches the people of a folder, and writes what they match to another."""
    import ray

    environment = {"env_vars": {"RAYON_NUM_THREADS": "1", "PYTHONPATH": HERE}}
    ray.init(
        num_cpus=cores,
        include_dashboard=False,
        logging_level=logging.ERROR,
        log_to_driver=False,
        runtime_env=environment,
    )
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    try:
        # One core reads and writes while the others match.
        actors = max(1, cores - 1)
        rows = ray.data.read_parquet(str(people)).map_batches(
            Matcher,
            fn_constructor_args=(text,),
            batch_format="pyarrow",
            batch_size=10_000,
            concurrency=actors,
            num_cpus=1,
        )
        rows.write_parquet(str(found))
    finally:
        ray.shutdown()


if __name__ == "__main__":
    people_table.run_example("Ray", __doc__, run)
