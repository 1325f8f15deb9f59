"""Holds the peers that PayMe is compared with, and runs them on request.

One request a line on the standard input, one answer a line on the standard output; `server.rs`
says what they look like. Each peer is a class made from columns (NumPy arrays by name) and
options, whose `queries` names functions that give seconds and an answer. Only the peer's own work
stands between the two looks at the clock: columns are loaded before, and answers are turned into
checksums or lists after.
"""

import json
import sys
import time
import traceback

import numpy as np

import names
import postgres
import tables
import vectors

PEERS = {
    "duckdb": tables.DuckDB,
    "pandas": tables.Pandas,
    "faiss": vectors.Faiss,
    "pgvector": postgres.Pgvector,
    "rapidfuzz": names.RapidFuzz,
    "pg_trgm": names.Trigrams,
}


def main():
    loaded = {}
    # Whatever a library prints must not end up between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    try:
        for line in sys.stdin:
            request = json.loads(line)
            if request["do"] == "quit":
                break
            try:
                answer = respond(loaded, request)
            except Exception:
                answer = {"error": traceback.format_exc()}
            print(json.dumps(answer), file=answers, flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        for peer in loaded.values():
            peer.close()


def respond(loaded, request):
    name = request["peer"]
    if request["do"] == "load":
        columns = {column: read(stored) for column, stored in request["columns"].items()}
        loaded[name] = PEERS[request["kind"]](columns, request["options"])
        return {"about": loaded[name].about}
    if request["do"] == "drop":
        loaded.pop(name).close()
        return {}
    seconds, answer = loaded[name].queries[request["query"]]()
    return {"ms": seconds * 1000, **answer()}


def read(stored):
    column = np.fromfile(stored["path"], dtype=stored["type"])
    assert len(column) == stored["length"], stored
    return column


if __name__ == "__main__":
    main()
