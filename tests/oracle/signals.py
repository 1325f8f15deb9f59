"""Signals, scores and orders of both sets, as `docs/rules/matching.md` states them.

In: a `Case` (a settlement as the rules see it) and a `Person`. Out: signals by name and a score.
"""

import math
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache

import embed
import rules
from common import NAMESPACE

VARIANTS = ("rules_only", "rules_vector", "rules_vector_ranker")
BASELINE = {"rules_confidence": 0.65, "similarity": 0.20, "payout": 0.10, "urgency": 0.03,
            "ease": 0.02}
EVIDENCE = {"rules_confidence": 0.45, "similarity": 0.15, "recency": 0.08, "frequency": 0.05,
            "class_period": 0.12, "payout": 0.08, "urgency": 0.04, "ease": 0.03}
DEFAULT_WEIGHTS = {"baseline": BASELINE, "evidence": EVIDENCE}
PROOF_EASE = {"none": 0.5, "optional": 0.4, None: 0.3, "required": 0.1}
TEXT_FIELDS = ("covered_brands", "aliases", "tags")


@dataclass
class Case:
    """A settlement as the rules see it; `last` is the last moment of its deadline."""

    row: dict
    last: datetime | None
    id: str = ""
    written: tuple = ()
    in_force: tuple = ()
    sought: list = field(default_factory=list)
    period: tuple | None = None

    def __post_init__(self):
        derived = uuid.uuid5(NAMESPACE, f"{self.row.get('claim_url') or ''}\n{self.row['title']}")
        self.id = self.row.get("id", str(derived)).lower()
        self.written = rules.read_rule(self.row["eligibility"])
        self.in_force = rules.optimise(self.written)
        self.sought = rules.sought(self.in_force)
        period = self.row.get("class_period")
        if period:  # One without ends limits nothing: it is none.
            self.period = (rules.day_of(period.get("start")), rules.day_of(period.get("end")))

    def takes_claims(self, now):
        """Whether the settlement is open and in time."""
        in_time = self.last is None or self.last >= now
        return self.row.get("status", "open") == "open" and in_time

    def setting(self, now):
        """Against what the rule is held at a moment in UTC."""
        return rules.Setting(now.date(), self.period)

    @cached_property
    def vector(self):
        """The embedding of what the settlement says and seeks."""
        texts = [self.row["title"]]
        for name in TEXT_FIELDS:
            texts += self.row.get(name, [])
        texts += [self.row.get("summary_text", ""), self.row.get("eligibility_text", "")]
        return embedded(" ".join(texts + [key_words(key) for key in self.sought]))


@lru_cache(maxsize=1000)
def embedded(text):
    """The embedding of a text; the words of keys come again and again."""
    return embed.embed(text)


def key_words(key):
    """The words of a feature key."""
    return key.split(":", 1)[1].replace("_", " ")


def person_vector(person):
    """The direction of the sum of the features' embeddings, each as long as it is believed."""
    total = [0.0] * embed.DIMENSION
    for key in sorted(person.sightings):
        share = person.belief(key)
        total = [x + share * y for x, y in zip(total, embedded(key_words(key)))]
    return embed.unit(total)


def baseline_signals(case, person, now):
    """The baseline signals of one pair, by name."""
    m = sum(key in person.sightings for key in case.sought)
    passes = rules.passing_states(case.in_force, person, case.setting(now))
    return {
        "rules_confidence": 0.4 + 0.4 * m / max(1, len(case.sought)) + (0.2 if passes else 0.0),
        "similarity": min(1.0, 0.3 + 0.15 * m),
        "payout": min(1.0, (case.row.get("payout_max_cents") or 1000) / 10000),
        "urgency": 0.7 if "deadline" in case.row else 0.3,
        "ease": 0.8 if "claim_url" in case.row else 0.4,
    }


def evidence_signals(case, person, now):
    """The evidence signals of one pair, by name."""
    support = [one for key in case.sought for one in person.sightings.get(key, ())]
    records = sum(sighting.count for sighting in support)
    cosine = embed.cosine(person_vector_of(person), case.vector)
    return {
        "rules_confidence": rules.belief(case.in_force, person, case.setting(now)),
        "similarity": (1.0 + (cosine or 0.0)) / 2.0,
        "recency": recency(support, now.date()),
        "frequency": records / (records + 3),
        "class_period": share_inside(support, case.period),
        "payout": min(1.0, math.log1p(expected_payout(case.row)) / math.log1p(1_000_000)),
        "urgency": urgency(case.last, now),
        "ease": (0.5 if "claim_url" in case.row else 0.0) + PROOF_EASE[case.row.get("proof")],
    }


SIGNALS_OF = {"baseline": baseline_signals, "evidence": evidence_signals}


def person_vector_of(person):
    """The vector of a person, computed once."""
    if person.vector is None:
        person.vector = person_vector(person)
    return person.vector


def recency(support, today):
    """How new the support is, from its newest day."""
    newest = max((day for day in (one.newest() for one in support) if day), default=None)
    return 0.0 if newest is None else 2.0 ** (-max(0, (today - newest).days) / 365)


def share_inside(support, period):
    """The share of the support's records that surely lie in the class period."""
    if period is None:
        return 1.0
    inside = sum(sighting.bounds(*period)[0] for sighting in support)
    every = sum(sum(row[1] for row in one.days) if one.days else one.count for one in support)
    return inside / every if every else 0.0


def expected_payout(row):
    """The expected payout in cents, from the fields of a row."""
    low, high = row.get("payout_min_cents"), row.get("payout_max_cents") or None
    if not low and not high:
        return 1000
    if high is None:
        return low
    return high / 2 if low is None else (low + high) / 2


def urgency(last, now):
    """How near the deadline is; 0 without one, and once it has passed."""
    if last is None or last < now:
        return 0.0
    return 2.0 ** (-(last - now).total_seconds() / 86400 / 30)


def weights_in_force(variant, weights):
    """What each signal counts for in a variant."""
    if variant == "rules_only":
        return {"rules_confidence": 1.0}
    if variant == "rules_vector":
        return {"rules_confidence": 0.85, "similarity": 0.15}
    return weights


def score(variant, weights, signals):
    """The score of a result, and what it was before it was clamped."""
    total = 0.0
    for name, weight in weights_in_force(variant, weights).items():  # In order: last bits matter.
        total += weight * signals[name]
    return min(1.0, max(0.0, total)), total
