"""The same answers out of the database, and the explanation of every pair.

In: the command, a folder for files, and a seed. Out: how many results were compared. A world is
imported; each person is matched with a forced variant, and then asked about every settlement,
also about those that have nothing to do with them.
"""

import os

import answers
import rules
from common import NOW, Difference, same
from evidence import Run

SETTLEMENTS, PEOPLE = 16, 5
VARIANTS = ("rules_vector_ranker", "rules_only", "rules_vector")
RUN_FIELDS = {"run_id", "experiment_key", "started"}


class Database:
    """A world inside a database of its own."""

    def __init__(self, command, folder, seed):
        self.run = Run(command, folder, seed, SETTLEMENTS, PEOPLE)
        self.command, self.seed = command, seed
        self.path = os.path.join(folder, f"stored-{seed}.db")
        self.command.json("import", "settlements", self.run.settlements, *self.options())
        self.command.json("import", "features", self.run.features, *self.options())

    def options(self):
        """Where the database is, when it is, and how the answer is written."""
        return ("--db", self.path, "--now", NOW, "--format", "json")

    def check_match(self, person, question):
        """Compares a stored run with what the person should get; gives its results by id."""
        got, shown = self.command.json(
            "match", "--db", self.path, "--user", person.user_id, "--format", "json",
            *question.options(None))
        comparison = answers.Comparison(self.run.world, question)
        try:
            if RUN_FIELDS - got.keys() or got["experiment_key"] != "matching_v1":
                raise Difference(f"fields missing of {sorted(RUN_FIELDS)}")
            titles = {case.id: case.row["title"] for case in self.run.world.cases}
            for name in {"results", "near_misses"} & got.keys():
                for row in got[name]:
                    same(titles[row["settlement_id"]], row.pop("title"), f"$.{name}.title")
            comparison.answer(person, {name: got[name] for name in got.keys() - RUN_FIELDS})
        except Difference as difference:
            raise Difference(f"world {self.seed}: {difference}\n  in: {shown}") from None
        return {row["settlement_id"]: row for row in got["results"]}

    def check_explanation(self, person, case, question, recorded):
        """Compares one pair, judged with the run's variant, and what the run said of it."""
        got, shown = self.command.json("explain", case.id, "--user", person.user_id,
                                       "--signals", question.signals, *self.options())
        judged = answers.judge(case, person, question.moment(), question.signals, is_forced=True)
        comparison = answers.Comparison(self.run.world, question)
        try:
            same(case.row["title"], got["title"], "$.title")
            same(verdict(case, judged, question.moment()), got["verdict"], "$.verdict")
            comparison.row(person, "$.result", judged, got["result"])
            same(recorded, got["recorded"], "$.recorded")
        except Difference as difference:
            raise Difference(f"world {self.seed}: {difference}\n  in: {shown}") from None


def verdict(case, judged, now):
    """How a settlement and a person stand to each other."""
    if not case.takes_claims(now):
        return "closed"
    if judged.truth == rules.MET:
        return "eligible"
    if judged.truth == rules.UNKNOWN:
        return "unknown"
    return "near_miss" if judged.is_considered else "nothing_in_common"


def check(command, folder, seed):
    """Compares the runs and explanations of a small world; gives the number of results."""
    database = Database(command, folder, seed)
    compared = 0
    for number, person in enumerate(database.run.world.people):
        signals = "baseline" if number % 3 == 1 else "evidence"
        question = answers.Question(signals, VARIANTS[number % 3], top=1 + 5 * number)
        recorded = database.check_match(person, question)
        for case in database.run.world.cases:
            database.check_explanation(person, case, question, recorded.get(case.id))
        compared += len(recorded) + SETTLEMENTS
    return compared
