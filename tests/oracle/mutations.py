"""Shows that the comparison can fail: every leaf of a right answer is made wrong, one at a time.

In: the command and a folder for files. Out: how many wrong answers of one world were seen. One
that is not seen is a `Difference`.
"""

import copy

import evidence
from answers import Comparison, Question
from common import Difference

STEP = 1e-11
TOP = 4
SEED = 1


def places(value, path=()):
    """The paths of all values inside a JSON value, from the outside in."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(
        value, list) else ()
    for name, part in inside:
        yield (*path, name)
        yield from places(part, (*path, name))


def wrong(value):
    """Something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value + STEP
    if isinstance(value, str):
        return value + "_"
    return None


def changed(answer, path, change):
    """A copy of an answer with `change` done to the part that holds the last step of a path."""
    answer = copy.deepcopy(answer)
    holder = answer
    for name in path[:-1]:
        holder = holder[name]
    change(holder, path[-1])
    return answer


def put_wrong(holder, name):
    """Changes one value."""
    holder[name] = wrong(holder[name])


def put_more(holder, name):
    """Makes a list longer by one."""
    holder[name] += [copy.deepcopy(holder[name][-1])] if holder[name] else ["more"]


def take_away(holder, name):
    """Removes one value or field."""
    del holder[name]


def swap(holder, name):
    """Swaps a value of a list with the next one."""
    holder[name], holder[name + 1] = holder[name + 1], holder[name]


def wrong_answers(answer):
    """What is wrong, and the wrong answer: changed, cut, longer, and in another order."""
    for path in places(answer):
        holder = answer
        for name in path[:-1]:
            holder = holder[name]
        value = holder[path[-1]]
        if wrong(value) is not None or value is None:
            yield f"{path} changed", changed(answer, path, put_wrong)
        yield f"{path} taken away", changed(answer, path, take_away)
        if isinstance(value, list):
            yield f"{path} with one more", changed(answer, path, put_more)
        if isinstance(holder, list) and holder[path[-1]:][1:] and holder[path[-1] + 1] != value:
            yield f"{path} swapped with the next", changed(answer, path, swap)


def with_another_cut(answer, everything):
    """The answer with the row behind the cut in the place of the last one that was kept."""
    for name in ("results", "near_misses"):
        if len(everything[name]) > TOP:
            behind = everything[name][TOP]
            yield f"{name} cut wrongly", {**answer, name: answer[name][:-1] + [behind]}


def is_rich(answer):
    """Whether every kind of list in an answer has something to be made wrong."""
    rows = answer["results"] + answer["near_misses"]
    kinds = [row["reasons"].get("atoms", {}).get("unknown") for row in rows]
    return len(answer["results"]) == TOP == len(answer["near_misses"]) and (
        any(kinds) or not any("atoms" in row["reasons"] for row in rows))


def check_set(run, set_of_signals):
    """Makes the answers of one set for one person wrong; gives how often that was seen."""
    question = Question(set_of_signals, top=TOP)
    answers, _ = run.ask(question)
    everything, _ = run.ask(Question(set_of_signals, top=evidence.ALL))
    place = next(place for place, answer in enumerate(answers) if is_rich(answer))
    person, answer = run.world.people[place], answers[place]
    comparison, seen = Comparison(run.world, question), 0
    comparison.answer(person, answer)
    wrongs = [*wrong_answers(answer), *with_another_cut(answer, everything[place])]
    for what, wrong_answer in wrongs:
        if is_right(comparison, person, wrong_answer):
            raise Difference(f"not seen in the {set_of_signals} set, world {run.seed}: {what}")
        seen += 1
    return seen


def is_right(comparison, person, answer):
    """Whether the comparison takes an answer; one that has not the form it should is no answer."""
    try:
        comparison.answer(person, answer)
    except (Difference, KeyError, TypeError, AttributeError):
        return False
    return True


def check(command, folder):
    """Makes answers of both sets wrong; gives how many wrong ones were seen."""
    run = evidence.Run(command, folder, SEED)
    everything = Question(variant="rules_only", top=evidence.ALL, include_closed=True)
    run.compare(everything, *run.ask(everything))
    return check_set(run, "evidence") + check_set(run, "baseline")
