"""The baseline set against a naive second implementation: the simple form, counted by hand.

In: the command and a folder for files. Out: how many results, variants and ids were compared.
Scores, orders, counts, reasons, experiment variants and derived settlement ids agree to 1e-12.
"""

import hashlib
import json
import random
import uuid

from common import (NAMESPACE, NOW, STATES, Difference, deadline, instant, random_uuid, same, write,
                    write_features)

EXPERIMENT = "matching_v1"
SIGNALS = ("rules_confidence", "similarity", "payout", "urgency", "ease")
VARIANTS = ("rules_only", "rules_vector", "rules_vector_ranker")
DEFAULT_WEIGHTS = dict(zip(SIGNALS, (0.65, 0.20, 0.10, 0.03, 0.02)))
AS_BASELINE = ("--signals", "baseline", "--now", NOW)
SETTLEMENTS, USERS = 200, 50
ASSIGNED_USERS = 10_000

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
        """A row of the settlement file, and what the rules need to know of it."""
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


def random_weights(rng):
    """Weights with zeros, negative ones and such that make scores tie or clamp."""
    choices = (0, 0.5, -0.25, 3, 1e-9)
    one = lambda: rng.choice(choices) if rng.random() < 0.4 else rng.uniform(-0.5, 1)
    return {signal: one() for signal in SIGNALS}


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
    """One result, from the required features a person has and what is missing."""
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
    """The variant that the experiment assigns to a person."""
    digest = hashlib.md5(f"{user_id.lower()}:{EXPERIMENT}".encode()).digest()
    return VARIANTS[int.from_bytes(digest, "big") % 3]


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
    """The first place of each list where two answers name different settlements, as a text."""
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
        got, shown = command.match(settlements, features, *AS_BASELINE, *options)
        case = {**case, "weights": case["weights"] or DEFAULT_WEIGHTS}
        expected = [expected_answer(catalogue.facts, user, variant, **case) for user in users]
        compare(shown, expected, got)
        compared += sum(len(one["results"]) + len(one.get("near_misses", ())) for one in expected)
    if compared < 10_000:
        raise Difference(f"seed {seed} compares {compared} results only: its world is too thin")
    return compared


def check_variants(command, folder):
    """Compares the variants of 10,000 people; gives the share of each in percent."""
    rng = random.Random(99)
    users = [{"user_id": random_uuid(rng), "features": []} for _ in range(ASSIGNED_USERS)]
    for user in users[::7]:
        user["user_id"] = user["user_id"].upper()
    rows = [{"title": "T", "eligibility": {"required_features": ["merchant:a"], "states": []}}]
    settlements = write(folder, "settlements.json", json.dumps(rows))
    got, shown = command.match(settlements, write_features(folder, users), *AS_BASELINE)
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
    titles = ["Example", "example", "\u00c9tude \u2014 \u65e5\u672c", "a \u00a0 b",
              "quote \" slash \\ /", "caf\u00e9 \u2014 \U0001f355", "\U0001f600", "x" * 500]
    urls = [None, "https://example.com/claim", "http://example.com", "https://example.com/?q=%C3"]
    pairs = [(title, url) for title in titles for url in urls]
    rule = {"required_features": [], "states": []}
    rows = [{"title": title, "eligibility": rule, **({"claim_url": url} if url else {})}
            for title, url in pairs]
    settlements = write(folder, "settlements.json", json.dumps(rows))
    users = [{"user_id": "00000000-0000-4000-8000-000000000001", "features": []}]
    got, shown = command.match(settlements, write_features(folder, users), *AS_BASELINE,
                               "--variant", "rules_only", "--top", str(len(rows)))
    expected = sorted(str(uuid.uuid5(NAMESPACE, f"{url or ''}\n{title}")) for title, url in pairs)
    try:
        same(expected, [result["settlement_id"] for result in got[0]["results"]])
    except Difference as difference:
        raise Difference(f"derived settlement ids: {difference}\n  in: {shown}") from None
    return len(pairs)
