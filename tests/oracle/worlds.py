"""Random worlds for the whole predicate language, from a seed.

Out: settlements as `signals.Case` values (each with its row of the file) and people as rows of the
features file. Days, ages and bounds come from small pools around each other, so that ends of
ranges, leap days, `now` and the future are hit often.
"""

from datetime import date, timedelta

import rules
from common import STATES, deadline, random_uuid
from signals import Case

ALL_STATES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM"
    " NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI").split()
DAYS = ("2023-12-31", "2024-01-01", "2024-02-28", "2024-02-29", "2024-03-01", "2024-12-31",
        "2025-01-01", "2025-06-15", "2026-01-31", "2026-02-01")
FUTURE_DAYS = ("2026-02-02", "2027-01-01")
BIRTHS = ("1960-07-04", "1984-03-12", "2007-12-31", "2008-01-31", "2008-02-01", "2008-02-02",
          "2008-02-28", "2008-02-29", "2008-03-01", "2024-02-29", "2026-02-01", "2026-03-01")
AGE_DAYS = ("2008-02-28", "2008-02-29", "2009-02-28", "2009-03-01", "2024-02-28", "2024-02-29",
            "2026-02-28", "2026-03-01", "2040-02-29")
QUESTIONS = ("Did you work there?", "Did a letter come?")
AGES = (0, 1, 15, 16, 17, 18, 32, 65, 150)
COUNTS = (1, 1, 2, 2, 3, 4, 5, 8)
EXTREMES = (-(2**63), 2**63 - 1)
AMOUNTS = (-500, -1, 0, 1, 999, 1000, 1001, 2500, 5000)
CONFIDENCES = (0, 0.3, 0.5, 0.75, 0.8, 0.9, 0.95, 1)
WORDS = (
    "data", "breach", "Fees", "overdraft", "hidden", "CAF\u00c9", "\u00c5land", "privacy", "3G",
    "t\u00e9l\u00e9phone", "AT&T", "late-fee", "2024", "\u65e5\u672c\u8a9e", "Stra\u00dfe",
    "o'clock", "a", "\u0130zmir", "\u039f\u0394\u039f\u03a3", "refund", "gift cards", "...",
    "\u00bd price", "x\u00a0y", "\U0001f355")
BRANDS = ("uber", "lyft", "at_t", "mcdonald_s", "paramount_plus", "walmart", "7_eleven", "kfc",
          "amazon", "h_m", "overdraft_bank", "cafe_1")
KEYS = tuple(f"merchant:{brand}" for brand in BRANDS) + (
    "category:gambling", "category:data_breach", "subscription:active", "subscription:prime")


def some(rng, chance):
    """True in that share of the cases."""
    return rng.random() < chance


def key_of(rng):
    """A key; those in front come up more often."""
    return KEYS[int(len(KEYS) * rng.random() ** 1.6)]


def bounds(rng, pool, names=("min", "max")):
    """A range with one or both ends, in order."""
    low, high = sorted((rng.choice(pool), rng.choice(pool)))
    return rng.choice(({names[0]: low}, {names[0]: low}, {names[1]: high},
                       {names[0]: low, names[1]: high}))


# --- Rules ---------------------------------------------------------------------------------------


def feature_atom(rng):
    """A feature atom, bare or with bounds."""
    atom = {"feature": key_of(rng)}
    if some(rng, 0.25):
        atom["min_confidence"] = rng.choice(CONFIDENCES)
    if some(rng, 0.35):
        atom["min_count"] = rng.choice(COUNTS)
    if some(rng, 0.35):
        atom["in_class_period"] = some(rng, 0.9)
    return atom


def states_atom(rng):
    """A list of states: none, some, now and then one of them twice, or every one there is."""
    if some(rng, 0.07):
        return {"states": []}
    if some(rng, 0.03):
        return {"states": rng.sample(ALL_STATES, len(ALL_STATES))}
    return {"states": [rng.choice(STATES) for _ in range(rng.choice((1, 3, 5, 7)))]}


def age_atom(rng):
    """An age atom, now and then on a day of its own."""
    body = bounds(rng, AGES)
    if some(rng, 0.4):
        body["on"] = rng.choice(AGE_DAYS)
    return {"age": body}


def purchases_atom(rng):
    """A purchases atom with a bound of the count, of the amount, or of both."""
    body = {"feature": key_of(rng)}
    if some(rng, 0.7):
        body.update(bounds(rng, DAYS + FUTURE_DAYS, ("from", "to")))
    form = rng.randrange(3)
    if form != 1:
        body["count"] = bounds(rng, (0, *COUNTS) + ((2**32 - 1,) if some(rng, 0.05) else ()))
    if form != 0:
        body["amount_cents"] = bounds(rng, AMOUNTS + (EXTREMES if some(rng, 0.1) else ()))
    return {"purchases": body}


def ask_atom(rng):
    """A question that only the person can answer."""
    return {"ask": rng.choice(QUESTIONS)}


def predicate(rng, depth):
    """Any predicate of at most so many levels above its atoms."""
    if depth == 0 or some(rng, 0.35):
        atom = rng.choices((feature_atom, states_atom, age_atom, purchases_atom, ask_atom),
                           (45, 20, 12, 23, 4))[0]
        return atom(rng)
    name = rng.choices(rules.CONNECTIVES, (40, 38, 22))[0]
    parts = [predicate(rng, depth - 1) for _ in range(rng.choice((1, 2, 2, 3, 3, 4)))]
    if some(rng, 0.15):
        parts.append(rng.choice(parts))
    if name != "any" and some(rng, 0.04):
        parts = []
    return {name: parts}


def wrapped(rng, body, levels):
    """The same rule, deep inside connectives of one part: `none`s in pairs."""
    while levels > 1:
        name = rng.choice(rules.CONNECTIVES)
        body = {"none": [{"none": [body]}]} if name == "none" else {name: [body]}
        levels -= 2 if name == "none" else 1
    return body


def eligibility(rng):
    """A rule that somebody may meet: the simple form, bare parts, or anything."""
    form = rng.random()
    if form < 0.2:
        keys = [key_of(rng) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
        return {"required_features": keys, "states": states_atom(rng)["states"]}
    while True:
        body = predicate(rng, rng.choice((0, 1, 2, 2, 3, 4)))
        if form < 0.3:
            body = {"all": [{"feature": key_of(rng)}, {"all": [states_atom(rng)]},
                            {"feature": key_of(rng)}]}
        if form > 0.97:
            body = wrapped(rng, body, 24)
        if rules.optimise(rules.read_rule(body)) != rules.NEVER:
            return body


# --- Settlements ---------------------------------------------------------------------------------


def phrase(rng, most):
    """One to so many words."""
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, most)))


def settlement(rng, number):
    """A settlement as a `Case`, with any of the fields that a row may have."""
    row = {"title": f"{phrase(rng, 4)} {number}", "eligibility": eligibility(rng)}
    if some(rng, 0.8):
        row["id"] = written_id(rng)
    last = None
    if some(rng, 0.5):
        row["deadline"], last = deadline(rng)
    if some(rng, 0.1):
        row["status"] = rng.choice(("closed", "pending", "paid", "cancelled", "open"))
    if some(rng, 0.6):
        row["claim_url"] = f"https://claim.example/{number}"
    row.update(texts(rng))
    row.update(payout(rng))
    if some(rng, 0.6):
        row["class_period"] = bounds(rng, DAYS + FUTURE_DAYS[:1], ("start", "end"))
    elif some(rng, 0.06):
        row["class_period"] = {}
    proof = rng.choice((None, "none", "optional", "required"))
    if proof is not None:
        row["proof"] = proof
    if some(rng, 0.15):
        row["embedding"] = [rng.uniform(-1, 1) for _ in range(rng.choice((3, 384)))]
    return Case(row, last)


def texts(rng):
    """Texts of a settlement, some of them empty."""
    row = {}
    for name, most in (("covered_brands", 2), ("aliases", 2), ("tags", 3)):
        if some(rng, 0.4):
            row[name] = [phrase(rng, 2) for _ in range(rng.randint(0, most))]
    for name, most in (("summary_text", 12), ("eligibility_text", 8)):
        if some(rng, 0.4):
            row[name] = phrase(rng, most)
    return row


def payout(rng):
    """What may be paid: unknown, nothing, one cent, the most that is told apart, and beyond."""
    row = {}
    low = rng.choice((None, None, 0, 1, 500, 2500))
    high = rng.choice((None, None, 0, 1, 500, 2500, 99_999, 10**6, 2 * 10**6, 10**12))
    if low is not None and (high is None or low <= high):
        row["payout_min_cents"] = low
    if high is not None:
        row["payout_max_cents"] = high
    return row


def settlements(rng, count):
    """Settlements, some of them twins that only their ids tell apart, so that scores tie."""
    cases = []
    for number in range(count):
        if cases and some(rng, 0.12):
            twin = rng.choice(cases)
            cases.append(Case({**twin.row, "id": written_id(rng)}, twin.last))
        else:
            cases.append(settlement(rng, number))
    return cases


def written_id(rng):
    """A UUID, now and then in upper case."""
    text = random_uuid(rng)
    return text.upper() if some(rng, 0.2) else text


# --- People --------------------------------------------------------------------------------------


def seen_day(rng):
    """A day as a text, now and then one that lies ahead."""
    return rng.choice(DAYS + FUTURE_DAYS if some(rng, 0.2) else DAYS)


def seen_instant(rng):
    """An instant whose UTC day is one of the pool, though another day is written now and then."""
    text = seen_day(rng)
    before = date.fromisoformat(text) - timedelta(days=1)
    return rng.choice((f"{text}T23:59:59.999999Z", f"{text}T00:00:00Z",
                       f"{before}T19:00:00-05:00", f"{text}T04:59:59-18:00"))


def by_day(rng, source):
    """Days of a feature: each currency of a day once, with refunds and unknown amounts."""
    days = {}
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        entry = {"date": seen_day(rng), "count": rng.choice((0, 1, 1, 1, 2, 4))}
        currency = None
        if source == "plaid" and some(rng, 0.9):
            currency = rng.choice((None, None, None, None, "USD", "EUR"))
            entry["amount_cents"] = rng.choice((-2500, -1, 0, 1, 500, 999, 1000, 1001, 2500))
        if currency is not None:
            entry["currency"] = currency
        days[(entry["date"], currency or "USD")] = entry
    return list(days.values())


def sighting(rng, key, source):
    """A feature of a person from one source, with days, without, or with some of them."""
    row = {"key": key, "source": source, "confidence": rng.choice(CONFIDENCES)}
    if some(rng, 0.8):
        row["count"] = rng.choice(COUNTS)
    seen = seen_instant if some(rng, 0.2) else seen_day
    first, last = sorted((seen(rng), seen(rng)), key=rules.day_of)
    if some(rng, 0.6):
        row["first_seen"] = first
    if some(rng, 0.6):
        row["last_seen"] = last
    if some(rng, 0.45):
        row["by_day"] = by_day(rng, source)
    elif some(rng, 0.1):
        row["by_day"] = []
    return row


def person(rng):
    """A line of the features file: some without a state, a birthday, days or any feature."""
    row = {"user_id": written_id(rng), "features": []}
    if some(rng, 0.75):
        row["state"] = rng.choice(STATES)
    if some(rng, 0.75):
        row["date_of_birth"] = rng.choice(BIRTHS)
    keys = {key_of(rng) for _ in range(rng.choice((0, 1, 3, 6, 10, 20, 40)))}
    for key in sorted(keys):
        for source in rng.choice((["plaid"], ["gmail"], ["gmail", "plaid"])):
            row["features"].append(sighting(rng, key, source))
    rng.shuffle(row["features"])
    return row
