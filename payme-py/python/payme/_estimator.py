"""What scikit-learn expects of every estimator, without scikit-learn.

In: a class whose parameters are the keywords of its ``__init__``. Out: parameters that can be
read, set and shown, so that ``clone``, pipelines and searches work.
"""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from .errors import InputError, not_fitted

Self = TypeVar("Self", bound="Estimator")


class Estimator:
    """Parameters by name, and a representation that shows those that were changed."""

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        signature = inspect.signature(cls)
        return {name: parameter.default for name, parameter in signature.parameters.items()}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name. None is an estimator, so ``deep`` changes nothing."""
        return {name: getattr(self, name) for name in self._defaults()}

    def set_params(self: Self, **params: Any) -> Self:
        """Sets parameters by name, and gives the estimator."""
        known = self._defaults()
        for name in params:
            if name not in known:
                has = ", ".join(known) or "none"
                message = f"{type(self).__name__} has no parameter {name!r}: it has {has}"
                raise InputError(message, code="unknown_option")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        changed = []
        for name, default in self._defaults().items():
            value = getattr(self, name)
            if type(value) is not type(default) or repr(value) != repr(default):
                changed.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(changed)})"

    def _fitted(self, attribute: str) -> Any:
        """What a fit has left, or an exception where there was none."""
        try:
            return self.__dict__[attribute]
        except KeyError:
            raise not_fitted(type(self).__name__) from None


def number_option(value: Any, name: str) -> float:
    """A parameter that is a number; what range it has is for the fit to say."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} has to be a number", code="option_type") from None


def flag_option(value: Any, name: str) -> bool:
    """A parameter that is true or false."""
    if not isinstance(value, (bool, int)) and type(value).__name__ not in ("bool", "bool_"):
        raise InputError(f"{name} has to be True or False", code="option_type")
    return bool(value)
