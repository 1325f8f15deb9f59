#!/usr/bin/env python3
"""Holds `payme match` to a second implementation that shares nothing with it but the rules.

The catalogues and people are made up here, from fixed seeds; scores, orders, counts, reasons,
experiment variants and derived settlement ids are computed from `docs/rules` (the baseline here,
the evidence set and the predicate language in `evidence.py`) and compared with what the command
prints. Standard library only.

    PAYME_BIN=target/debug/payme python3 tests/oracle/check.py

Prints one line and exits with 0 when everything agrees; else says what differs, keeps the files,
and exits with 1.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import uuid
from datetime import date, datetime, timedelta, timezone

import evidence

NOW = "2026-02-01T00:00:00Z"
EXPERIMENT = "matching_v1"
NAMESPACE = uuid.UUID("8f3a1f0e-6f5b-5c43-9d0e-2b7a6c1d4e90")
TOLERANCE = 1e-12
SIGNALS = ("rules_confidence", "similarity", "payout", "urgency", "ease")
VARIANTS = ("rules_only", "rules_vector", "rules_vector_ranker")
DEFAULT_WEIGHTS = dict(zip(SIGNALS, (0.65, 0.20, 0.10, 0.03, 0.02)))
STATES = ("CA", "NY", "TX", "FL", "IL", "WA", "DC", "PR")
SEEDS = (1, 2, 3, 4, 5)
SETTLEMENTS, USERS = 200, 50
RULED_SETTLEMENTS, RULED_USERS = 100, 40
SIMILARITY_TOLERANCE = 1e-6
ASSIGNED_USERS = 10_000

# A deadline as it is written, and its last moment in UTC, worked out by hand: some around the
# time of matching, some over a change of clocks.
DEADLINES = (
    ("2026-02-01T00:00:00Z", "2026-02-01T00:00:00"),
    ("2026-01-31T23:59:59.999999Z", "2026-01-31T23:59:59.999999"),
    ("2026-02-01T01:00:00+01:00", "2026-02-01T00:00:00"),
    ("2026-02-01T00:30:00+01:00", "2026-01-31T23:30:00"),
    ("2026-01-31T19:00:00.000001-05:00", "2026-02-01T00:00:00.000001"),
    ("2026-01-31[Pacific/Honolulu]", "2026-02-01T09:59:59.999999"),
    ("2026-01-31[America/New_York]", "2026-02-01T04:59:59.999999"),
    ("2026-01-31[UTC]", "2026-01-31T23:59:59.999999"),
    ("2026-01-31[Asia/Tokyo]", "2026-01-31T14:59:59.999999"),
    ("2026-02-01[Asia/Tokyo]", "2026-02-01T14:59:59.999999"),
    ("2026-01-30[Pacific/Honolulu]", "2026-01-31T09:59:59.999999"),
    ("2026-03-08[America/Los_Angeles]", "2026-03-09T06:59:59.999999"),
    ("2026-07-01[America/New_York]", "2026-07-02T03:59:59.999999"),
    ("1900-01-01[UTC]", "1900-01-01T23:59:59.999999"),
)


class Difference(Exception):
    """What the command says is not what it has to say."""


# --- What is made up -----------------------------------------------------------------------------


class Catalogue:
    """Settlements as the file has them, and beside each what the rules need to know of it."""

    def __init__(self, rng, count):
        self.keys = [f"merchant:shop_{i}" for i in range(30)]
        self.keys += [f"category:kind_{i}" for i in range(5)] + ["subscription:active"]
        self.rows, self.facts = [], []
        for number in range(count):
            row, fact = self._settlement(rng, number)
            self.rows.append(row)
            self.facts.append(fact)

    def key(self, rng):
        """A key; those in front come up more often."""
        return self.keys[int(len(self.keys) * rng.random() ** 2)]

    def _settlement(self, rng, number):
        row = {"title": f"Settlement {number} \u00e9\u201c{rng.randrange(10**6)}\u201d"}
        if rng.random() < 0.8:
            row["claim_url"] = f"https://claim.example/{rng.randrange(10**6)}/{number}?a=b&c=%20"
        derived = uuid.uuid5(NAMESPACE, f"{row.get('claim_url') or ''}\n{row['title']}")
        settlement_id = str(derived)
        if rng.random() < 0.7:
            settlement_id = random_uuid(rng)
            row["id"] = settlement_id.upper() if rng.random() < 0.2 else settlement_id
        last = None
        if rng.random() < 0.8:
            row["deadline"], last = deadline(rng)
        status = rng.choices(("open", None, "closed", "pending", "paid", "cancelled"),
                             (70, 15, 6, 3, 3, 3))[0]
        if status is not None:
            row["status"] = status
        highest = rng.choice((None, None, 0, 1, 500, 1000, 2500, 9999, 10000, 10001, 10**9,
                              2**53 + 1, 2**63 - 1, rng.randrange(20000)))
        if highest is not None:
            row["payout_max_cents"] = highest
            if rng.random() < 0.5:
                row["payout_min_cents"] = rng.choice((0, highest // 2, highest))
        elif rng.random() < 0.3:
            row["payout_min_cents"] = rng.randrange(5000)
        required = []
        for _ in range(rng.choice((0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 6, 8))):
            key = self.key(rng)
            if key not in required:
                required.append(key)
        states = [] if rng.random() < 0.6 else rng.sample(STATES, rng.randint(1, len(STATES)))
        row["eligibility"] = eligibility(rng, required, states)
        fact = {
            "id": settlement_id,
            "is_open": status in (None, "open") and (last is None or last >= instant(NOW)),
            "required": required,
            "states": states,
            "max_cents": highest,
            "has_deadline": "deadline" in row,
            "has_claim_url": "claim_url" in row,
        }
        return row, fact

    def write(self, folder):
        """Writes the settlement file."""
        return write(folder, "settlements.json", json.dumps(self.rows, indent=1))


def random_uuid(rng):
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def instant(text):
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def deadline(rng):
    """A deadline as it is written, and its last moment."""
    if rng.random() < 0.4:
        text, last = rng.choice(DEADLINES)
        return text, instant(last)
    last = instant(NOW) + timedelta(seconds=rng.randrange(-90 * 86400, 400 * 86400))
    offset = timezone(timedelta(minutes=rng.choice((0, 0, -300, -480, 60, 330))))
    return last.astimezone(offset).isoformat(), last


def eligibility(rng, required, states):
    """The simple form, or now and then the same as a predicate."""
    if rng.random() < 0.85:
        return {"required_features": required, "states": states}
    parts = [{"feature": key} for key in required]
    if states:
        parts.append({"states": states})
    return {"all": parts}


def person(rng, catalogue):
    """A line of the features file: some without a state, some without a feature."""
    row = {"user_id": random_uuid(rng), "features": []}
    if rng.random() < 0.2:
        row["user_id"] = row["user_id"].upper()
    if rng.random() < 0.85:
        row["state"] = rng.choice(STATES)
    keys = {catalogue.key(rng) for _ in range(rng.choice((0, 1, 3, 8, 15, 30, 60)))}
    for key in rng.sample(sorted(keys), len(keys)):
        for source in rng.choice((["plaid"], ["gmail"], ["gmail", "plaid"])):
            feature = {"key": key, "source": source, "confidence": rng.choice((0, 1, 0.75, 0.9))}
            if rng.random() < 0.7:
                feature["count"] = rng.randint(1, 12)
            if rng.random() < 0.5:
                feature["first_seen"] = "2024-02-29"
                feature["last_seen"] = "2025-12-31T23:59:59Z"
            if source == "plaid" and rng.random() < 0.3:
                feature["by_day"] = [{"date": "2025-06-01", "count": 1, "amount_cents": -250}]
            row["features"].append(feature)
    rng.shuffle(row["features"])
    return row


def random_weights(rng, signals=SIGNALS):
    """Weights with zeros, negative ones and such that make scores tie or clamp."""
    choices = (0, 0.5, -0.25, 3, 1e-9)
    one = lambda: rng.choice(choices) if rng.random() < 0.4 else rng.uniform(-0.5, 1)
    return {signal: one() for signal in signals}


def random_day(rng, low="2015-01-01", days=4000):
    return (date.fromisoformat(low) + timedelta(days=rng.randrange(days))).isoformat()


def random_range(rng, low, high, names=("min", "max")):
    """One end of a range, or both in order."""
    ends = sorted(rng.choices(range(low, high + 1), k=2))
    return {name: end for name, end in zip(names, ends)} if rng.random() < 0.4 else {
        rng.choice(names): rng.choice(ends)}


def random_rule(rng, catalogue, levels=3):
    """Any predicate: mostly features, with everything that can stand around them."""
    kind = rng.choices(("feature", "states", "age", "purchases", "all", "any", "none"),
                       (30, 8, 8, 12, *((14, 14, 8) if levels else (0, 0, 0))))[0]
    if kind in ("all", "any", "none"):
        few = rng.randint(1 if kind == "any" else 0, 4)
        return {kind: [random_rule(rng, catalogue, levels - 1) for _ in range(few)]}
    if kind == "states":
        return {"states": rng.sample(STATES, rng.choice((0, 1, 2, 5)))}
    if kind == "age":
        on = {"on": random_day(rng)} if rng.random() < 0.3 else {}
        return {"age": {**random_range(rng, 10, 70), **on}}
    if kind == "feature":
        atom = {"feature": catalogue.key(rng)}
        if rng.random() < 0.3:
            atom["min_count"] = rng.randint(1, 12)
        if rng.random() < 0.2:
            atom["min_confidence"] = rng.choice((0, 0.5, 0.75, 0.8, 0.95, 1))
        if rng.random() < 0.3:
            atom["in_class_period"] = rng.random() < 0.8
        return atom
    days = sorted(random_day(rng) for _ in range(2))
    atom = {"feature": catalogue.key(rng)}
    atom.update(pair for pair in zip(("from", "to"), days) if rng.random() < 0.7)
    if rng.random() < 0.7:
        atom["count"] = random_range(rng, 0, 6)
    if rng.random() < 0.5:
        atom["amount_cents"] = random_range(rng, -500, 4000)
    return {"purchases": atom}


def ruled(rng, catalogue, row):
    """The settlement with a rule of any kind, a class period, proof and texts."""
    row = dict(row)
    while True:
        row["eligibility"] = random_rule(rng, catalogue)
        if evidence.optimised(evidence.plain(row["eligibility"])) != evidence.NEVER:
            break
    if rng.random() < 0.6:
        days = sorted(random_day(rng) for _ in range(2))
        ends = [pair for pair in zip(("start", "end"), days) if rng.random() < 0.8]
        row["class_period"] = dict(ends or [("start", days[0])])
    if rng.random() < 0.7:
        row["proof"] = rng.choice(("none", "optional", "required"))
    if rng.random() < 0.5:
        row["covered_brands"] = [f"Shop {rng.randrange(30)}", "Caf\u00e9 No. 9"]
        row["summary_text"] = f"Fees at Shop {rng.randrange(30)}, and the like."
    return row


def dated_person(rng, catalogue):
    """A person with days, amounts and perhaps a date of birth."""
    row = person(rng, catalogue)
    if rng.random() < 0.6:
        row["date_of_birth"] = rng.choice(("2000-02-29", random_day(rng, "1950-01-01", 25_000)))
    for feature in row["features"]:
        for name in ("first_seen", "last_seen", "by_day"):
            feature.pop(name, None)
        days = sorted({random_day(rng) for _ in range(rng.choice((0, 1, 2, 5)))})
        if days and rng.random() < 0.6:
            feature["by_day"] = [{"date": one, "count": rng.randint(0, 3)} for one in days]
            for one in feature["by_day"]:
                if rng.random() < 0.9:
                    one["amount_cents"] = rng.randint(-300, 2500)
                    if rng.random() < 0.1:
                        one["currency"] = "EUR"
        if days and rng.random() < 0.8:
            feature["first_seen"] = days[0]
        if days and rng.random() < 0.8:
            feature["last_seen"] = days[-1]
    return row


# --- What has to come out ------------------------------------------------------------------------


def expected_answer(facts, user, variant, weights, top, include_closed, near_misses):
    """The answer for one person, in the form that the command prints."""
    mine = {feature["key"] for feature in user["features"]}
    eligible, near = [], []
    for fact in facts:
        if not (fact["is_open"] or include_closed):
            continue
        has = [key for key in fact["required"] if key in mine]
        if fact["required"] and not has:
            continue
        state = not fact["states"] or user.get("state") in fact["states"]
        missing = [key for key in fact["required"] if key not in mine]
        missing += [] if state else ["state"]
        result = expected_result(fact, has, state, missing, variant, weights)
        (near if missing else eligible).append(result)
    order = lambda result: (-result["score"], result["settlement_id"])
    results = sorted(eligible, key=order)[:top]
    answer = {
        "user_id": user["user_id"].lower(),
        "variant": variant,
        "candidate_count": len(eligible),
        "result_count": len(results),
        "results": results,
    }
    if near_misses:
        answer["near_misses"] = sorted(near, key=order)[:top]
    return answer


def expected_result(fact, has, state, missing, variant, weights):
    m, r = len(has), len(fact["required"])
    signals = {
        "rules_confidence": 0.4 + 0.4 * m / max(1, r) + (0.2 if state else 0.0),
        "similarity": min(1.0, 0.3 + 0.15 * m),
        "payout": min(1.0, (fact["max_cents"] or 1000) / 10000),
        "urgency": 0.7 if fact["has_deadline"] else 0.3,
        "ease": 0.8 if fact["has_claim_url"] else 0.4,
    }
    if variant == "rules_only":
        score = signals["rules_confidence"]
    elif variant == "rules_vector":
        score = 0.85 * signals["rules_confidence"] + 0.15 * signals["similarity"]
    else:
        score = 0.0
        for signal in SIGNALS:  # sum() compensates from Python 3.12 on: other last bits.
            score += weights[signal] * signals[signal]
    score = min(1.0, max(0.0, score))
    reasons = {
        "matched_features": has,
        "predicate_passes": {"state": state},
        "confidence_breakdown": {"rules": signals["rules_confidence"]},
        "score": score,
    }
    reasons.update((name, signals[name]) for name in SIGNALS[1:])
    return {"settlement_id": fact["id"], "score": score, "signals": signals, "reasons": reasons,
            "missing": missing}


def expected_variant(user_id):
    digest = hashlib.md5(f"{user_id.lower()}:{EXPERIMENT}".encode()).digest()
    return VARIANTS[int.from_bytes(digest, "big") % 3]


def same(expected, got, path="$"):
    """Raises Difference at the first place where two JSON values differ."""
    numbers = (int, float)
    is_number = lambda value: isinstance(value, numbers) and not isinstance(value, bool)
    if is_number(expected) and is_number(got):
        if abs(expected - got) <= TOLERANCE:
            return
    elif isinstance(expected, dict) and isinstance(got, dict):
        if expected.keys() == got.keys():
            for name in expected:
                same(expected[name], got[name], f"{path}.{name}")
            return
        missing, extra = expected.keys() - got.keys(), got.keys() - expected.keys()
        raise Difference(f"{path}: fields missing {sorted(missing)}, unexpected {sorted(extra)}")
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) == len(got):
            for i, (one, other) in enumerate(zip(expected, got)):
                same(one, other, f"{path}[{i}]")
            return
        raise Difference(f"{path}: {len(expected)} entries expected, {len(got)} found")
    elif type(expected) is type(got) and expected == got:
        return
    raise Difference(f"{path}: expected {json.dumps(expected)}, got {json.dumps(got)}")


# --- Running the command -------------------------------------------------------------------------


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def write_features(folder, users):
    return write(folder, "features.jsonl", "".join(json.dumps(user) + "\n" for user in users))


class Command:
    """The command under test; counts how often it ran."""

    def __init__(self, program):
        self.program = program
        self.runs = 0

    def match(self, settlements, features, *options, signals="baseline"):
        self.runs += 1
        line = [self.program, "match", "--settlements", settlements, "--features", features,
                "--signals", signals, "--now", NOW, "--format", "json", *options]
        done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
        shown = " ".join(line)
        if done.returncode != 0:
            raise Difference(f"exit code {done.returncode}: {shown}\n{done.stderr.strip()}")
        try:
            return json.loads(done.stdout), shown
        except ValueError as error:
            raise Difference(f"stdout is not JSON ({error}): {shown}") from error


def compare(shown, expected, got):
    """Compares the answers for all people; an order that differs is shown as two lists."""
    if not isinstance(got, list) or len(got) != len(expected):
        raise Difference(f"{len(expected)} people expected\n  in: {shown}")
    for number, (one, other) in enumerate(zip(expected, got)):
        try:
            same(one, other)
        except Difference as difference:
            raise Difference(f"line {number + 1} of the features file, user {one['user_id']}\n"
                             f"  {difference}\n{orders(one, other)}  in: {shown}") from None


def orders(expected, got):
    text = ""
    for name in ("results", "near_misses"):
        lists = [[(row.get("settlement_id"), row.get("score")) for row in side.get(name) or []]
                 for side in (expected, got)]
        for place, pair in enumerate(zip(*lists)):
            if pair[0][0] != pair[1][0]:
                text += f"  {name}[{place}]: expected {pair[0]}, got {pair[1]}\n"
                break
    return text


# --- The checks ----------------------------------------------------------------------------------


def check_matching(command, folder, seed):
    """Compares every variant in several ways; gives the number of results compared."""
    rng = random.Random(seed)
    catalogue = Catalogue(rng, SETTLEMENTS)
    users = [person(rng, catalogue) for _ in range(USERS)]
    settlements, features = catalogue.write(folder), write_features(folder, users)
    plain = {"top": 20, "include_closed": False, "near_misses": False, "weights": None}
    cases = [(variant, {**plain, **changes}) for variant in VARIANTS for changes in (
        {},
        {"near_misses": True},
        {"top": 5, "near_misses": True},
        {"include_closed": True, "near_misses": True, "top": 1000},
    )]
    for _ in range(3):
        weights = random_weights(rng)
        cases.append((VARIANTS[2], {**plain, "weights": weights, "near_misses": True}))
        cases.append((VARIANTS[2], {**plain, "weights": weights, "top": 7}))
    cases.append((VARIANTS[1], {**plain, "weights": random_weights(rng)}))
    compared = 0
    for variant, case in cases:
        options = ["--variant", variant, "--top", str(case["top"])]
        options += ["--near-misses"] if case["near_misses"] else []
        options += ["--include-closed"] if case["include_closed"] else []
        if case["weights"]:
            body = json.dumps({**case["weights"], "_version": seed})
            options += ["--weights", write(folder, "weights.json", body)]
        got, shown = command.match(settlements, features, *options)
        case = {**case, "weights": case["weights"] or DEFAULT_WEIGHTS}
        expected = [expected_answer(catalogue.facts, user, variant, **case) for user in users]
        compare(shown, expected, got)
        compared += sum(len(one["results"]) + len(one.get("near_misses", ())) for one in expected)
    if compared < 10_000:
        raise Difference(f"seed {seed} compares {compared} results only: its world is too thin")
    return compared


def check_evidence(command, folder, seed):
    """Compares the evidence set over rules of every kind; gives the number of results compared."""
    rng = random.Random(1000 + seed)
    catalogue = Catalogue(rng, RULED_SETTLEMENTS)
    rows = [ruled(rng, catalogue, row) for row in catalogue.rows]
    settlements = [evidence.Settlement(row) for row in rows]
    for settlement, fact in zip(settlements, catalogue.facts):
        if settlement.is_open(instant(NOW)) != fact["is_open"]:
            raise Difference(f"the two oracles differ on whether {settlement.id} is open")
    users = [dated_person(rng, catalogue) for _ in range(RULED_USERS)]
    path = write(folder, "settlements.json", json.dumps(rows))
    features = write_features(folder, users)
    all_of_them = ["--top", "100000", "--include-closed", "--near-misses"]
    got, shown = command.match(path, features, "--variant", "rules_only", *all_of_them,
                               signals="evidence")
    similarity = [similarities(one, shown) for one in got]
    people = [evidence.Person(user) for user in users]
    for one, known in zip(people, similarity):
        told = evidence.answer(settlements, one, top=5, include_closed=True)
        for row in told["results"] + told["near_misses"]:
            gap = abs(row["signals"]["similarity"] - known[row["settlement_id"]])
            if gap > SIMILARITY_TOLERANCE:
                raise Difference(f"similarity of {one.id} and {row['settlement_id']}: {gap} apart"
                                 f"\n  in: {shown}")
    compared = 0
    weights = random_weights(rng, evidence.SIGNALS)
    for variant, top, include_closed, near_misses, weights in (
            (VARIANTS[0], 100_000, True, True, None), (VARIANTS[1], 6, False, True, None),
            (VARIANTS[2], 20, False, True, None), (VARIANTS[2], 9, True, False, weights)):
        options = ["--variant", variant, "--top", str(top)]
        options += ["--near-misses"] if near_misses else []
        options += ["--include-closed"] if include_closed else []
        if weights:
            body = json.dumps({**weights, "_version": seed})
            options += ["--weights", write(folder, "weights.json", body)]
        got, shown = command.match(path, features, *options, signals="evidence")
        expected = [evidence.answer(settlements, one, variant, weights, top, include_closed,
                                    near_misses, similarity=known)
                    for one, known in zip(people, similarity)]
        compare(shown, expected, got)
        compared += sum(len(one["results"]) + len(one.get("near_misses", ())) for one in expected)
    if compared < 2_000:
        raise Difference(f"seed {seed} compares {compared} ruled results only: too thin")
    return compared


def similarities(answer, shown):
    """That signal by settlement; the engine's has single precision, so ties are its own."""
    known = {}
    for row in answer["results"] + answer["near_misses"]:
        known[row["settlement_id"]] = row["signals"]["similarity"]
    if any(not 0 <= one <= 1 for one in known.values()):
        raise Difference(f"a similarity outside of [0, 1]\n  in: {shown}")
    return known


def check_variants(command, folder):
    """Compares the variants of 10,000 people; gives the share of each in percent."""
    rng = random.Random(99)
    users = [{"user_id": random_uuid(rng), "features": []} for _ in range(ASSIGNED_USERS)]
    for user in users[::7]:
        user["user_id"] = user["user_id"].upper()
    rows = [{"title": "T", "eligibility": {"required_features": ["merchant:a"], "states": []}}]
    settlements = write(folder, "settlements.json", json.dumps(rows))
    got, shown = command.match(settlements, write_features(folder, users))
    expected = [{"user_id": user["user_id"].lower(), "variant": expected_variant(user["user_id"]),
                 "candidate_count": 0, "result_count": 0, "results": []} for user in users]
    compare(shown, expected, got)
    shares = []
    for variant in VARIANTS:
        share = 100 * sum(one["variant"] == variant for one in got) / ASSIGNED_USERS
        if abs(share - 100 / 3) > 2:
            raise Difference(f"{variant} has {share:.1f} % of the people, not a third\n  {shown}")
        shares.append(share)
    return shares


def check_derived_ids(command, folder):
    """Compares the ids of settlements without one; gives how many."""
    titles = ["Example", "example", "\u00c9tude \u2014 \u65e5\u672c", "a \u00a0 b", "quote \" slash \\ /",
              "caf\u00e9 \u2014 \U0001f355", "\U0001f600", "x" * 500]
    urls = [None, "https://example.com/claim", "http://example.com", "https://example.com/?q=%C3"]
    pairs = [(title, url) for title in titles for url in urls]
    rule = {"required_features": [], "states": []}
    rows = [{"title": title, "eligibility": rule, **({"claim_url": url} if url else {})}
            for title, url in pairs]
    settlements = write(folder, "settlements.json", json.dumps(rows))
    users = [{"user_id": "00000000-0000-4000-8000-000000000001", "features": []}]
    got, shown = command.match(settlements, write_features(folder, users),
                               "--variant", "rules_only", "--top", str(len(rows)))
    expected = sorted(str(uuid.uuid5(NAMESPACE, f"{url or ''}\n{title}")) for title, url in pairs)
    try:
        same(expected, [result["settlement_id"] for result in got[0]["results"]])
    except Difference as difference:
        raise Difference(f"derived settlement ids: {difference}\n  in: {shown}") from None
    return len(pairs)


def main():
    program = os.environ.get("PAYME_BIN")
    if not program or not os.access(program, os.X_OK):
        print("oracle: set PAYME_BIN to the payme command", file=sys.stderr)
        return 2
    command = Command(os.path.abspath(program))
    folder = tempfile.mkdtemp(prefix="payme-oracle-")
    try:
        compared = sum(check_matching(command, folder, seed) for seed in SEEDS)
        ruled_results = sum(check_evidence(command, folder, seed) for seed in SEEDS)
        shares = check_variants(command, folder)
        ids = check_derived_ids(command, folder)
    except Difference as difference:
        print(f"oracle: {difference}\n  files kept in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    split = " / ".join(f"{share:.1f}" for share in shares)
    print(f"oracle: {command.runs} runs over {len(SEEDS)} seeds agree: {compared} results, "
          f"{ruled_results} of the evidence set, {ASSIGNED_USERS} variants ({split} %), {ids} derived ids")
    return 0


if __name__ == "__main__":
    sys.exit(main())
