"""A database of settlements and people: what they match is stored, and explained.

The database is the one of the command ``payme``, and so are the answers, but for the ids of new
runs, which are drawn.

>>> import payme
>>> settlements = [{
...     "id": "00000000-0000-4000-8000-0000000000aa", "title": "Rides",
...     "eligibility": {"required_features": ["merchant:uber"], "states": ["CA"]}}]
>>> people = [{
...     "user_id": "00000000-0000-4000-8000-000000000001", "state": "CA",
...     "features": [{"key": "merchant:uber", "source": "plaid", "confidence": 0.8}]}]
>>> with payme.Engine("sqlite::memory:", now="2026-02-01T00:00:00Z") as engine:
...     _ = engine.import_settlements(settlements), engine.import_features(people)
...     run = engine.match("00000000-0000-4000-8000-000000000001", variant="rules_only")
...     who = engine.reverse("00000000-0000-4000-8000-0000000000aa")
>>> [(result["title"], result["score"]) for result in run["results"]]
[('Rides', 0.8)]
>>> [one["user_id"] for one in who["eligible"]]
['00000000-0000-4000-8000-000000000001']
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any

from . import _payme
from ._arrays import count
from ._estimator import flag_option
from ._settings import Now, Source, Weights, instant, settings, text_of
from .errors import CatalogError, Refusal, RowsError

__all__ = ["Engine"]

Id = str | uuid.UUID


class Engine:
    """An open database.

    Several threads may use one engine at the same time; it cannot be pickled. As a context manager
    it is closed at the end.

    Parameters
    ----------
    url : str or path
        ``sqlite::memory:``, ``sqlite://path`` or a path. What is not there is made; what an
        earlier version wrote is brought up to date.
    now : datetime or str, optional
        What every call takes for the present, with its zone; the clock of the machine by default.
    seed : int, optional
        Draws the ids of what is stored from a count that begins here, so that they are the same
        in every run; by default they are random. One database is not to see a seed twice.

    Raises
    ------
    DatabaseError
        The database cannot be opened; its ``code`` says why.

    Examples
    --------
    >>> with Engine("sqlite::memory:") as engine:
    ...     engine.import_settlements("[]")
    {'added': 0, 'changed': 0, 'unchanged': 0, 'people_refreshed': 0, 'refused': []}
    """

    def __init__(
        self, url: str | os.PathLike[str], *, now: Now | None = None, seed: int | None = None
    ) -> None:
        moment = None if now is None else instant(now)
        draws = None if seed is None else count(seed, "seed")
        self._native = _payme.Engine.open(os.fspath(url), moment, draws)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Engine: {'closed' if self._native.is_closed else 'open'}>"

    def close(self) -> None:
        """Closes the database, after which its file stands alone. Again, it does nothing."""
        self._native.close()

    def import_settlements(
        self, source: Source, *, keep_going: bool = False, now: Now | None = None
    ) -> dict[str, Any]:
        """Adds and changes settlements; the same ones again change nothing.

        Parameters
        ----------
        source : str, bytes, path or iterable of dict
            The array of ``settlements.json``, as text, as a path or as rows. A ``str`` that begins
            with a bracket is the text.
        keep_going : bool
            Takes the rows that are right where others are wrong.
        now : datetime or str, optional
            The time of this call.

        Returns
        -------
        dict
            How many were ``added``, ``changed`` and ``unchanged``, how many ``people_refreshed``,
            and the rows that were ``refused``.

        Raises
        ------
        CatalogError
            Rows are wrong; each of them is in its ``refused``, and nothing was taken.

        Examples
        --------
        >>> row = {"title": "Rides", "eligibility": {"required_features": [], "states": []}}
        >>> with Engine("sqlite::memory:") as engine:
        ...     engine.import_settlements([row])["added"]
        ...     engine.import_settlements([row])["unchanged"]
        1
        1
        """
        text, going = text_of(source, "settlements"), flag_option(keep_going, "keep_going")
        found = self._native.import_settlements(text, going, _moment(now))
        return _imported(found, CatalogError)

    def import_features(
        self, source: Source, *, keep_going: bool = False, now: Now | None = None
    ) -> dict[str, Any]:
        """Takes in people with their features; each row states all imported features of one.

        Parameters
        ----------
        source : str, bytes, path or iterable of dict
            The lines of ``features.jsonl``, as text, as a path or as rows.
        keep_going : bool
            Takes the rows that are right where others are wrong.
        now : datetime or str, optional
            The time of this call.

        Returns
        -------
        dict
            How many people were ``added``, ``changed`` and ``unchanged``, and the rows that were
            ``refused``.

        Raises
        ------
        RowsError
            Rows are wrong; each of them is in its ``refused``, and nothing was taken.

        Examples
        --------
        >>> row = {"user_id": "00000000-0000-4000-8000-000000000001", "features": []}
        >>> with Engine("sqlite::memory:") as engine:
        ...     engine.import_features([row])["added"]
        1
        """
        text = text_of(source, "features", lines=True)
        going = flag_option(keep_going, "keep_going")
        return _imported(self._native.import_features(text, going, _moment(now)), RowsError)

    def match(
        self,
        user_id: Id,
        *,
        variant: str | None = None,
        top: int = 20,
        signals: str | None = None,
        weights: Weights | None = None,
        near_misses: bool = False,
        include_closed: bool = False,
        experiment_key: str = "matching_v1",
        now: Now | None = None,
    ) -> dict[str, Any]:
        """The settlements that one person matches, in display order; the run is stored.

        The parameters are those of :meth:`payme.Catalog.match`, except that the person is named,
        and that the variant sticks to the person.

        Returns
        -------
        dict
            What ``payme match --user`` writes: ``run_id``, ``user_id``, ``variant``, the counts,
            ``results`` with the ``title`` of each, and ``near_misses`` where they are asked for.

        Raises
        ------
        UnknownUserError
            Nothing is stored of this person.
        """
        wanted = settings(
            variant, top, signals, weights, now, near_misses, include_closed, experiment_key
        )
        return _read(self._native.match_user(str(user_id), _at(wanted, now)))

    def match_all(
        self,
        *,
        variant: str | None = None,
        top: int = 20,
        signals: str | None = None,
        weights: Weights | None = None,
        include_closed: bool = False,
        experiment_key: str = "matching_v1",
        restart: bool = False,
        progress: Callable[[int, int], object] | None = None,
        now: Now | None = None,
    ) -> dict[str, Any]:
        """Matches everybody, and stores the runs.

        A call that was cut short is taken up by the next one with the same settings on the same
        catalogue within a day, unless ``restart`` is asked for.

        Parameters
        ----------
        restart : bool
            Begins anew.
        progress : callable, optional
            Is told how many people are done, and how many there are. What it raises stops the run;
            what was stored before stays.

        Returns
        -------
        dict
            What ``payme match --all`` writes: ``batch_id``, ``started``, ``resumed_after``,
            ``done`` and ``result_count``.

        Examples
        --------
        >>> row = {"user_id": "00000000-0000-4000-8000-000000000001", "features": []}
        >>> with Engine("sqlite::memory:") as engine:
        ...     _ = engine.import_features([row])
        ...     engine.match_all(progress=print)["done"]
        1 1
        1
        """
        wanted = settings(
            variant, top, signals, weights, now, False, include_closed, experiment_key
        )
        again = flag_option(restart, "restart")
        return _read(self._native.match_all(_at(wanted, now), again, progress))

    def reverse(
        self,
        settlement_id: Id,
        *,
        variant: str | None = None,
        limit: int = 20,
        signals: str | None = None,
        weights: Weights | None = None,
        near_misses: bool = False,
        include_closed: bool = False,
        now: Now | None = None,
    ) -> dict[str, Any]:
        """Who qualifies for a stored settlement. Nothing is written.

        Returns
        -------
        dict
            What ``payme reverse`` writes: the counts, and the lists ``eligible``, ``unknown`` and,
            where they are asked for, ``near_misses``, each of ``limit`` people at most.

        Raises
        ------
        UnknownSettlementError
            The catalogue does not have it.
        """
        wanted = settings(
            variant, limit, signals, weights, now, near_misses, include_closed, "matching_v1"
        )
        return _read(self._native.reverse(str(settlement_id), _at(wanted, now)))

    def reverse_announced(
        self,
        settlements: str | bytes | os.PathLike[str] | Iterable[Mapping[str, Any]],
        *,
        variant: str | None = None,
        limit: int = 20,
        signals: str | None = None,
        weights: Weights | None = None,
        near_misses: bool = False,
        include_closed: bool = False,
        now: Now | None = None,
    ) -> list[dict[str, Any]]:
        """The same for settlements that were just announced, which are not stored.

        They come as in :meth:`import_settlements`; there is one answer for each.
        """
        wanted = settings(
            variant, limit, signals, weights, now, near_misses, include_closed, "matching_v1"
        )
        text = text_of(settlements, "settlements")
        answer, rows = self._native.reverse_announced(text, _at(wanted, now))
        if answer is None:
            raise CatalogError.of([Refusal(*row) for row in rows])
        found: list[dict[str, Any]] = json.loads(answer)
        return found

    def explain(
        self,
        user_id: Id,
        settlement_id: Id,
        *,
        signals: str | None = None,
        weights: Weights | None = None,
        include_closed: bool = False,
        now: Now | None = None,
    ) -> dict[str, Any]:
        """Why a settlement matches a person, or why not, with the records behind it.

        Returns
        -------
        dict
            What ``payme explain`` writes: ``sentences`` for people, the verdict and what it rests
            on, the newest run, and the ``evidence``.

        Raises
        ------
        UnknownUserError, UnknownSettlementError
            One of them is not in the database.
        """
        wanted = settings(None, 20, signals, weights, now, False, include_closed, "matching_v1")
        found = self._native.explain(str(user_id), str(settlement_id), _at(wanted, now))
        return _read(found)


def _moment(now: Now | None) -> str | None:
    return None if now is None else instant(now)


def _at(wanted: dict[str, Any], now: Now | None) -> dict[str, Any]:
    """Settings whose time is that of the engine where none is given."""
    return {**wanted, "now": _moment(now)}


def _read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def _imported(
    found: tuple[str | None, list[tuple[int, str, str, str]]], error: type[RowsError]
) -> dict[str, Any]:
    report, rows = found
    refused = [Refusal(*row) for row in rows]
    if report is None:
        raise error.of(refused)
    return {**json.loads(report), "refused": [row._asdict() for row in refused]}
