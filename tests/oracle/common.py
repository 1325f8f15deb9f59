"""What every check needs: the time of matching, deadlines, files, and the command under test."""

import json
import os
import subprocess
import uuid
from datetime import datetime, timedelta, timezone

NOW = "2026-02-01T00:00:00Z"
NAMESPACE = uuid.UUID("8f3a1f0e-6f5b-5c43-9d0e-2b7a6c1d4e90")
TOLERANCE = 1e-12
STATES = ("CA", "NY", "TX", "FL", "IL", "WA", "DC", "PR")

# A deadline as it is written, and its last moment in UTC, worked out by hand: some around the
# time of matching, some over a change of clocks.
DEADLINES = (
    ("2026-02-01T00:00:00Z", "2026-02-01T00:00:00"),
    ("2026-01-31T23:59:59.999999Z", "2026-01-31T23:59:59.999999"),
    ("2026-02-01T01:00:00+01:00", "2026-02-01T00:00:00"),
    ("2026-02-01T00:30:00+01:00", "2026-01-31T23:30:00"),
    ("2026-01-31T19:00:00.000001-05:00", "2026-02-01T00:00:00.000001"),
    ("2026-01-31[Pacific/Honolulu]", "2026-02-01T09:59:59.999999"),
    ("2026-01-31[America/New_York]", "2026-02-01T04:59:59.999999"),
    ("2026-01-31[UTC]", "2026-01-31T23:59:59.999999"),
    ("2026-01-31[Asia/Tokyo]", "2026-01-31T14:59:59.999999"),
    ("2026-02-01[Asia/Tokyo]", "2026-02-01T14:59:59.999999"),
    ("2026-01-30[Pacific/Honolulu]", "2026-01-31T09:59:59.999999"),
    ("2026-03-08[America/Los_Angeles]", "2026-03-09T06:59:59.999999"),
    ("2026-07-01[America/New_York]", "2026-07-02T03:59:59.999999"),
    ("1900-01-01[UTC]", "1900-01-01T23:59:59.999999"),
)


class Difference(Exception):
    """What the command says is not what it has to say."""


def random_uuid(rng):
    """A UUID in lower case."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def instant(text):
    """The moment that an RFC 3339 text names; without an offset it is in UTC."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def deadline(rng):
    """A deadline as it is written, and its last moment."""
    if rng.random() < 0.4:
        text, last = rng.choice(DEADLINES)
        return text, instant(last)
    last = instant(NOW) + timedelta(seconds=rng.randrange(-90 * 86400, 400 * 86400))
    offset = timezone(timedelta(minutes=rng.choice((0, 0, -300, -480, 60, 330))))
    return last.astimezone(offset).isoformat(), last


def same(expected, got, path="$"):
    """Raises Difference at the first place where two JSON values differ."""
    numbers = (int, float)
    is_number = lambda value: isinstance(value, numbers) and not isinstance(value, bool)
    if is_number(expected) and is_number(got):
        if abs(expected - got) <= TOLERANCE:
            return
    elif isinstance(expected, dict) and isinstance(got, dict):
        if expected.keys() == got.keys():
            for name in expected:
                same(expected[name], got[name], f"{path}.{name}")
            return
        missing, extra = expected.keys() - got.keys(), got.keys() - expected.keys()
        raise Difference(f"{path}: fields missing {sorted(missing)}, unexpected {sorted(extra)}")
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) == len(got):
            for i, (one, other) in enumerate(zip(expected, got)):
                same(one, other, f"{path}[{i}]")
            return
        raise Difference(f"{path}: {len(expected)} entries expected, {len(got)} found")
    elif type(expected) is type(got) and expected == got:
        return
    raise Difference(f"{path}: expected {json.dumps(expected)}, got {json.dumps(got)}")


def write(folder, name, text):
    """Writes a file, and gives its path."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def write_features(folder, users):
    """Writes the features file, one person a line, and gives its path."""
    return write(folder, "features.jsonl", "".join(json.dumps(user) + "\n" for user in users))


class Command:
    """The command under test; counts how often it ran."""

    def __init__(self, program):
        self.program = program
        self.runs = 0

    def run(self, *words):
        """The exit code, stdout and stderr of one run."""
        self.runs += 1
        done = subprocess.run([self.program, *words], capture_output=True, text=True,
                              encoding="utf-8", check=False)
        return done.returncode, done.stdout, done.stderr

    def json(self, *words):
        """What a run that has to succeed prints, and the line that asked for it."""
        shown = " ".join((self.program, *words))
        code, stdout, stderr = self.run(*words)
        if code != 0:
            raise Difference(f"exit code {code}: {shown}\n{stderr.strip()}")
        try:
            return json.loads(stdout), shown
        except ValueError as error:
            raise Difference(f"stdout is not JSON ({error}): {shown}") from error

    def match(self, settlements, features, *options):
        """The answers for all people of two files, and the line that asked for them."""
        return self.json("match", "--settlements", settlements, "--features", features,
                         "--format", "json", *options)
