"""Matching inside Apache Spark: ``mapInArrow`` hands batches of people to ``match_batch``.

    python examples/batch_match_spark.py --users 100000

It makes people up, writes them as Parquet, matches them in a local cluster, and compares what the
cluster has written with the answer of one process, byte by byte. In: nothing but the options. Out:
three lines of figures; an assertion fails where a byte differs.

What carries over to a cluster of any size: the catalogue goes to the workers once, as a broadcast;
each partition compiles it once; a worker has one thread, because Spark gives every core a worker.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import people_table
import pyarrow as pa

# The workers run the same Python, and find the module beside this file.
os.environ["PYSPARK_PYTHON"] = sys.executable
HERE = str(Path(__file__).resolve().parent)
WORKER = {"RAYON_NUM_THREADS": "1", "PYTHONPATH": HERE}


def run(text: bytes, people: Path, found: Path, cores: int) -> None:
    """Matches the people of a folder, and writes what they match to another."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{cores}]").appName("payme")
    for name, value in WORKER.items():
        builder = builder.config(f"spark.executorEnv.{name}", value)
        # A local cluster takes the environment of this process.
        os.environ[name] = value
    spark = (
        builder.config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "10000")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    settlements = spark.sparkContext.broadcast(text)

    def match(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import payme

        catalog = payme.Catalog.from_json(settlements.value)
        for batch in batches:
            yield from people_table.match(catalog, batch).to_batches()

    columns = {"string": "string", "int32": "int", "double": "double"}
    schema = ", ".join(f"{field.name} {columns[str(field.type)]}" for field in people_table.SCHEMA)
    try:
        rows = spark.read.parquet(str(people)).mapInArrow(match, schema)
        rows.write.parquet(str(found))
    finally:
        spark.stop()


if __name__ == "__main__":
    people_table.run_example("Spark", __doc__, run)
