"""Exceptions: one hierarchy, each with a stable code.

Every exception of this package is a :class:`PaymeError`. Most of them are a :class:`ValueError`,
too, and those about a state or a key what the conventions of Python and scikit-learn ask for.

>>> import payme
>>> try:
...     payme.metrics.brier_score([0, 1, 2], [0.1, 0.9, 0.5])
... except payme.PaymeError as error:
...     print(error.code, error.index)
label_invalid 2
"""

from __future__ import annotations

import sys
from typing import NamedTuple, TypeVar

__all__ = [
    "ArtifactError",
    "CatalogError",
    "ConvergenceWarning",
    "DatabaseError",
    "InputError",
    "InputTypeError",
    "MissingValueError",
    "NotFittedError",
    "PaymeError",
    "Refusal",
    "RowsError",
    "SingleClassError",
    "UnknownSettlementError",
    "UnknownUserError",
]

R = TypeVar("R", bound="RowsError")


class PaymeError(Exception):
    """What every exception of this package is.

    Attributes
    ----------
    code : str
        Says what is wrong, and never changes.
    index : int or None
        The row it is about, from 0, if it is about one.
    """

    code: str = "payme_error"
    index: int | None = None

    def __init__(
        self, message: str = "", *, code: str | None = None, index: int | None = None
    ) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        if index is not None:
            self.index = index

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class InputError(PaymeError, ValueError):
    """Something that was given cannot be used."""

    code = "input_invalid"


class InputTypeError(InputError, TypeError):
    """Something that was given is of the wrong kind."""

    code = "column_type"


class MissingValueError(InputError):
    """A value is missing where there has to be one: masked, null or NA."""

    code = "value_missing"


class SingleClassError(InputError):
    """All rows that count are of one class, so there is no answer."""

    code = "single_class"


class UnknownSettlementError(PaymeError, KeyError):
    """There is no settlement of this id."""

    code = "unknown_settlement"


class NotFittedError(PaymeError, ValueError, AttributeError):
    """An estimator was used before it was fitted.

    Where scikit-learn is loaded, what is raised is its ``NotFittedError``, too.
    """

    code = "not_fitted"


class Refusal(NamedTuple):
    """A row of a file that was not taken."""

    line: int
    path: str
    code: str
    message: str


class RowsError(InputError):
    """Rows of a file are wrong, and none of it was taken.

    Attributes
    ----------
    refused : list of Refusal
        Each wrong row, with its line, its JSON path, a code and what to do.
    """

    code = "rows_refused"
    refused: list[Refusal]

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        index: int | None = None,
        refused: list[Refusal] | None = None,
    ) -> None:
        super().__init__(message, code=code, index=index)
        self.refused = refused or []

    @classmethod
    def of(cls: type[R], refused: list[Refusal]) -> R:
        """The exception for rows, which tells the first of them."""
        first = refused[0]
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        message = f"line {first.line}: {first.path}: {first.message}{more}"
        return cls(message, code=first.code, refused=refused)


class CatalogError(RowsError):
    """Rows of a settlement file are wrong."""


class UnknownUserError(PaymeError, KeyError):
    """Nothing is stored of this person."""

    code = "unknown_user"


class DatabaseError(PaymeError):
    """A database cannot be opened, read or written, or the engine was closed."""

    code = "database"


class ArtifactError(PaymeError):
    """A folder of weights cannot be read or written, or what is in it is none."""

    code = "artifact_io"


class ConvergenceWarning(UserWarning):
    """A fit gave up before it found what it searched for."""


def not_fitted(name: str) -> NotFittedError:
    """The exception for an estimator that was not fitted yet."""
    message = f"this {name} is not fitted yet: call fit first"
    exceptions = sys.modules.get("sklearn.exceptions")
    if exceptions is None:
        return NotFittedError(message)
    # Whoever catches the one of scikit-learn has loaded it.
    both = type("NotFittedError", (NotFittedError, exceptions.NotFittedError), {})
    made: NotFittedError = both(message)
    return made


def data_conversion_warning() -> type[UserWarning]:
    """The category of warnings about labels in a column of a table."""
    exceptions = sys.modules.get("sklearn.exceptions")
    found: type[UserWarning] = getattr(exceptions, "DataConversionWarning", UserWarning)
    return found
