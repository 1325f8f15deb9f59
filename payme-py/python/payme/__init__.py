"""PayMe for Python: metrics, calibration, a ranker, and matching.

The rules are those of the Rust library; this package converts arrays, tables and errors.

- :mod:`payme.metrics`: how good scores and probabilities are.
- :class:`payme.Ranker`: logistic regression with the conventions of scikit-learn.
- :mod:`payme.calibration`: from scores to probabilities.
- :class:`payme.Catalog`: which settlements people match, for one person or for a table of them.
- :func:`payme.train_ranker`: from an export to weights in force.
- :class:`payme.Engine`: a database, and what people match in it.
- :mod:`payme.errors`: one hierarchy of exceptions, each with a stable code.
"""

from . import calibration, errors, learning, metrics
from ._payme import Matches, __version__
from .catalog import Catalog
from .engine import Engine
from .errors import (
    ArtifactError,
    CatalogError,
    ConvergenceWarning,
    DatabaseError,
    InputError,
    InputTypeError,
    MissingValueError,
    NotFittedError,
    PaymeError,
    RowsError,
    SingleClassError,
    UnknownSettlementError,
    UnknownUserError,
)
from .learning import train_ranker
from .ranker import Ranker

__all__ = [
    "ArtifactError",
    "Catalog",
    "CatalogError",
    "ConvergenceWarning",
    "DatabaseError",
    "Engine",
    "InputError",
    "InputTypeError",
    "Matches",
    "MissingValueError",
    "NotFittedError",
    "PaymeError",
    "Ranker",
    "RowsError",
    "SingleClassError",
    "UnknownSettlementError",
    "UnknownUserError",
    "__version__",
    "calibration",
    "errors",
    "learning",
    "metrics",
    "train_ranker",
]
