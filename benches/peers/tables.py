"""Eligibility as a join: DuckDB and pandas over the same columns.

Both get their best form, which is not how the facts come: a settlement is one row with its one to
three required features beside it, the rarest first (and not one row for each requirement, which
takes a count for each pair and four times as long), and each feature of a user carries the user's
state as a bit. All of that is prepared in advance. What remains is a join over the rarest feature
and a look-up of the second and the third.
"""

import time

import duckdb
import numpy as np
import pandas as pd

REQUIRED_MAX = 3


class DuckDB:
    """`pairs` gives an Arrow table, the cheapest of the ways to have the whole answer in memory;
    the columns of features stand in a table in the order of users. For `reverse` they stand in
    the order of features, so that all but a few blocks are passed over."""

    def __init__(self, columns, options):
        self.connection = duckdb.connect(config={"threads": options["threads"]})
        self.columns, self.options = columns, options
        self.have = have(columns)
        self.queries = {"pairs": self.pairs, "reverse": self.reverse}
        if "settlement_mask" in columns:
            self.table("have", self.have)
            self.table("wide", wide(columns))
        else:
            self.table("have", self.have, "order by f, u")
        self.about = f"DuckDB {duckdb.__version__}, {options['threads']} threads"

    def table(self, name, source, order=""):
        self.connection.execute(f"create table {name} as select * from source {order}")

    def pairs(self):
        query = f"""
            with open as (
                select * from wide where until >= {int(self.options["now"])}
            )
            select a.u, s from have a join open on a.f = f1
            where needs = 1 and mask & bit <> 0
            union all
            select a.u, s from have a join open on a.f = f1
            join have b on b.u = a.u and b.f = f2
            where needs = 2 and mask & bit <> 0
            union all
            select a.u, s from have a join open on a.f = f1
            join have b on b.u = a.u and b.f = f2
            join have c on c.u = a.u and c.f = f3
            where needs = 3 and mask & bit <> 0
        """
        start = time.perf_counter()
        table = self.connection.sql(query).to_arrow_table()
        seconds = time.perf_counter() - start
        return seconds, lambda: checksum(table["u"].to_numpy(), table["s"].to_numpy())

    def reverse(self):
        first, second = self.options["features"]
        query = f"""
            select a.u from have a semi join (select u from have where f = {int(second)}) b
            on b.u = a.u where a.f = {int(first)} and a.bit & {int(self.options["mask"])} <> 0
        """
        start = time.perf_counter()
        table = self.connection.sql(query).to_arrow_table()
        seconds = time.perf_counter() - start
        users = table["u"].to_numpy()
        return seconds, lambda: checksum(users, np.zeros_like(users))

    def close(self):
        self.connection.close()


class Pandas:
    """A merge over the rarest feature; the others are looked up in an index of all (user,
    feature), which takes half the time of more merges. pandas has one thread."""

    def __init__(self, columns, options):
        self.now = options["now"]
        self.have, self.wide = have(columns), wide(columns)
        self.index = pd.Index(packed(self.have.u, self.have.f))
        # The index makes its hash table when it is first asked.
        self.index.get_indexer(self.index[:1])
        self.queries = {"pairs": self.pairs}
        self.about = f"pandas {pd.__version__}"

    def pairs(self):
        start = time.perf_counter()
        open = self.wide[self.wide.until >= self.now]
        ones = open.loc[open.needs == 1, ["f1", "s", "mask"]]
        rest = open.loc[open.needs > 1, ["f1", "f2", "f3", "s", "mask", "needs"]]
        parts = [in_state(self.have.merge(ones, left_on="f", right_on="f1"))]
        found = in_state(self.have.merge(rest, left_on="f", right_on="f1"))
        found = found[self.has(found.u, found.f2)]
        is_two = found.needs.to_numpy() == 2
        parts.append(found[is_two])
        found = found[~is_two]
        parts.append(found[self.has(found.u, found.f3)])
        pairs = pd.concat([part[["u", "s"]] for part in parts], ignore_index=True)
        seconds = time.perf_counter() - start
        return seconds, lambda: checksum(pairs.u.to_numpy(), pairs.s.to_numpy())

    def has(self, users, features):
        return self.index.get_indexer(packed(users, features)) >= 0

    def close(self):
        pass


def have(columns):
    users = columns["have_user"]
    bits = columns["user_bit"][users]
    return pd.DataFrame({"u": users, "f": columns["have_feature"], "bit": bits})


def wide(columns):
    """One row for each settlement, with its features from the rarest on."""
    rarity = np.bincount(columns["have_feature"], minlength=columns["need_feature"].max() + 1)
    settlements, features = columns["need_settlement"], columns["need_feature"]
    order = np.lexsort((features, rarity[features], settlements))
    settlements, features = settlements[order], features[order]
    needs = columns["settlement_needs"]
    assert 1 <= needs.min() and needs.max() <= REQUIRED_MAX, "a world of the shape flat"
    starts = np.concatenate(([0], np.cumsum(needs)[:-1]))
    places = np.arange(len(features)) - np.repeat(starts, needs)
    by_place = np.zeros((len(needs), REQUIRED_MAX), dtype=np.uint32)
    by_place[settlements, places] = features
    return pd.DataFrame({
        "s": np.arange(len(needs), dtype=np.uint32),
        "needs": needs,
        "mask": columns["settlement_mask"],
        "until": columns["settlement_until"],
        "f1": by_place[:, 0],
        "f2": by_place[:, 1],
        "f3": by_place[:, 2],
    })


def in_state(pairs):
    return pairs[(pairs["mask"].to_numpy() & pairs["bit"].to_numpy()) != 0]


def packed(left, right):
    return (np.asarray(left, dtype=np.uint64) << np.uint64(32)) | np.asarray(right)


def checksum(left, right):
    """Count, sum and exclusive or of the mixed pairs; `race.rs` has the same."""
    z = packed(left, right)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    total = int(np.sum(z, dtype=np.uint64))
    return {"count": len(z), "sum": total, "xor": int(np.bitwise_xor.reduce(z, initial=0))}
