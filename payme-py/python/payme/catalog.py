"""Which settlements people match: one person as JSON, or a table of them as Arrow.

The answers are those of the command ``payme match``.

>>> import payme
>>> catalog = payme.Catalog.from_json('''[{
...     "id": "00000000-0000-4000-8000-0000000000aa", "title": "Rides",
...     "eligibility": {"required_features": ["merchant:uber"], "states": ["CA"]}}]''')
>>> person = {
...     "user_id": "00000000-0000-4000-8000-000000000001", "state": "CA",
...     "features": [{"key": "merchant:uber", "source": "plaid", "confidence": 0.8}]}
>>> outcome = catalog.match(person, variant="rules_only", now="2026-02-01T00:00:00Z")
>>> outcome["candidate_count"], outcome["results"][0]["score"]
(1, 0.8)
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from . import _payme
from ._settings import settings, text_of, written
from .errors import CatalogError, InputTypeError, Refusal, UnknownSettlementError

__all__ = ["Catalog"]


class Catalog:
    """Settlements that are ready for matching. Made by :meth:`from_json`.

    Attributes
    ----------
    refused : list of Refusal
        The rows that were not taken, where :meth:`from_json` was to keep going.
    """

    refused: list[Refusal]

    def __init__(self, native: _payme.Catalog, refused: list[Refusal], text: bytes) -> None:
        self._native = native
        self._text = text
        self.refused = refused

    @classmethod
    def from_json(
        cls, source: str | bytes | os.PathLike[str], *, keep_going: bool = False
    ) -> Catalog:
        """Reads settlements from a file, or from its text.

        A ``str`` that begins with ``[`` is the text, and any other one a path.

        Parameters
        ----------
        source : str, bytes or path
            The array of settlements, as in ``settlements.json``.
        keep_going : bool
            Takes the rows that are right where others are wrong, and lists those in ``refused``.

        Raises
        ------
        CatalogError
            Rows are wrong; each of them is in its ``refused``.
        InputError
            The text is not an array of JSON.
        OSError
            The file cannot be read.
        """
        if not isinstance(source, (str, bytes, os.PathLike)):
            raise InputTypeError("settlements come as text or as a path", code="option_type")
        text = text_of(source, "settlements")
        native, rows = _payme.Catalog.from_json(text)
        refused = [Refusal(*row) for row in rows]
        if refused and not keep_going:
            raise CatalogError.of(refused)
        return cls(native, refused, text)

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        # Another process makes its own index from what this one was read from.
        return _again, (self._text,)

    def __len__(self) -> int:
        return len(self._native)

    def __iter__(self) -> Iterator[str]:
        """The ids of the settlements, ascending."""
        return iter(self._native.settlement_ids)

    def __contains__(self, settlement_id: object) -> bool:
        return self._native.settlement(str(settlement_id)) is not None

    def __getitem__(self, settlement_id: Any) -> dict[str, Any]:
        """A settlement by its id, as in ``settlements.json``."""
        text = self._native.settlement(str(settlement_id))
        if text is None:
            raise UnknownSettlementError("there is no settlement of this id in the catalogue")
        found: dict[str, Any] = json.loads(text)
        return found

    def __repr__(self) -> str:
        return f"<Catalog: {len(self)} settlements>"

    def match(
        self,
        features: Mapping[str, Any] | str,
        *,
        variant: str | None = None,
        top: int = 20,
        signals: str | None = None,
        weights: Mapping[str, Any] | str | os.PathLike[str] | None = None,
        now: datetime.datetime | str | None = None,
        near_misses: bool = False,
        include_closed: bool = False,
        experiment_key: str = "matching_v1",
    ) -> dict[str, Any]:
        """The settlements that one person matches, best first, with the reasons.

        Parameters
        ----------
        features : dict or str
            The person: one line of ``features.jsonl``, or what it says.
        variant : str, optional
            ``"rules_only"``, ``"rules_vector"`` or ``"rules_vector_ranker"``; without it, the one
            that the experiment assigns to the person.
        top : int
            How many results to give.
        signals : str, optional
            ``"baseline"`` or ``"evidence"``, the default.
        weights : dict, path or str, optional
            Weights as in ``weights.json``; a ``str`` that begins with ``{`` is the text.
        now : datetime or str, optional
            The time of matching, with its zone; the present by default.
        near_misses : bool
            Whether settlements that nearly match are listed, too.
        include_closed : bool
            Whether settlements that take no claims at that time are considered.
        experiment_key : str
            The experiment that assigns variants.

        Returns
        -------
        dict
            ``user_id``, ``variant``, ``candidate_count``, ``result_count`` and ``results``: what
            ``payme match`` writes for the person.
        """
        wanted = settings(
            variant, top, signals, weights, now, near_misses, include_closed, experiment_key
        )
        if not isinstance(features, str):
            features = written(features, "features")
        outcome: dict[str, Any] = json.loads(self._native.match_one(features, wanted))
        return outcome

    def match_batch(
        self,
        table: Any,
        *,
        variant: str | None = None,
        top: int = 20,
        signals: str | None = None,
        weights: Mapping[str, Any] | str | os.PathLike[str] | None = None,
        now: datetime.datetime | str | None = None,
        include_closed: bool = False,
        experiment_key: str = "matching_v1",
    ) -> _payme.Matches:
        """The settlements that the people of a table match, as a table.

        ``table`` is a data frame or table of pandas, polars, pyarrow, DuckDB or anything else with
        the Arrow PyCapsule interface. Each row is one person, who comes once:

        ================== ==================== ============================================
        column             type
        ================== ==================== ============================================
        ``user_id``        text, or 16 bytes    a UUID
        ``state``          text                 may be absent or null: not known
        ``date_of_birth``  date or text         may be absent or null: not known
        ``keys``           list of text         the features of the person
        ``confidences``    list of numbers      in [0, 1], one for each key
        ``counts``         list of integers     1 where it is absent
        ``sources``        list of text         ``plaid``, where it is absent, or ``gmail``
        ``first_seen``     list of dates        not known where it is absent
        ``last_seen``      list of dates        not known where it is absent
        ================== ==================== ============================================

        Another column is refused. The rest is as in :meth:`match`.

        Returns
        -------
        Matches
            An Arrow table with the columns ``user_id``, ``settlement_id``, ``rank`` from 1,
            ``score`` and one for each signal; the people in the order of the table, and the
            settlements of each best first. ``pyarrow.table(...)``, ``polars.DataFrame(...)``
            and the like read it without copying.
        """
        if not hasattr(table, "__arrow_c_stream__") and not hasattr(table, "__arrow_c_array__"):
            message = (
                f"{type(table).__name__} has no Arrow PyCapsule interface: give a table of "
                "pyarrow, polars, DuckDB or pandas (2.2 or newer, with pyarrow)"
            )
            raise InputTypeError(message, code="no_arrow")
        wanted = settings(
            variant, top, signals, weights, now, False, include_closed, experiment_key
        )
        return self._native.match_batch(table, wanted)


def _again(text: bytes) -> Catalog:
    return Catalog.from_json(text, keep_going=True)
