#!/usr/bin/env python3
"""The predicate language and the evidence signals a second time, from `docs/rules` alone.

In: settlements and people as their files have them. Out: for each person the answer that
`payme match --signals evidence` has to print. Nothing of the engine is used; it is slow, plain and
reads like the rules. `check.py` compares it with the command over made-up worlds.

    python3 tests/oracle/evidence.py SETTLEMENTS... FEATURES

prints the table of `fixtures/expected/evidence-table.json` for these files. Standard library only.
"""

import json
import math
import sys
import uuid
from datetime import date, datetime, timedelta, timezone

NOW = "2026-02-01T00:00:00Z"
NAMESPACE = uuid.UUID("8f3a1f0e-6f5b-5c43-9d0e-2b7a6c1d4e90")
SIGNALS = ("rules_confidence", "similarity", "recency", "frequency", "class_period", "payout",
           "urgency", "ease")
DEFAULT_WEIGHTS = dict(zip(SIGNALS, (0.45, 0.15, 0.08, 0.05, 0.12, 0.08, 0.04, 0.03)))
NOT_MET, UNKNOWN, MET = 0, 1, 2
TRUTHS = ("not_met", "unknown", "met")
ALWAYS, NEVER = {"all": []}, {"any": []}
CONNECTIVES = ("all", "any", "none")
DIMENSION = 384
MASK = 2**64 - 1


# --- Days ----------------------------------------------------------------------------------------


def day(text):
    """A date, or the UTC day of an instant; None for None."""
    if text is None or len(text) == 10:
        return text and date.fromisoformat(text)
    return moment(text).date()


def moment(text):
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return parsed.astimezone(timezone.utc) if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


def deadline_moment(text):
    """The last moment of a deadline; zones come from the machine's own database."""
    if text is None:
        return None
    if "[" not in text:
        return moment(text)
    from zoneinfo import ZoneInfo

    text, zone = text.rstrip("]").split("[")
    last = datetime.fromisoformat(text + "T23:59:59.999999").replace(tzinfo=ZoneInfo(zone))
    return last.astimezone(timezone.utc)


def inside(one, start, end):
    return (start is None or start <= one) and (end is None or one <= end)


def age_on(born, on):
    """Whole years; whoever is born on 29 February is a year older on 1 March of a common year."""
    if born > on:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


# --- The rule in force ---------------------------------------------------------------------------


def plain(rule):
    """A rule as a predicate, with every default left out, so that equal rules are equal."""
    if "required_features" in rule:
        atoms = [{"feature": key} for key in rule["required_features"]]
        return {"all": atoms + [{"states": sorted(rule["states"])}]}
    for name in CONNECTIVES:
        if name in rule:
            return {name: [plain(part) for part in rule[name]]}
    if "feature" in rule:
        return {name: value for name, value in rule.items() if value is not False}
    if "states" in rule:
        return {"states": sorted(set(rule["states"]))}
    return rule


def optimised(rule):
    """The rule in force of a plain one."""
    name = next((name for name in CONNECTIVES if name in rule), None)
    if name is None:
        return ALWAYS if is_always(rule) else rule
    parts = [optimised(part) for part in rule[name]]
    while True:
        before = (name, parts)
        opened = []
        for part in parts:
            same = "all" if name == "all" else "any"
            opened += part[same] if same in part else [part]
        parts = []
        for part in opened:
            if part not in parts:
                parts.append(part)
        parts = merged(name, parts)
        decides, leaves = (NEVER, ALWAYS) if name == "all" else (ALWAYS, NEVER)
        if decides in parts:
            return NEVER if name != "any" else ALWAYS
        parts = [part for part in parts if part != leaves]
        if not parts:
            return NEVER if name == "any" else ALWAYS
        if len(parts) == 1 and name != "none":
            return parts[0]
        if len(parts) == 1 and "none" in parts[0]:
            name, parts = "any", parts[0]["none"]
        if (name, parts) == before:
            return {name: parts}


def is_always(atom):
    if "states" in atom:
        return not atom["states"]
    if "purchases" not in atom:
        return False
    count, cents = (atom["purchases"].get(name, {}) for name in ("count", "amount_cents"))
    return (count.get("min", 0) == 0 and count.get("max", 2**32 - 1) == 2**32 - 1
            and cents.get("min", -2**63) == -2**63 and cents.get("max", 2**63 - 1) == 2**63 - 1)


def merged(name, parts):
    """The parts with their states made one."""
    lists = [set(part["states"]) for part in parts if "states" in part]
    if not lists:
        return parts
    rest = [part for part in parts if "states" not in part]
    if name == "all":
        common = set.intersection(*lists)
        return rest + [{"states": sorted(common)}] if common else parts
    place = next(at for at, part in enumerate(parts) if "states" in part)
    return parts[:place] + [{"states": sorted(set.union(*lists))}] + [
        part for part in parts[place:] if "states" not in part]


def sought(rule, keys=None):
    """The features that a rule in force seeks, in its order, each once."""
    keys = [] if keys is None else keys
    key = rule.get("feature") or rule.get("purchases", {}).get("feature")
    if key is not None and key not in keys:
        keys.append(key)
    for part in rule.get("all", []) + rule.get("any", []):
        sought(part, keys)
    return keys


# --- One person ----------------------------------------------------------------------------------


class Person:
    """A line of the features file."""

    def __init__(self, row):
        self.id = row["user_id"].lower()
        self.state = row.get("state")
        self.born = day(row.get("date_of_birth"))
        self.seen = {}
        for feature in sorted(row["features"], key=lambda one: (one["key"], one["source"])):
            self.seen.setdefault(feature["key"], []).append(Sighting(feature))

    def belief(self, key):
        doubt = 1.0
        for sighting in self.seen.get(key, []):
            doubt *= 1.0 - sighting.confidence
        return 1.0 - doubt if key in self.seen else 0.0

    def judge(self, rule, period, today):
        """The truth of a rule, and the belief that it holds."""
        name = next((name for name in CONNECTIVES if name in rule), None)
        if name is None:
            truth, key = self.atom(rule, period, today)
            return truth, (0.0, 0.5, 1.0)[truth] * (self.belief(key) if key in self.seen else 1.0)
        judged = [self.judge(part, period, today) for part in rule[name]]
        truths = [truth for truth, _ in judged]
        if name == "all":
            return min(truths, default=MET), math.prod(belief for _, belief in judged)
        doubt = math.prod(1.0 - belief for _, belief in judged)
        greatest = max(truths, default=NOT_MET)
        return (greatest, 1.0 - doubt) if name == "any" else (MET - greatest, doubt)

    def atom(self, atom, period, today):
        """The truth of an atom, and the feature whose evidence it rests on."""
        if "states" in atom:
            if not atom["states"] or self.state in atom["states"]:
                return MET, None
            return (UNKNOWN if self.state is None else NOT_MET), None
        if "age" in atom:
            if self.born is None:
                return UNKNOWN, None
            years = age_on(self.born, day(atom["age"].get("on")) or today)
            low, high = atom["age"].get("min"), atom["age"].get("max")
            return (MET if years is not None and inside(years, low, high) else NOT_MET), None
        if "feature" in atom:
            return self.feature(atom, period), atom["feature"]
        return self.purchases(atom["purchases"]), atom["purchases"]["feature"]

    def feature(self, atom, period):
        key, need = atom["feature"], atom.get("min_count", 1)
        if key not in self.seen or self.belief(key) < atom.get("min_confidence", 0.0):
            return NOT_MET
        if atom.get("in_class_period") and period != (None, None):
            counts = [sighting.records(*period) for sighting in self.seen[key]]
        else:
            counts = [(sighting.count, sighting.count) for sighting in self.seen[key]]
        least, most = (max(column) for column in zip(*counts))
        return MET if least >= need else UNKNOWN if most >= need else NOT_MET

    def purchases(self, atom):
        key, days = atom["feature"], (day(atom.get("from")), day(atom.get("to")))
        ranges = [tuple(atom.get(name, {}).get(end) for end in ("min", "max"))
                  for name in ("count", "amount_cents")]
        bank = [one for one in self.seen.get(key, []) if one.source == "plaid"]
        if key not in self.seen:
            spans = [(0, 0), (0, 0)]
        elif not bank:
            spans = [(0, math.inf), (-math.inf, math.inf)]
        else:
            spans = [bank[0].records(*days), bank[0].cents(*days)]
        answers = []
        for (low, high), (least, most) in zip(ranges, spans):
            low = -math.inf if low is None else low
            high = math.inf if high is None else high
            answers.append(MET if low <= least and most <= high
                           else NOT_MET if most < low or high < least else UNKNOWN)
        return min(answers)


class Sighting:
    """What one source saw of one feature."""

    def __init__(self, row):
        self.key, self.source, self.confidence = row["key"], row["source"], row["confidence"]
        self.count = row.get("count", 1)
        self.first, self.last = day(row.get("first_seen")), day(row.get("last_seen"))
        self.days = [(day(one["date"]), one["count"], one.get("amount_cents")
                      if one.get("currency", "USD") == "USD" else None)
                     for one in row.get("by_day", [])]

    def newest(self):
        return max((one for one in [self.last] + [d for d, _, _ in self.days] if one), default=None)

    def records(self, start, end):
        """How many records lie between two days, at least and at most."""
        if self.days:
            count = sum(count for d, count, _ in self.days if inside(d, start, end))
            return count, count
        if start is None and end is None:
            return self.count, self.count
        known = {one for one in (self.first, self.last) if one is not None}
        if self.first and self.last and all(inside(one, start, end) for one in known):
            return self.count, self.count
        if (self.last and start and self.last < start) or (self.first and end and end < self.first):
            return 0, 0
        within = sum(inside(one, start, end) for one in known)
        least = min(within, self.count)
        return least, max(least, self.count - (len(known) - within))

    def cents(self, start, end):
        """The least and the greatest amount between two days, in US cents."""
        if not self.days:
            empty = self.records(start, end)[1] == 0
            return (0, 0) if empty else (-math.inf, math.inf)
        cents = [amount for d, _, amount in self.days if inside(d, start, end)]
        return (-math.inf, math.inf) if None in cents else (sum(cents), sum(cents))


# --- What is missing -----------------------------------------------------------------------------


def findings(person, rule, period, today, simple):
    """Every atom of a written rule: path, name, truth, whether it is excluded, missing word."""
    found = []

    def walk(part, path, excluded):
        name = next((name for name in CONNECTIVES if name in part), None)
        if name is None:
            truth, _ = person.atom(part, period, today)
            word = None
            if (MET - truth if excluded else truth) != MET:
                word = missing_word(person, part, excluded and truth == MET)
            found.append({"path": path, "part": part, "truth": truth, "excluded": excluded,
                          "word": word})
            return truth
        first = len(found)
        for at, one in enumerate(part[name]):
            walk(one, f"{path}.{name}[{at}]", excluded != (name == "none"))
        truth, _ = person.judge(part, period, today)
        if (MET - truth if excluded else truth) == MET:
            for one in found[first:]:
                one["word"] = None
        return truth

    if simple:
        for at, part in enumerate(rule["all"]):
            walk(part, "$.states" if "states" in part else f"$.required_features[{at}]", False)
    else:
        walk(rule, "$", False)
    return found


def missing_word(person, atom, is_there_but_excluded):
    if "states" in atom:
        return "excluded:state" if is_there_but_excluded else "state"
    if "age" in atom:
        if is_there_but_excluded:
            return "excluded:age"
        return "age" if person.born else "date_of_birth"
    key = atom.get("feature") or atom["purchases"]["feature"]
    if is_there_but_excluded:
        return f"excluded:{key}"
    return f"evidence:{key}" if key in person.seen else key


# --- Embeddings ----------------------------------------------------------------------------------


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & MASK
    return value


def mixed(value):
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return value ^ value >> 33


def embedding(text):
    """Words and their runs of 3 to 5 characters, hashed into places with a sign."""
    letters = "".join(c if c.isalnum() else " " for c in text.lower())
    counts = {}
    for word in letters.split():
        grams = [b"w" + word.encode()]
        padded = f" {word} "
        for size in (3, 4, 5):
            grams += [b"n" + padded[at:at + size].encode() for at in range(len(padded) - size + 1)]
        for gram in grams:
            value = mixed(fnv1a(gram))
            counts[value] = counts.get(value, 0) + 1
    vector = [0.0] * DIMENSION
    for value, count in counts.items():
        sign = -1.0 if value & 1 else 1.0
        vector[value * DIMENSION >> 64] += sign * math.sqrt(count)
    return normalised(vector)


def normalised(vector):
    length = math.sqrt(sum(x * x for x in vector))
    return [x / length for x in vector] if length > 0 else vector


def words(key):
    return key.split(":", 1)[1].replace("_", " ")


# --- The answer ----------------------------------------------------------------------------------


class Settlement:
    """A row of the settlement file."""

    def __init__(self, row):
        derived = uuid.uuid5(NAMESPACE, f"{row.get('claim_url') or ''}\n{row['title']}")
        self.row, self.id = row, (row.get("id") or str(derived)).lower()
        written = plain(row["eligibility"])
        self.in_force = optimised(written)
        self.sought = sought(self.in_force)
        self.simple = simple_form(self.in_force)
        self.written = self.simple or written
        period = row.get("class_period") or {}
        self.period = (day(period.get("start")), day(period.get("end")))
        self.deadline = deadline_moment(row.get("deadline"))
        lists = [row.get(name) or [] for name in ("covered_brands", "aliases", "tags")]
        texts = [row[name] for name in ("summary_text", "eligibility_text") if row.get(name)]
        parts = [row["title"], *sum(lists, []), *texts, *map(words, self.sought)]
        self.embedding = embedding(" ".join(parts))

    def is_open(self, now):
        is_late = self.deadline is not None and self.deadline < now
        return self.row.get("status", "open") == "open" and not is_late


def simple_form(rule):
    """The `all` of bare features and one list of states, where the rule is no more than that."""
    parts = rule["all"] if "all" in rule else [rule]
    features = [part for part in parts if set(part) == {"feature"}]
    states = [part for part in parts if "states" in part]
    if len(states) > 1 or len(features) + len(states) < len(parts):
        return None
    return {"all": features + (states or [{"states": []}])}


def signals(person, person_embedding, settlement, belief, now):
    row = settlement.row
    support = [one for key in settlement.sought for one in person.seen.get(key, [])]
    newest = max((one.newest() for one in support if one.newest()), default=None)
    age = None if newest is None else max(0, (now.date() - newest).days)
    count = sum(one.count for one in support)
    within = sum(one.records(*settlement.period)[0] for one in support)
    total = sum(sum(n for _, n, _ in one.days) if one.days else one.count for one in support)
    low, high = row.get("payout_min_cents") or None, row.get("payout_max_cents") or None
    expected = ((low + high) / 2 if low and high else high / 2 if high else low or 1000)
    left = None
    if settlement.deadline is not None and settlement.deadline >= now:
        left = (settlement.deadline - now) / timedelta(days=1)
    proof = {"none": 0.5, "optional": 0.4, None: 0.3, "required": 0.1}[row.get("proof")]
    cosine = sum(a * b for a, b in zip(person_embedding, settlement.embedding))
    return {
        "rules_confidence": belief,
        "similarity": (1 + cosine) / 2,
        "recency": 0.0 if age is None else 2 ** (-age / 365),
        "frequency": count / (count + 3),
        "class_period": (1.0 if settlement.period == (None, None)
                         else within / total if total else 0.0),
        "payout": min(1.0, math.log1p(expected) / math.log1p(1_000_000)),
        "urgency": 0.0 if left is None else 2 ** (-left / 30),
        "ease": (0.5 if row.get("claim_url") else 0.0) + proof,
    }


def weight(variant, signal, weights):
    """The weight of a signal in a variant; None where the variant does not look at it."""
    fixed = {"rules_only": {"rules_confidence": 1.0},
             "rules_vector": {"rules_confidence": 0.85, "similarity": 0.15}}
    return fixed[variant].get(signal) if variant in fixed else weights[signal]


def answer(settlements, person, variant="rules_vector_ranker", weights=None, top=20,
           include_closed=False, near_misses=True, now=NOW, similarity=None):
    """The answer for one person. `similarity` may give that signal by settlement id, where
    another precision than this one's would put ties in another order."""
    now, weights = moment(now), weights or DEFAULT_WEIGHTS
    vector = [0.0] * DIMENSION
    for key in sorted(person.seen):
        belief = person.belief(key)
        vector = [a + belief * b for a, b in zip(vector, embedding_of_key(key))]
    vector = normalised(vector)
    eligible, near = [], []
    for one in settlements:
        if not (include_closed or one.is_open(now)):
            continue
        truth, belief = person.judge(one.in_force, one.period, now.date())
        has = [key for key in one.sought if key in person.seen]
        if one.sought and not has and truth == NOT_MET:
            continue
        values = signals(person, vector, one, belief, now)
        if similarity is not None:
            values["similarity"] = similarity[one.id]
        told = result(person, one, truth, has, values, variant, weights, now)
        (eligible if truth == MET else near).append(told)
    order = lambda told: (told["reasons"]["truth"] == "not_met", -told["score"],
                          told["settlement_id"])
    results = sorted(eligible, key=order)[:top]
    told = {"user_id": person.id, "variant": variant, "candidate_count": len(eligible),
            "result_count": len(results), "results": results}
    if near_misses:
        told["near_misses"] = sorted(near, key=order)[:top]
    return told


def embedding_of_key(key, known={}):
    if key not in known:
        known[key] = embedding(words(key))
    return known[key]


def result(person, settlement, truth, has, values, variant, weights, now):
    parts = []
    for signal in SIGNALS:
        factor = weight(variant, signal, weights)
        if factor is not None:
            parts.append({"signal": signal, "value": values[signal], "weight": factor,
                          "contribution": factor * values[signal]})
    score = 0.0
    for part in parts:  # sum() compensates from Python 3.12 on: other last bits.
        score += part["contribution"]
    score = min(1.0, max(0.0, score))
    found = findings(person, settlement.written, settlement.period, now.date(), settlement.simple)
    atoms = {"met": [], "unknown": [], "blocked": []}
    for one in found:
        part = one["part"]
        name = part.get("feature") or part.get("purchases", {}).get("feature") or next(iter(part))
        told = {"path": one["path"], "atom": name}
        if one["word"] is not None:
            told["missing"] = one["word"]
        effect = MET - one["truth"] if one["excluded"] else one["truth"]
        atoms[("blocked", "unknown", "met")[effect]].append(told)
    groups = [atom for group in ("all",) for atom in settlement.in_force.get(group, [])]
    states = [part["states"] for part in groups or [settlement.in_force] if "states" in part]
    state = all(not one or person.state in one for one in states)
    reasons = {"matched_features": has, "predicate_passes": {"state": state},
               "confidence_breakdown": {"rules": values["rules_confidence"]}, "score": score,
               "truth": TRUTHS[truth], "contributions": parts, "atoms": atoms}
    reasons.update((name, values[name]) for name in SIGNALS[1:])
    missing = list(dict.fromkeys(one["word"] for one in found if one["word"]))
    return {"settlement_id": settlement.id, "score": score, "signals": values, "reasons": reasons,
            "missing": missing}


def table(settlement_files, features_file):
    """For each person, by title: the scores of the ranker, and what is missing of near misses."""
    settlements = []
    for path in settlement_files:
        with open(path, encoding="utf-8") as file:
            settlements += [Settlement(row) for row in json.load(file)]
    titles = {one.id: one.row["title"] for one in settlements}
    people = {}
    with open(features_file, encoding="utf-8") as file:
        for line in filter(str.strip, file):
            told = answer(settlements, Person(json.loads(line)), top=len(settlements))
            people[told["user_id"]] = {
                "eligible": [[titles[one["settlement_id"]], round(one["score"], 9)]
                             for one in told["results"]],
                "near_misses": [[titles[one["settlement_id"]], one["reasons"]["truth"],
                                 one["missing"]] for one in told["near_misses"]],
            }
    return {"now": NOW, "variant": "rules_vector_ranker", "people": people}


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    print(json.dumps(table(sys.argv[1:-1], sys.argv[-1]), indent=1, ensure_ascii=False))
