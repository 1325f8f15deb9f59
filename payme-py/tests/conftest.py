"""What the tests share: the fixtures of the repository, made-up people, and the command."""

from __future__ import annotations

import json
import os
import random
import uuid
from pathlib import Path
from typing import Any

import pytest
from payme import Catalog

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture(scope="session")
def settlements_path() -> Path:
    return FIXTURES / "settlements.json"


@pytest.fixture(scope="session")
def catalog(settlements_path: Path) -> Catalog:
    return Catalog.from_json(settlements_path)


@pytest.fixture(scope="session")
def command() -> Path:
    """The command ``payme``, which ``cargo xtask test python`` builds and names."""
    named = os.environ.get("PAYME_BIN")
    if not named:
        pytest.skip("PAYME_BIN does not name the command payme")
    return Path(named)


def _keys(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value} if ":" in value else set()
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*map(_keys, parts))


@pytest.fixture(scope="session")
def people(settlements_path: Path) -> list[dict[str, Any]]:
    """Made-up people with features that the settlements seek, and with others."""
    rules = [row["eligibility"] for row in json.loads(settlements_path.read_text())]
    keys = [*sorted(_keys(rules)), "merchant:nobody_seeks_this"]
    stream = random.Random(7)
    made = []
    for number in range(200):
        features = []
        for key in stream.sample(keys, k=stream.randint(0, min(8, len(keys)))):
            days = sorted(
                f"{stream.randint(2019, 2025)}-{stream.randint(1, 12):02}-{stream.randint(1, 28):02}"
                for _ in "ab"
            )
            features.append(
                {
                    "key": key,
                    "source": stream.choice(["plaid", "gmail"]),
                    "confidence": stream.randint(0, 100) / 100,
                    "count": stream.randint(1, 30),
                    "first_seen": days[0],
                    "last_seen": days[1],
                }
            )
        person: dict[str, Any] = {
            "user_id": str(uuid.UUID(int=number + 1, version=4)),
            "features": features,
        }
        if stream.random() < 0.8:
            person["state"] = stream.choice(["CA", "NY", "TX", "IL", "WA"])
        if stream.random() < 0.5:
            person["date_of_birth"] = f"{stream.randint(1940, 2012)}-05-06"
        made.append(person)
    return made
