"""What matching is asked for: settings, and sources of JSON.

In: what people give. Out: the few types that the native module reads; what is wrong is told here,
or there with the code of the core.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ._arrays import count
from ._estimator import flag_option
from .errors import InputError, InputTypeError

Weights = Mapping[str, Any] | str | os.PathLike[str]
Now = datetime.datetime | str
Source = str | bytes | os.PathLike[str] | Iterable[Mapping[str, Any]]


def written(value: Any, name: str) -> str:
    """A value as JSON."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        message = f"{name} cannot be written as JSON: {error}"
        raise InputTypeError(message, code="malformed_json") from error


def text_of(source: Source, name: str, *, lines: bool = False) -> bytes:
    """The text of a file, a text, or rows; a ``str`` that begins with a bracket is the text."""
    if isinstance(source, bytes):
        return source
    if isinstance(source, str):
        if source.lstrip("\ufeff \t\r\n")[:1] in ("[", "{"):
            return source.encode()
        return Path(source).read_bytes()
    if isinstance(source, os.PathLike):
        return Path(source).read_bytes()
    if isinstance(source, Mapping) or not isinstance(source, Iterable):
        raise InputTypeError(f"{name} come as text, as a path or as rows", code="option_type")
    rows = [written(row, name) for row in source]
    return ("\n".join(rows) if lines else f"[{','.join(rows)}]").encode()


def settings(
    variant: str | None,
    top: int,
    signals: str | None,
    weights: Weights | None,
    now: Now | None,
    near_misses: bool,
    include_closed: bool,
    experiment_key: str,
) -> dict[str, Any]:
    for name, word in (("variant", variant), ("signals", signals)):
        if word is not None and not isinstance(word, str):
            raise InputTypeError(f"{name} is a word or None", code="option_type")
    return {
        "variant": variant,
        "experiment_key": str(experiment_key),
        "top": count(top, "top"),
        "signals": signals,
        "weights": _weights(weights),
        "now": instant(now),
        "include_closed": flag_option(include_closed, "include_closed"),
        "near_misses": flag_option(near_misses, "near_misses"),
    }


def _weights(weights: Weights | None) -> str | None:
    if weights is None:
        return None
    if isinstance(weights, Mapping):
        return written(dict(weights), "weights")
    if isinstance(weights, str) and weights.lstrip()[:1] == "{":
        return weights
    return Path(weights).read_text(encoding="utf-8")


def instant(now: Now | None) -> str:
    if now is None:
        now = datetime.datetime.now(datetime.timezone.utc)
    if isinstance(now, datetime.datetime):
        if now.utcoffset() is None:
            message = "now has no time zone: give datetime(..., tzinfo=...)"
            raise InputError(message, code="invalid_instant")
        return now.astimezone(datetime.timezone.utc).isoformat()
    return str(now)
