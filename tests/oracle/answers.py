"""The answers that the rules ask for, and how a command's answers are held against them.

In: a `World`, a `Question`, and what the command printed for it. Out: how many results were
compared, or a `Difference`. An answer has to agree in everything to 1e-12. Only `similarity` of
the evidence set is of single precision in the command: it may differ by 1e-6 from the one here,
has to be the same number in every answer, and is taken over once it has passed. An order is
checked on the command's own scores, so that the last bit of a logarithm decides nothing.
"""

from dataclasses import dataclass, field, replace
from datetime import timezone

import rules
import signals
from common import NOW, TOLERANCE, Difference, instant, same

SIMILARITY_TOLERANCE = 1e-6
RULED_OUT_OF_REASONS = ("rules_confidence",)


@dataclass(frozen=True)
class Question:
    """What is asked of the command; weights are by signal, or nothing for the default ones."""

    signals: str = "evidence"
    variant: str = "rules_vector_ranker"
    weights: dict | None = None
    top: int = 20
    include_closed: bool = False
    near_misses: bool = True
    now: str = NOW

    def options(self, weights_file):
        """The options of `payme match`; `weights_file` holds the weights, if there are some."""
        line = ["--signals", self.signals, "--variant", self.variant, "--top", str(self.top)]
        line += ["--now", self.now]
        line += ["--include-closed"] if self.include_closed else []
        line += ["--near-misses"] if self.near_misses else []
        return line + (["--weights", weights_file] if self.weights else [])

    def weights_in_force(self):
        """What each signal counts for."""
        weights = self.weights or signals.DEFAULT_WEIGHTS[self.signals]
        return signals.weights_in_force(self.variant, weights)

    def moment(self):
        """The time of matching in UTC."""
        return instant(self.now).astimezone(timezone.utc)


@dataclass(frozen=True)
class Judged:
    """What a rule says of a person, whatever the variant: one pair of a world."""

    id: str
    truth: int
    is_considered: bool
    has: list
    state_passes: bool
    told: list
    values: dict


@dataclass
class World:
    """Settlements, people in the order of their file, and what was computed of them."""

    cases: list
    people: list
    judged: dict = field(default_factory=dict)
    similarities: dict = field(default_factory=dict)

    def judge(self, case, person, question):
        """What the rule of a settlement says of a person, with the signals of the set."""
        name = (case.id, person.user_id, question.now, question.signals)
        if name not in self.judged:
            self.judged[name] = judge(case, person, question.moment(), question.signals)
        return self.judged[name]

    def forget(self):
        """Makes room: what was judged at one time is of no use at another."""
        self.judged.clear()


def judge(case, person, now, set_of_signals, is_forced=False):
    """A `Judged` for one pair; see `docs/rules/matching.md`, "Candidates".

    One that is not considered has no signals, unless it `is_forced`.
    """
    setting = case.setting(now)
    truth = rules.truth(case.in_force, person, setting)
    if truth != rules.truth(case.written, person, setting):
        raise AssertionError(f"{case.id}: the rule in force has another truth than the written")
    has = [key for key in case.sought if key in person.sightings]
    is_considered = not case.sought or bool(has) or truth != rules.NOT_MET
    if not (is_considered or is_forced):
        return Judged(case.id, truth, False, has, False, [], {})
    told = rules.told_atoms(case.row["eligibility"], person, setting)
    values = signals.SIGNALS_OF[set_of_signals](case, person, now)
    passes = rules.passing_states(case.in_force, person, setting)
    return Judged(case.id, truth, is_considered, has, passes, told, values)


# --- One result ----------------------------------------------------------------------------------


def expected_row(judged, question):
    """One result or near miss, in the form that the command prints."""
    values, weights = judged.values, question.weights_in_force()
    score, _ = signals.score(question.variant, weights, values)
    reasons = {
        "matched_features": judged.has,
        "predicate_passes": {"state": judged.state_passes},
        "confidence_breakdown": {"rules": values["rules_confidence"]},
        "score": score,
    }
    reasons.update((name, value) for name, value in values.items()
                   if name not in RULED_OUT_OF_REASONS)
    if question.signals == "evidence":
        reasons["truth"] = rules.TRUTH_NAMES[judged.truth]
        reasons["contributions"] = [
            {"signal": name, "value": values[name], "weight": weight,
             "contribution": weight * values[name]} for name, weight in weights.items()]
        reasons["atoms"] = expected_atoms(judged.told)
    return {"settlement_id": judged.id, "score": score, "signals": values, "reasons": reasons,
            "missing": rules.missing_words(judged.told)}


def expected_atoms(told):
    """The atoms by what they say for the rule."""
    groups = {"blocked": [], "unknown": [], "met": []}
    names = {rules.NOT_MET: "blocked", rules.UNKNOWN: "unknown", rules.MET: "met"}
    for one in told:
        row = {"path": one.path, "atom": one.label}
        if one.word is not None:
            row["missing"] = one.word
        groups[names[one.truth]].append(row)
    return groups


def with_similarity(judged, similarity):
    """The same pair with another similarity signal."""
    return replace(judged, values={**judged.values, "similarity": similarity})


# --- One list ------------------------------------------------------------------------------------


class Comparison:
    """Holds the answers of one run against a world; raises `Difference` where they disagree."""

    def __init__(self, world, question):
        self.world, self.question = world, question
        self.compared = 0

    def answers(self, got):
        """All people of the world; gives how many results and near misses were compared."""
        if not isinstance(got, list) or len(got) != len(self.world.people):
            raise Difference(f"{len(self.world.people)} people expected")
        for number, (person, answer) in enumerate(zip(self.world.people, got)):
            try:
                self.answer(person, answer)
            except Difference as difference:
                raise Difference(f"line {number + 1} of the features file, user {person.user_id}"
                                 f"\n  {difference}") from None
        return self.compared

    def answer(self, person, got):
        """The answer for one person: its head, its results, and its near misses."""
        taken = [case for case in self.world.cases if self.question.include_closed
                 or case.takes_claims(self.question.moment())]
        judged = [self.world.judge(case, person, self.question) for case in taken]
        considered = [self.settled(person, one) for one in judged if one.is_considered]
        eligible = [one for one in considered if one.truth == rules.MET]
        near = [one for one in considered if one.truth != rules.MET]
        head = {"user_id": person.user_id, "variant": self.question.variant,
                "candidate_count": len(eligible),
                "result_count": min(self.question.top, len(eligible))}
        lists = {"results": eligible}
        if self.question.near_misses:
            lists["near_misses"] = near
        same({**head, **dict.fromkeys(lists)}, {**got, **dict.fromkeys(lists.keys() & got.keys())})
        for name, expected in lists.items():
            self.ranked(person, f"$.{name}", expected, got[name])

    def settled(self, person, judged):
        """With the similarity that the command has told for the pair before, if it has."""
        known = self.world.similarities.get((person.user_id, judged.id))
        if self.question.signals == "baseline" or known is None:
            return judged
        return with_similarity(judged, known)

    def ranked(self, person, path, expected, got):
        """A list of rows: each is right, none is missing that is better, all in order."""
        by_id = {one.id: one for one in expected}
        if len(got) != min(self.question.top, len(expected)):
            raise Difference(f"{path}: {len(got)} of {len(expected)}, at most {self.question.top}")
        last = None
        for place, row in enumerate(got):
            judged = by_id.pop(row["settlement_id"], None)
            if judged is None:
                raise Difference(f"{path}[{place}]: {row['settlement_id']} has no place here")
            last = self.row(person, f"{path}[{place}]", judged, row)
        ranks = [self.rank(row) for row in got]
        for place, (one, next_one) in enumerate(zip(ranks, ranks[1:])):
            if one >= next_one:
                raise Difference(f"{path}[{place}]: {one} does not come before {next_one}")
        if last is not None:
            for other in by_id.values():
                self.left_out(path, other, last)

    def row(self, person, path, judged, row):
        """Compares one result; gives it with the command's similarity, if that is near enough."""
        if self.question.signals == "evidence":
            similarity = self.told_similarity(person, path, judged, row)
            judged = with_similarity(judged, similarity)
        same(expected_row(judged, self.question), row, path)
        self.compared += 1
        return judged

    def told_similarity(self, person, path, judged, row):
        """The command's similarity of a pair, if it is near enough and always the same."""
        told, known = row["signals"]["similarity"], self.world.similarities
        pair = (person.user_id, judged.id)
        gap = abs(told - judged.values["similarity"])
        if known.get(pair, told) != told or not gap <= SIMILARITY_TOLERANCE or not 0 <= told <= 1:
            raise Difference(f"{path}: similarity {told}, not {judged.values['similarity']}")
        return known.setdefault(pair, told)

    def rank(self, row):
        """What a list is sorted by; `unknown` comes before `not_met` with the evidence set."""
        return (row["reasons"].get("truth") == "not_met", -row["score"], row["settlement_id"])

    def left_out(self, path, other, last):
        """What was cut off must not rank before the last that was kept, by more than rounding."""
        rank, last_rank = (self.rank(expected_row(one, self.question)) for one in (other, last))
        slack = TOLERANCE
        if self.question.signals == "evidence":
            weights = self.question.weights_in_force()
            slack += SIMILARITY_TOLERANCE * abs(weights.get("similarity", 0.0))
        if rank[0] != last_rank[0]:
            is_better = rank[0] < last_rank[0]
        elif other.values == last.values:
            is_better = other.id < last.id
        else:
            is_better = rank[1] < last_rank[1] - slack
        if is_better:
            raise Difference(f"{path}: {rank} was cut off, and {last_rank} was kept")
