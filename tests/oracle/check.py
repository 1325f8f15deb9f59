#!/usr/bin/env python3
"""Holds `payme match` to a second implementation that shares nothing with it but the rules.

The catalogues and people are made up, from fixed seeds; scores, orders, counts, reasons,
experiment variants and derived settlement ids are computed from `docs/rules` and compared with
what the command prints: `baseline.py` counts the simple form by hand, `evidence.py` holds both
sets of signals to rules of every kind, `stored.py` asks the database and for explanations,
`refusals.py` hands in what has to be refused, and `mutations.py` shows that a wrong answer is
seen. Standard library only.

    PAYME_BIN=target/debug/payme python3 tests/oracle/check.py [--worlds N] [--seed FIRST]

Prints one line and exits with 0 when everything agrees; else says what differs, keeps the files,
and exits with 1.
"""

import argparse
import os
import shutil
import sys
import tempfile

import baseline
import evidence
import mutations
import refusals
import stored
from common import Command, Difference

WORLDS = 3


def arguments():
    """How many worlds of each kind are compared, and the seed of the first."""
    parser = argparse.ArgumentParser(description="Compare `payme match` with the rules.")
    parser.add_argument("--worlds", type=int, default=WORLDS, help="how many of each kind")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first world")
    return parser.parse_args()


def check(command, folder, seeds):
    """Runs every check; gives the line that tells what was compared."""
    results = sum(baseline.check_matching(command, folder, seed) for seed in seeds)
    ruled = sum(evidence.check_world(command, folder, seed) for seed in seeds)
    kept = sum(stored.check(command, folder, seed) for seed in seeds)
    shares = baseline.check_variants(command, folder)
    ids = baseline.check_derived_ids(command, folder)
    refused = refusals.check(command, folder, seeds)
    seen = mutations.check(command, folder)
    split = " / ".join(f"{share:.1f}" for share in shares)
    return (f"{command.runs} runs over {len(seeds)} seeds agree: {results} results of the simple "
            f"form, {ruled} of every kind of rule, {kept} of the database, "
            f"{baseline.ASSIGNED_USERS} variants ({split} %), {ids} derived ids, "
            f"{refused} refusals; {seen} wrong answers were seen")


def main():
    """Exits with 0 when all agree, 1 when something differs, 2 without a command."""
    options = arguments()
    program = os.environ.get("PAYME_BIN")
    if not program or not os.access(program, os.X_OK):
        print("oracle: set PAYME_BIN to the payme command", file=sys.stderr)
        return 2
    folder = tempfile.mkdtemp(prefix="payme-oracle-")
    seeds = range(options.seed, options.seed + options.worlds)
    try:
        told = check(Command(os.path.abspath(program)), folder, seeds)
    except Difference as difference:
        print(f"oracle: {difference}\n  files kept in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    print(f"oracle: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
