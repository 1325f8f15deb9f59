"""Names: rapidfuzz, and PostgreSQL with pg_trgm and a GIN index.

Texts come as one column of bytes, a line each. Queries are answered one by one. pg_trgm's answers
are lists of a number and the bits of its similarity in single precision, in turns. It wants the
PostgreSQL of the system (Debian: `postgresql-15`, which has the extension), since the package that
brings pgvector has none; where there is none, `about` says so and nothing can be asked.
"""

import pathlib
import struct
import time

import numpy as np
from psycopg import pq
from rapidfuzz import __version__, fuzz, process

import postgres

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")


def lines(column):
    return column.tobytes().decode().split("\n")


class RapidFuzz:
    """`ratio` gives the `k` best by the scorer of that name, `wratio` the best by WRatio."""

    def __init__(self, columns, options):
        self.names, self.asked = lines(columns["names"]), lines(columns["queries"])
        self.k = options["k"]
        self.queries = {
            "ratio": lambda: self.run(fuzz.ratio, self.k),
            "wratio": lambda: self.run(fuzz.WRatio, 1),
        }
        self.about = f"rapidfuzz {__version__}"

    def run(self, scorer, k):
        found = []
        start = time.perf_counter()
        for query in self.asked:
            found.append(process.extract(query, self.names, scorer=scorer, limit=k))
        seconds = time.perf_counter() - start
        rows = [[number for _, _, number in one] for one in found]
        return seconds / len(self.asked), lambda: {"rows": rows}

    def close(self):
        pass


class Trigrams:
    """`top` gives the `k` most similar above a bound, `build` makes the index anew."""

    def __init__(self, columns, options):
        self.cluster = None
        if not (PROGRAMS / "postgres").exists():
            self.about = {"missing": f"PostgreSQL 15 is not in {PROGRAMS}: pg_trgm did not run"}
            self.queries = {}
            return
        names, self.asked = lines(columns["names"]), lines(columns["queries"])
        self.parameters = [query.encode() for query in self.asked]
        self.cluster = postgres.Cluster(PROGRAMS)
        self.connection = self.cluster.connection
        self.connection.execute("create extension pg_trgm")
        self.connection.execute("create unlogged table names (id int4 not null, name text not null)")
        with self.connection.cursor().copy("copy names from stdin") as copy:
            for number, name in enumerate(names):
                copy.write_row((number, name))
        self.connection.execute("vacuum analyze names")
        self.build()
        # The bound itself is left out there, and let in here.
        above = np.nextafter(np.float32(options["above"]), np.float32(1))
        self.connection.execute(f"set pg_trgm.similarity_threshold = {float(above)!r}")
        self.connection.execute("set plan_cache_mode = force_generic_plan")
        self.connection.execute("set enable_seqscan = off")
        self.connection.execute(
            "prepare top(text) as select id, similarity(name, $1) from names"
            f" where name % $1 order by 2 desc, 1 limit {int(options['k'])}"
        )
        plan = self.connection.execute("explain execute top(null)").fetchall()
        assert any("names_by_trigram" in line for (line,) in plan), plan
        self.queries = {"top": self.top, "build": self.build}
        version = self.connection.execute(
            "select extversion from pg_extension where extname = 'pg_trgm'"
        ).fetchone()[0]
        self.about = {
            "version": f"PostgreSQL {self.connection.info.server_version // 10000}, pg_trgm {version}"
        }

    def build(self):
        self.connection.execute("drop index if exists names_by_trigram")
        start = time.perf_counter()
        self.connection.execute(
            "create index names_by_trigram on names using gin (name gin_trgm_ops)"
        )
        seconds = time.perf_counter() - start
        count = self.connection.execute("select count(*) from names").fetchone()[0]
        return seconds, lambda: {"rows": [[count]]}

    def top(self):
        execute, binary = self.connection.pgconn.exec_prepared, pq.Format.BINARY
        results = []
        start = time.perf_counter()
        for parameter in self.parameters:
            results.append(execute(b"top", [parameter], [pq.Format.TEXT], binary))
        seconds = time.perf_counter() - start
        return seconds / len(self.parameters), lambda: {"rows": [hits(one) for one in results]}

    def close(self):
        if self.cluster is not None:
            self.connection.close()
            self.cluster.close()


def hits(result):
    assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message
    rows = range(result.ntuples)
    return [
        struct.unpack(">I", result.get_value(at, column))[0] for at in rows for column in (0, 1)
    ]
