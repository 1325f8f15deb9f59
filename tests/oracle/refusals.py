"""What has to be refused: rows that say nothing, too much, or what nobody can meet.

In: the command, a folder for files, and the seeds of random rules. Out: how many refusals were
compared. A refusal has the code of `docs/errors.md` and the JSON path of what is wrong.
"""

import json
import random

import rules
import worlds
from common import NOW, Difference, instant, same, write

PERSON_ID = "00000000-0000-4000-8000-000000000001"
KEY = "merchant:uber"
FEATURE = {"feature": KEY}
RULES_OF_A_SEED = 60
LEVELS_MAX = 32


def purchases(**body):
    """A purchases atom."""
    return {"purchases": {"feature": KEY, **body}}


def nested(levels):
    """An age under so many levels of `all`."""
    return {"age": {"min": 18}} if levels == 1 else {"all": [nested(levels - 1)]}


def simple(**changes):
    """A rule in the simple form."""
    return {"required_features": [KEY], "states": [], **changes}


# A rule, the code of its refusal, and where in the rule.
BAD_RULES = (
    ({"any": []}, "empty_any", ""),
    ({"all": [FEATURE, {"any": []}]}, "empty_any", ".all[1]"),
    ({"some": []}, "unknown_atom", ""),
    ({"none": [{"all": []}]}, "never_met", ""),
    ({"all": [FEATURE, {"none": [{"states": []}]}]}, "never_met", ""),
    ({"none": [purchases(count={"min": 0})]}, "never_met", ""),
    ({"age": {}}, "open_range", ".age"),
    ({"age": {"min": 3, "max": 2}}, "reversed_range", ".age"),
    ({"age": {"min": -1}}, "out_of_range", ".age.min"),
    ({"age": {"min": 18, "on": "2025-02-29"}}, "invalid_date", ".age.on"),
    (purchases(), "open_range", ".purchases"),
    (purchases(count={}), "open_range", ".purchases.count"),
    (purchases(count={"min": 2, "max": 1}), "reversed_range", ".purchases.count"),
    (purchases(count={"min": -1}), "out_of_range", ".purchases.count.min"),
    (purchases(amount_cents={"min": 1, "max": -1}), "reversed_range", ".purchases.amount_cents"),
    (purchases(count={"min": 1}, to="2024-01-01", **{"from": "2024-01-02"}), "reversed_range",
     ".purchases"),
    ({"ask": ""}, "empty_text", ".ask"),
    ({"ask": "x" * 301}, "too_large", ".ask"),
    ({"ask": "Why?", "states": []}, "unknown_atom", ""),
    ({**FEATURE, "min_count": 0}, "out_of_range", ".min_count"),
    ({**FEATURE, "min_confidence": 1.5}, "invalid_confidence", ".min_confidence"),
    ({**FEATURE, "at_least": 2}, "unknown_field", ""),
    ({"feature": "uber"}, "feature_key_kind", ".feature"),
    ({"states": ["CA", "ZZ"]}, "unknown_state", ".states[1]"),
    (simple(states=["ca"]), "unknown_state", ".states[0]"),
    (nested(LEVELS_MAX + 1), "too_deep", ".all[0]" * LEVELS_MAX),
)
GOOD_RULES = ({"all": []}, {"none": []}, {"states": []}, {"all": [{"states": ["NY"]},
              {"states": ["CA"]}]}, nested(LEVELS_MAX), purchases(count={"min": 0}),
              purchases(count={"max": 0}), {"age": {"min": 0}}, {"ask": "x" * 300}, simple())

# Changes of a good feature, the code of the refusal, and where in the line.
BAD_FEATURES = (
    ({"count": 0}, "out_of_range", ".count"),
    ({"count": -1}, "out_of_range", ".count"),
    ({"confidence": 1.01}, "invalid_confidence", ".confidence"),
    ({"source": "bank"}, "unknown_source", ".source"),
    ({"first_seen": "2024-01-02", "last_seen": "2024-01-01"}, "reversed_range", ""),
    ({"by_day": [{"date": "2024-01-01", "count": -1}]}, "out_of_range", ".by_day[0].count"),
    ({"by_day": [{"date": "2024-01-01"}]}, "missing_field", ".by_day[0]"),
    ({"by_day": [{"date": "2024-01-01", "count": 1}] * 2}, "duplicate_day", ".by_day"),
    ({"by_day": [{"date": "2023-02-29", "count": 1}]}, "invalid_date", ".by_day[0].date"),
)
GOOD_FEATURE = {"key": KEY, "source": "plaid", "confidence": 0.8}


def refused(command, folder, rows, lines):
    """The code and the path of each refused row, as the command tells them; empty if none is."""
    settlements = write(folder, "settlements.json", json.dumps(rows))
    features = write(folder, "features.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    code, stdout, error = command.run("match", "--settlements", settlements, "--features",
                                      features, "--now", NOW, "--format", "json")
    if code == 0:
        return []
    if code != 2 or stdout:
        raise Difference(f"exit code {code} with {len(stdout)} bytes of answers, not 2 and none")
    return [[row["code"], row["path"]] for row in json.loads(error)["details"]["refused"]]


def person_line(user_id=PERSON_ID, **changes):
    """A line of the features file with one feature, changed so."""
    return {"user_id": user_id, "features": [{**GOOD_FEATURE, **changes}]}


def row_of(number, rule):
    """A row of the settlement file with a rule."""
    return {"title": f"Settlement {number}", "eligibility": rule}


def check_rules(command, folder):
    """Compares the tables of rules."""
    table = [(rule, None, None) for rule in GOOD_RULES] + list(BAD_RULES)
    rows = [row_of(number, rule) for number, (rule, _, _) in enumerate(table)]
    expected = [[code, f"$[{number}].eligibility{path}"]
                for number, (_, code, path) in enumerate(table) if code is not None]
    same(expected, refused(command, folder, rows, [person_line()]), "rules refused")
    return len(expected)


def check_features(command, folder):
    """Compares the table of features."""
    lines = [person_line(str(worlds.random_uuid(random.Random(number))), **changes)
             for number, (changes, _, _) in enumerate(BAD_FEATURES)]
    expected = [[code, f"$.features[0]{path}"] for _, code, path in BAD_FEATURES]
    got = refused(command, folder, [row_of(0, simple())], [person_line(), *lines])
    same(expected, got, "features refused")
    return len(expected)


def with_constants(rng, levels):
    """A rule in which much is always met, or never."""
    if levels == 0 or rng.random() < 0.2:
        always = ({"states": []}, {"all": []}, {"none": []}, purchases(count={"min": 0}))
        return rng.choice(always) if rng.random() < 0.5 else worlds.predicate(rng, 0)
    name = rng.choice(("all", "any", "none", "none"))
    return {name: [with_constants(rng, levels - 1) for _ in range(rng.choice((1, 1, 2, 3)))]}


def check_never_met(command, folder, seed):
    """Exactly the rules that nobody can meet are refused, whatever their constants hide in."""
    rng = random.Random(2_000_000 + seed)
    bodies = [with_constants(rng, rng.randrange(1, 5)) for _ in range(RULES_OF_A_SEED)]
    never = [rules.optimise(rules.read_rule(body)) == rules.NEVER for body in bodies]
    if sum(never) in (0, RULES_OF_A_SEED):
        raise AssertionError(f"seed {seed}: {sum(never)} rules are never met")
    anybody = rules.Setting(instant(NOW).date())
    for body, is_never in zip(bodies, never):
        rule = rules.read_rule(body)
        if is_never and rules.truth(rule, rules.Person(PERSON_ID), anybody) != rules.NOT_MET:
            raise AssertionError(f"seed {seed}: {body} is not never met")
    expected = [["never_met", f"$[{number}].eligibility"]
                for number, is_never in enumerate(never) if is_never]
    rows = [row_of(number, body) for number, body in enumerate(bodies)]
    same(expected, refused(command, folder, rows, [person_line()]), f"seed {seed}: never met")
    return len(expected)


def check(command, folder, seeds):
    """Compares every refusal; gives how many."""
    count = check_rules(command, folder) + check_features(command, folder)
    return count + sum(check_never_met(command, folder, seed) for seed in seeds)
