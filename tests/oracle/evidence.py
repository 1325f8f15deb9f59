"""Both sets of signals over worlds with rules of every kind.

In: the command, a folder for files, and a seed. Out: how many results were compared. Every world
is asked several questions: every variant, random weights, short lists, closed settlements, and
other moments, such as the last microsecond of a deadline and both sides of a 29 February.
"""

import json
import random
from dataclasses import replace
from datetime import timedelta

import rules
import signals
import worlds
from answers import Comparison, Question, World
from common import NOW, Difference, write, write_features

SETTLEMENTS, PEOPLE = 90, 30
ALL = 100_000
MOMENTS = ("2026-02-01T00:00:00.000001Z", "2026-01-31T23:59:59.999999Z",
           "2026-02-28T23:59:59.999999Z", "2026-03-01T00:00:00Z", "2026-03-01T01:30:00+02:00",
           "2024-02-29T12:00:00Z", "2026-02-28T20:00:00-05:00", "2024-02-28T08:15:00Z")


def random_weights(rng, set_of_signals):
    """Weights with zeros, negative ones and such that make scores tie or clamp."""
    choices = (0, 0.5, -0.25, 3, 1e-9)
    return {name: rng.choice(choices) if rng.random() < 0.4 else rng.uniform(-0.5, 1)
            for name in signals.DEFAULT_WEIGHTS[set_of_signals]}


def random_moment(rng, cases):
    """A time of matching: the last moment of a deadline, the one after it, or a day of its own."""
    lasts = [case.last for case in cases if case.last is not None]
    if rng.random() < 0.5 or not lasts:
        return rng.choice(MOMENTS)
    return (rng.choice(lasts) + timedelta(microseconds=rng.randrange(2))).isoformat()


def questions(rng, cases):
    """What is asked about a world. The first one sees everything, so that all pairs are told."""
    everything = Question(variant="rules_only", top=ALL, include_closed=True)
    yield everything
    yield Question(variant="rules_vector", top=6)
    yield Question()
    yield Question(top=3, include_closed=True, weights=random_weights(rng, "evidence"))
    yield Question(near_misses=False, weights=random_weights(rng, "evidence"))
    yield Question(top=rng.choice((0, 1)), variant="rules_only")
    yield replace(everything, signals="baseline", variant="rules_vector_ranker")
    for variant in signals.VARIANTS:
        yield Question("baseline", variant, top=rng.choice((4, 20)))
    yield Question("baseline", top=7, weights=random_weights(rng, "baseline"))
    yield Question(now=random_moment(rng, cases))
    yield Question("baseline", now=random_moment(rng, cases))
    yield replace(everything, variant="rules_vector_ranker", now=random_moment(rng, cases))


class Run:
    """A world in its files; asks the command and compares."""

    def __init__(self, command, folder, seed, settlements=SETTLEMENTS, people=PEOPLE):
        self.rng = random.Random(1_000_000 + seed)
        self.command, self.folder, self.seed = command, folder, seed
        rows = [worlds.person(self.rng) for _ in range(people)]
        cases = worlds.settlements(self.rng, settlements)
        self.world = World(cases, [rules.read_person(row) for row in rows])
        body = json.dumps([case.row for case in cases], indent=1)
        self.settlements = write(folder, "settlements.json", body)
        self.features = write_features(folder, rows)

    def ask(self, question):
        """What the command answers, and the line that asked it."""
        weights = json.dumps({**(question.weights or {}), "_version": self.seed})
        weights_file = write(self.folder, "weights.json", weights)
        return self.command.match(self.settlements, self.features,
                                  *question.options(weights_file))

    def compare(self, question, got, shown):
        """How many results were compared."""
        try:
            return Comparison(self.world, question).answers(got)
        except Difference as difference:
            raise Difference(f"world {self.seed}: {difference}\n  in: {shown}") from None


def check_world(command, folder, seed):
    """Compares the answers to every question about one world; gives the number of results."""
    run = Run(command, folder, seed)
    compared, last_now = 0, NOW
    for question in questions(run.rng, run.world.cases):
        if question.now != last_now:
            run.world.forget()
        last_now = question.now
        compared += run.compare(question, *run.ask(question))
    return compared
