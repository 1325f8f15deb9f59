"""Training the ranker: from an export to weights in force.

>>> import tempfile, payme
>>> rows = [{
...     "user_id": f"00000000-0000-4000-8000-{user:012}",
...     "settlement_id": f"00000000-0000-4000-9000-{place:012}",
...     "run_id": "00000000-0000-4000-a000-000000000001",
...     "rules_confidence": 1 - place / 8, "ease": place / 8, "label": int(place > 5),
...     "outcome": "paid_out" if place > 5 else "ignored"}
...     for user in range(300) for place in range(8)]
>>> with tempfile.TemporaryDirectory() as folder:
...     first = payme.train_ranker(rows, folder)
...     again = payme.train_ranker(rows, folder)
>>> first["promoted"], first["weights_version"], first["previous_metrics"]["weights_version"]
(True, 1, 0)
>>> again["promoted"], again["weights_version"]  # equal is not better
(False, 2)
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from . import _payme
from ._estimator import flag_option
from ._settings import text_of
from .errors import InputError, InputTypeError, Refusal, RowsError

__all__ = ["train_ranker"]


def train_ranker(
    rows: Any,
    artifacts_dir: str | os.PathLike[str],
    *,
    signals: str = "evidence",
    C: float = 1.0,
    l1: float = 0.0,
    non_negative: bool = False,
    class_weight: str | None = None,
    calibration: str = "temperature",
    holdout: str = "users",
    test_share: float = 0.3,
    seed: int = 1,
    policy: str = "guarded",
    error_rate: float = 0.1,
) -> dict[str, Any]:
    """Fits the weights of the ranker, judges them, and puts them in force if they are better.

    People are held out whom neither the fit nor its calibration sees; the new weights and those in
    force score their rows as matching would, and the policy decides. Whatever was trained is stored
    in the folder as the next version; ``weights.json`` there is what is in force.

    Parameters
    ----------
    rows : str, bytes, path, iterable of dict, or table
        The rows of ``payme learn export``: as JSON text, as the path of a JSON file, as rows, or as
        a table of pyarrow, polars or pandas, such as one that was read from its Parquet file. A
        ``str`` that begins with a bracket is the text.
    artifacts_dir : str or path
        The folder of weights, which is made where there is none.
    signals : {"evidence", "baseline"}
        The signals to learn from.
    C : float
        The inverse of the strength of the squared penalty.
    l1 : float
        The strength of the absolute penalty.
    non_negative : bool
        Whether no weight may be below 0, so that more of a signal never lowers a score.
    class_weight : "balanced" or None
        Whether both labels count as much, however rare one of them is.
    calibration : {"none", "platt", "temperature", "isotonic", "beta"}
        What brings probabilities to what came of them.
    holdout : {"users", "time"}
        Whether people are held out by chance, or what was shown last.
    test_share : float
        The share that is held out.
    seed : int
        What all chance follows from.
    policy : {"guarded", "strict"}
        Whether a higher precision at 5 is enough (``strict``), or chance has to be an unlikely
        reason, and probabilities no worse.
    error_rate : float
        The share of each label that "show" and "hide" may decide wrongly.

    Returns
    -------
    dict
        ``promoted``, ``weights_version``, ``new_metrics`` (with ``verdict``, ``conformal``,
        ``intervals``, ``references`` and ``training``), and ``previous_metrics`` of the weights
        that were in force, on the same rows.

    Raises
    ------
    RowsError
        Rows are wrong; ``refused`` lists them.
    InputError
        There is nothing to learn from: no label (``samples_unlabelled``), one class
        (:class:`SingleClassError`), an option that makes no sense.
    ArtifactError
        The folder cannot be used; its ``code`` says why.
    """
    if class_weight not in (None, "balanced"):
        raise InputError("class_weight is 'balanced' or None", code="unknown_option")
    strength = float(C)
    if not strength > 0.0:
        raise InputError("C is above 0", code="out_of_range")
    settings = {
        "signals": str(signals),
        "l2": 1.0 / strength,
        "l1": float(l1),
        "not_negative": flag_option(non_negative, "non_negative"),
        "balanced": class_weight == "balanced",
        "calibration": str(calibration),
        "holdout": str(holdout),
        "share": float(test_share),
        "seed": _seed(seed),
        "policy": str(policy),
        "error_rate": float(error_rate),
    }
    try:
        options = json.dumps(settings, allow_nan=False)
    except ValueError as error:
        raise InputError(f"an option is no number: {error}", code="out_of_range") from error
    told, refused = _payme.train_ranker(
        text_of(_listed(rows), "rows"), os.fspath(artifacts_dir), options
    )
    if told is None:
        raise RowsError.of([Refusal(*row) for row in refused])
    answer: dict[str, Any] = json.loads(told)
    return answer


def _seed(seed: Any) -> int:
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise InputTypeError("seed is a whole number", code="option_type")
    number = int(seed.__index__())
    if not 0 <= number < 2**64:
        raise InputError("seed is from 0 to 2**64 - 1", code="out_of_range")
    return number


def _listed(rows: Any) -> Any:
    """Rows of a table as rows of an export: what is null is left out, times are text."""
    for turn in ("to_pylist", "to_dicts"):
        if hasattr(rows, turn):
            return [_plain(row) for row in getattr(rows, turn)()]
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):
        return [_plain(row) for row in rows.to_dict("records")]
    if isinstance(rows, (str, bytes, os.PathLike, Mapping)) or not isinstance(rows, Iterable):
        return rows
    listed = list(rows)
    if not all(isinstance(row, Mapping) for row in listed):
        raise InputTypeError("each of the rows is a dict", code="option_type")
    return listed


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = {}
    for name, value in row.items():
        # A null of pandas differs from itself, or refuses to say.
        is_null = value is None or type(value).__name__ in ("NAType", "NaTType") or value != value
        if isinstance(value, datetime.datetime):
            moment = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
            value = moment.astimezone(datetime.timezone.utc).isoformat()
        elif hasattr(value, "item"):
            value = value.item()
        if name in ("label", "position") and isinstance(value, float) and value.is_integer():
            # A column with a null is one of floats.
            value = int(value)
        if name == "label" or not is_null:
            plain[name] = None if is_null else value
    return plain
