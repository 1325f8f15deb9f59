"""Eligibility as a join: DuckDB and pandas over the same columns.

`pairs` is the join that one would write over the tables as the facts come: a row for each feature
of a user, a row for each feature that a settlement requires, and a count for each pair. `wide` is
the best form that was found for each, and prepares half of the answer in advance: a settlement is
one row with its one to three required features beside it, the rarest first, and each feature of a
user carries the user's state as a bit. What remains is a join over the rarest feature and a look-up
of the second and the third.
"""

import time

import duckdb
import numpy as np
import pandas as pd

REQUIRED_MAX = 3


class DuckDB:
    """Queries give an Arrow table, the cheapest of the ways to have the whole answer in memory. The
    columns of features stand in a table in the order of users; for `sorted`, also in the order of
    features, so that all but a few blocks are passed over."""

    def __init__(self, columns, options):
        self.connection = duckdb.connect(config={"threads": options["threads"]})
        self.columns, self.options = columns, options
        self.have = have(columns)
        self.queries = {"pairs": self.pairs, "wide": self.pairs_wide}
        self.queries["reverse"] = lambda: self.reverse("have")
        self.queries["sorted"] = lambda: self.reverse("sorted")
        self.table("have", self.have)
        if "settlement_mask" in columns:
            for name, frame in frames(columns).items():
                self.table(name, frame)
            self.table("wide", wide(columns))
        else:
            self.table("sorted", self.have, "order by f, u")
        self.about = f"DuckDB {duckdb.__version__}, {options['threads']} threads"

    def table(self, name, source, order=""):
        self.connection.execute(f"create table {name} as select * from source {order}")

    def pairs(self):
        query = f"""
            select have.u, need.s from have join need on have.f = need.f
            join settlements on settlements.s = need.s join users on users.u = have.u
            where settlements.until >= {int(self.options["now"])}
            and settlements.mask & users.bit <> 0
            group by have.u, need.s, settlements.needs
            having count(*) = settlements.needs
        """
        return self.answer(query)

    def pairs_wide(self):
        query = f"""
            with open as (
                select * from wide where until >= {int(self.options["now"])}
            )
            select a.u, s from have a join open on a.f = f1
            where needs = 1 and mask & a.bit <> 0
            union all
            select a.u, s from have a join open on a.f = f1
            join have b on b.u = a.u and b.f = f2
            where needs = 2 and mask & a.bit <> 0
            union all
            select a.u, s from have a join open on a.f = f1
            join have b on b.u = a.u and b.f = f2
            join have c on c.u = a.u and c.f = f3
            where needs = 3 and mask & a.bit <> 0
        """
        return self.answer(query)

    def answer(self, query):
        start = time.perf_counter()
        table = self.connection.sql(query).to_arrow_table()
        seconds = time.perf_counter() - start
        return seconds, lambda: checksum(table["u"].to_numpy(), table["s"].to_numpy())

    def reverse(self, table):
        first, second = self.options["features"]
        query = f"""
            select a.u from {table} a semi join (select u from {table} where f = {int(second)}) b
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
    """pandas has one thread. In `wide` the features behind the rarest one are looked up in an index
    of all (user, feature), which takes half the time of more merges."""

    def __init__(self, columns, options):
        self.now = options["now"]
        self.have, self.wide = have(columns), wide(columns)
        self.frames = frames(columns)
        self.index = pd.Index(packed(self.have.u, self.have.f))
        # The index makes its hash table when it is first asked.
        self.index.get_indexer(self.index[:1])
        self.queries = {"pairs": self.pairs, "wide": self.pairs_wide}
        self.about = f"pandas {pd.__version__}"

    def pairs(self):
        need, settlements = self.frames["need"], self.frames["settlements"]
        start = time.perf_counter()
        open = settlements[settlements.until >= self.now]
        found = self.have[["u", "f"]].merge(need, on="f").merge(open, on="s")
        found = in_state(found.merge(self.frames["users"], on="u"))
        counted = found.groupby(["u", "s", "needs"], sort=False).size().reset_index(name="count")
        pairs = counted[counted["count"] == counted.needs]
        seconds = time.perf_counter() - start
        return seconds, lambda: checksum(pairs.u.to_numpy(), pairs.s.to_numpy())

    def pairs_wide(self):
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


def frames(columns):
    """The tables of `pairs` beside that of the features."""
    users, needs = len(columns["user_bit"]), columns["settlement_needs"]
    return {
        "users": pd.DataFrame({
            "u": np.arange(users, dtype=np.uint32),
            "bit": columns["user_bit"],
        }),
        "need": pd.DataFrame({
            "s": columns["need_settlement"],
            "f": columns["need_feature"],
        }),
        "settlements": pd.DataFrame({
            "s": np.arange(len(needs), dtype=np.uint32),
            "needs": needs,
            "mask": columns["settlement_mask"],
            "until": columns["settlement_until"],
        }),
    }


def wide(columns):
    """One row for each settlement, with its features from the rarest on."""
    rarity = np.bincount(columns["have_feature"], minlength=columns["need_feature"].max() + 1)
    settlements, features = columns["need_settlement"], columns["need_feature"]
    order = np.lexsort((features, rarity[features], settlements))
    settlements, features = settlements[order], features[order]
    needs = columns["settlement_needs"].astype(np.int64)
    assert 1 <= needs.min() and needs.max() <= REQUIRED_MAX, "a world of the shape flat"
    starts = np.concatenate(([0], np.cumsum(needs)[:-1]))
    places = np.arange(len(features)) - np.repeat(starts, needs)
    by_place = np.zeros((len(needs), REQUIRED_MAX), dtype=np.uint32)
    by_place[settlements, places] = features
    return pd.DataFrame({
        "s": np.arange(len(needs), dtype=np.uint32),
        "needs": needs.astype(np.uint32),
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
