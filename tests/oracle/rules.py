"""The predicate language in three answers, as `docs/rules/predicates.md` states it.

In: a rule as the settlement file has it, and a `Person`. Out: its truth, its belief, the features
it seeks, and the words for what is missing. A rule is a nested tuple here, so that equal rules are
equal values: `("all", parts)`, `("feature", key, confidence, count, in_period)` and so on.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timezone

NOT_MET, UNKNOWN, MET = 0, 1, 2
TRUTH_NAMES = ("not_met", "unknown", "met")
ALWAYS, NEVER = ("all", ()), ("any", ())
CENTS = (-(2**63), 2**63 - 1)
COUNTS = (0, 2**32 - 1)
CONNECTIVES = ("all", "any", "none")


# --- What is known of a person -------------------------------------------------------------------


@dataclass
class Sighting:
    """What one source saw of one feature; `days` are (day, count, cents or None, currency)."""

    source: str
    confidence: float
    count: int = 1
    first: date | None = None
    last: date | None = None
    days: tuple = ()

    def bounds(self, begin, end):
        """The least and the most number of records from `begin` to `end`, both included."""
        if self.days:
            inside = sum(row[1] for row in self.days if is_inside(row[0], begin, end))
            return inside, inside
        if begin is None and end is None:
            return self.count, self.count
        known = {day for day in (self.first, self.last) if day is not None}
        if self.first is not None and self.last is not None:
            if is_inside(self.first, begin, end) and is_inside(self.last, begin, end):
                return self.count, self.count
        if begin is not None and self.last is not None and self.last < begin:
            return 0, 0
        if end is not None and self.first is not None and self.first > end:
            return 0, 0
        inside = sum(is_inside(day, begin, end) for day in known)
        least = min(inside, self.count)
        return least, max(least, self.count - (len(known) - inside))

    def newest(self):
        """The newest day on which something is known to have happened, or nothing."""
        days = [row[0] for row in self.days] + [self.last]
        return max((day for day in days if day is not None), default=None)


@dataclass
class Person:
    """What matching knows of a person: the sightings of each feature, by its key.

    `vector` has room for the person's embedding, once it is computed.
    """

    user_id: str
    state: str | None = None
    born: date | None = None
    sightings: dict = field(default_factory=dict)
    vector: list | None = None

    def belief(self, key):
        """How sure it is that the person has the feature, from all sources."""
        doubt = 1.0
        for sighting in self.sightings.get(key, ()):
            doubt *= 1.0 - sighting.confidence
        return 1.0 - doubt


@dataclass(frozen=True)
class Setting:
    """Against what a rule is held: the day of matching, and the class period or nothing."""

    today: date
    period: tuple | None = None


def is_inside(day, begin, end):
    """Whether a day lies between two days, both included; nothing is no end."""
    return (begin is None or begin <= day) and (end is None or day <= end)


def day_of(text):
    """The day of a date, or the UTC day of an instant."""
    if text is None:
        return None
    if len(text) == 10:
        return date.fromisoformat(text)
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc).date()


def read_person(row):
    """A person from a line of the features file."""
    person = Person(row["user_id"].lower(), row.get("state"), day_of(row.get("date_of_birth")))
    for one in row["features"]:
        days = tuple((day_of(entry["date"]), entry["count"], entry.get("amount_cents"),
                      entry.get("currency", "USD")) for entry in one.get("by_day", ()))
        person.sightings.setdefault(one["key"], []).append(Sighting(
            one["source"], one["confidence"], one.get("count", 1),
            day_of(one.get("first_seen")), day_of(one.get("last_seen")), days))
    for sightings in person.sightings.values():
        sightings.sort(key=lambda sighting: sighting.source)
    return person


# --- Reading a rule ------------------------------------------------------------------------------


def read_rule(body):
    """A rule as it is written, from its JSON form."""
    if "required_features" in body:
        keys = dict.fromkeys(body["required_features"])
        parts = [("feature", key, None, None, False) for key in keys]
        return ("all", (*parts, ("states", frozenset(body["states"]))))
    [(name, value)] = [item for item in body.items() if item[0] in (
        *CONNECTIVES, "feature", "states", "age", "purchases", "ask")]
    if name in CONNECTIVES:
        return (name, tuple(read_rule(part) for part in value))
    if name == "feature":
        return (name, value, body.get("min_confidence"), body.get("min_count"),
                body.get("in_class_period", False))
    if name == "states":
        return (name, frozenset(value))
    if name == "ask":
        return (name, value)
    if name == "age":
        return (name, value.get("min"), value.get("max"), day_of(value.get("on")))
    return (name, value["feature"], day_of(value.get("from")), day_of(value.get("to")),
            read_range(value.get("count"), COUNTS), read_range(value.get("amount_cents"), CENTS))


def read_range(body, extremes):
    """Both ends of a range; one that no number of this size can miss is no end."""
    ends = ((body or {}).get("min"), (body or {}).get("max"))
    return tuple(None if end == extreme else end for end, extreme in zip(ends, extremes))


# --- Truth and belief ----------------------------------------------------------------------------


def truth(rule, person, setting):
    """The answer of a rule, over what is known of a person."""
    name = rule[0]
    if name not in CONNECTIVES:
        return ATOMS[name](rule, person, setting)
    parts = [truth(part, person, setting) for part in rule[1]]
    if name == "all":
        return min(parts, default=MET)
    greatest = max(parts, default=NOT_MET)
    return greatest if name == "any" else MET - greatest


def belief(rule, person, setting):
    """How far the rule in force is believed to hold, in [0, 1]."""
    name = rule[0]
    product = 1.0
    if name in CONNECTIVES:
        for part in rule[1]:
            held = belief(part, person, setting)
            product *= held if name == "all" else 1.0 - held
        return 1.0 - product if name == "any" else product
    held = truth(rule, person, setting) / MET
    if name == "feature" or (name == "purchases" and rule[1] in person.sightings):
        held *= person.belief(rule[1])
    return held


def feature_truth(rule, person, setting):
    """Whether a feature was seen as surely and as often as the atom asks for."""
    _, key, min_confidence, min_count, in_period = rule
    sightings = person.sightings.get(key)
    if not sightings:
        return NOT_MET
    if min_confidence is not None and person.belief(key) < min_confidence:
        return NOT_MET
    bounds = [(sighting.count, sighting.count) for sighting in sightings]
    if in_period and setting.period is not None:
        bounds = [sighting.bounds(*setting.period) for sighting in sightings]
    wanted = 1 if min_count is None else min_count
    if max(least for least, _ in bounds) >= wanted:
        return MET
    return UNKNOWN if max(most for _, most in bounds) >= wanted else NOT_MET


def states_truth(rule, person, _):
    """Whether the person lives in one of the states; an empty list is every state."""
    states = rule[1]
    if not states or person.state in states:
        return MET
    return UNKNOWN if person.state is None else NOT_MET


def age_truth(rule, person, setting):
    """Whether the age in whole years lies in the range."""
    _, lowest, highest, on = rule
    if person.born is None:
        return UNKNOWN
    day = on or setting.today
    if person.born > day:
        return NOT_MET
    age = day.year - person.born.year
    age -= (day.month, day.day) < (person.born.month, person.born.day)
    passes = (lowest is None or age >= lowest) and (highest is None or age <= highest)
    return MET if passes else NOT_MET


def purchases_truth(rule, person, _):
    """Whether the bank's count and amount lie in their ranges."""
    _, key, begin, end, count_range, amount_range = rule
    sightings = person.sightings.get(key, ())
    bank = [sighting for sighting in sightings if sighting.source == "plaid"]
    count, amount = (0, 0), (0, 0)
    if sightings and not bank:
        count, amount = (0, None), (None, None)
    elif bank:
        count, amount = bank[0].bounds(begin, end), amount_bounds(bank[0], begin, end)
    answers = (place_in(count, count_range), place_in(amount, amount_range))
    return min(answers)


def amount_bounds(sighting, begin, end):
    """The lowest and the highest amount in US cents; nothing where it is not bounded."""
    inside = [row for row in sighting.days if is_inside(row[0], begin, end)]
    if sighting.days and all(row[2] is not None and row[3] == "USD" for row in inside):
        return (sum(row[2] for row in inside),) * 2
    if not sighting.days and sighting.bounds(begin, end)[1] == 0:
        return 0, 0
    return None, None


def place_in(value, wanted):
    """Whether a number between two bounds lies in a range: surely, perhaps or not."""
    (low, high), (least, most) = value, wanted
    if (least is not None and high is not None and high < least) or (
            most is not None and low is not None and low > most):
        return NOT_MET
    surely = (least is None or (low is not None and low >= least)) and (
        most is None or (high is not None and high <= most))
    return MET if surely else UNKNOWN


def ask_truth(_rule, _person, _setting):
    """Only the person can answer, and nothing that is known of them does."""
    return UNKNOWN


ATOMS = {"feature": feature_truth, "states": states_truth, "age": age_truth,
         "purchases": purchases_truth, "ask": ask_truth}


# --- The rule in force ---------------------------------------------------------------------------


def optimise(rule):
    """The rule in force: the same answers for everybody, in the form that belief is taken from."""
    while True:
        simpler = optimise_once(rule)
        if simpler == rule:
            return rule
        rule = simpler


def optimise_once(rule):
    """The rule with each step of the list in the rules page taken once, from the inside out."""
    name = rule[0]
    if name not in CONNECTIVES:
        return ALWAYS if is_always_met(rule) else rule
    parts = opened(name, [optimise_once(part) for part in rule[1]])
    parts = merged_states(name, list(dict.fromkeys(parts)))
    deciding, neutral = (NEVER, ALWAYS) if name == "all" else (ALWAYS, NEVER)
    if deciding in parts:
        return ALWAYS if name == "any" else NEVER
    parts = tuple(part for part in parts if part != neutral)
    if not parts:
        return NEVER if name == "any" else ALWAYS
    if len(parts) == 1:
        if name != "none":
            return parts[0]
        if parts[0][0] == "none":
            return ("any", parts[0][1])
    return (name, parts)


def is_always_met(atom):
    """Whether an atom holds for everybody, whatever is known of them."""
    if atom[0] == "states":
        return not atom[1]
    if atom[0] != "purchases":
        return False
    return atom[4] == atom[5] == (None, None)


def opened(name, parts):
    """Parts of an inner connective of the same kind become parts of the outer one."""
    inner = "all" if name == "all" else "any"
    result = []
    for part in parts:
        result += part[1] if part[0] == inner else (part,)
    return result


def merged_states(name, parts):
    """The parts of a connective with their lists of states made one."""
    lists = [part[1] for part in parts if part[0] == "states"]
    if not lists:
        return parts
    others = [part for part in parts if part[0] != "states"]
    if name == "all":
        limits = [states for states in lists if states]
        common = frozenset.intersection(*limits) if limits else frozenset()
        return parts if limits and not common else [*others, ("states", common)]
    every = frozenset() if not all(lists) else frozenset.union(*lists)
    place = [part[0] for part in parts].index("states")
    return [*others[:place], ("states", every), *others[place:]]


def simple_form(rule):
    """A rule in force as its features and, last, its states; nothing where it says more."""
    parts = rule[1] if rule[0] == "all" else (rule,)
    features = [part for part in parts if part[0] == "feature"]
    states = [part for part in parts if part[0] == "states"]
    bare = all(part[2:] == (None, None, False) for part in features)
    if not bare or len(states) > 1 or len(features) + len(states) < len(parts):
        return None
    return ("all", (*features, *states))


def sought(rule):
    """The keys that a rule asks for and that do not stand under `none`, each once, in order."""
    if rule[0] in ("feature", "purchases"):
        return [rule[1]]
    keys = [key for part in rule[1] for key in sought(part)] if rule[0] in ("all", "any") else []
    return list(dict.fromkeys(keys))


def passing_states(rule, person, setting):
    """Whether every list of states that the rule reaches through `all` admits the person."""
    if rule[0] == "all":
        return all(passing_states(part, person, setting) for part in rule[1])
    return rule[0] != "states" or truth(rule, person, setting) == MET


# --- What is told --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """One atom of the rule as it is told: where it stands, what it is about, and how it fares.

    Under `none` the truth is the opposite of the atom's own. `word` says what is missing, and is
    nothing where the atom does not keep the rule from being met.
    """

    path: str
    label: str
    truth: int
    word: str | None


def told_atoms(body, person, setting):
    """Every atom of a rule, in the order in which it is told."""
    written = read_rule(body)
    simple = simple_form(optimise(written))
    if simple is None:
        is_open = truth(written, person, setting) != MET
        return list(walk(written, "$", person, setting, False, is_open))
    is_open = truth(simple, person, setting) != MET
    told = []
    for place, part in enumerate(simple[1]):
        path = "$.states" if part[0] == "states" else f"$.required_features[{place}]"
        told += walk(part, path, person, setting, False, is_open)
    if not any(one.label == "states" for one in told):
        told.append(Told("$.states", "states", MET, None))
    return told


def walk(rule, path, person, setting, reverse, is_open):
    """The atoms of a rule that should hold, or with `reverse` of one that should not.

    `is_open` says whether the rule keeps the whole from being met.
    """
    name = rule[0]
    if name not in CONNECTIVES:
        answer = truth(rule, person, setting)
        answer = MET - answer if reverse else answer
        missing = word(rule, person, setting, reverse) if is_open and answer != MET else None
        label = rule[1] if name in ("feature", "purchases") else name
        yield Told(path, label, answer, missing)
        return
    # A `none` asks of its parts what an `all` asks of their opposites.
    inner = reverse != (name == "none")
    wants_one = name == ("all" if reverse else "any") or (name == "none" and reverse)
    settled = NOT_MET if inner else MET
    for place, part in enumerate(rule[1]):
        is_part_open = wants_one or truth(part, person, setting) != settled
        yield from walk(part, f"{path}.{name}[{place}]", person, setting, inner,
                        is_open and is_part_open)


def word(atom, person, setting, reverse):
    """The word for an atom that keeps a rule from being met."""
    name = atom[0]
    answer = truth(atom, person, setting)
    is_feature = name in ("feature", "purchases")
    if reverse and answer == MET:
        return f"excluded:{atom[1] if is_feature else name.removesuffix('s')}"
    if is_feature:
        seen = atom[1] in person.sightings
        return f"evidence:{atom[1]}" if seen else atom[1]
    if name == "states":
        return "state"
    if name == "ask":
        return "answer"
    return "date_of_birth" if answer == UNKNOWN else "age"


def missing_words(told):
    """What is missing, each word once."""
    return list(dict.fromkeys(one.word for one in told if one.word is not None))
