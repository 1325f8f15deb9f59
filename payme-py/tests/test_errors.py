"""Exceptions: one hierarchy, which survives the way between processes."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import payme
import pytest
from payme import errors

CLASSES = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_exception_is_one_of_payme_and_has_a_code(kind: type[payme.PaymeError]) -> None:
    error = kind("what is wrong", index=3)
    assert isinstance(error, payme.PaymeError)
    assert str(error) == "what is wrong"
    assert error.code
    assert error.index == 3
    again = pickle.loads(pickle.dumps(kind("told", code="a_code", index=1)))
    assert (type(again), str(again), again.code, again.index) == (kind, "told", "a_code", 1)


def test_conventions_are_kept() -> None:
    assert issubclass(payme.InputError, ValueError)
    assert issubclass(payme.SingleClassError, ValueError)
    assert issubclass(payme.UnknownSettlementError, KeyError)
    assert issubclass(payme.NotFittedError, (ValueError, AttributeError))
    assert not issubclass(payme.UnknownSettlementError, ValueError)


def test_every_code_of_the_package_is_in_the_list() -> None:
    package = Path(__file__).resolve().parents[1]
    page = (package.parent / "docs" / "errors.md").read_text()
    texts = [
        path.read_text() for path in [*package.glob("src/*.rs"), *package.glob("python/payme/*.py")]
    ]
    codes = set().union(
        *(
            re.findall(r'(?:code=|code = |input\(\s*|let code = |wrong\(\s*)"([a-z_]+)"', text)
            for text in texts
        )
    )
    codes |= {"no_positive", "no_negative"}
    assert len(codes) > 25
    assert sorted(code for code in codes if f"`{code}`" not in page) == []
