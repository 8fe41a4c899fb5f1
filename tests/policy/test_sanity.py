"""Contracts and types that nothing satisfies are told, whether or not a workflow uses them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wfcheck.checker.result import Report


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("tool t(n: int) -> int { pure ensures a: result > n ensures b: result < n }", "ensures"),
        ("tool t(n: int) -> int { pure requires n > 3 requires n < 2 }", "requires"),
        (
            "tool t(n: int) -> int { pure requires n > 3 ensures a: result == n ensures b: result < 3 }",
            "ensures",
        ),
    ],
)
def test_what_nothing_satisfies(checked: Callable[[str], Report], tool: str, words: str) -> None:
    (found,) = [d for d in checked(tool + "\n").diagnostics if d.code == "WF602"]
    assert words in found.message


@pytest.mark.parametrize(
    "tool",
    [
        "tool t(n: int) -> int { pure ensures a: result > n ensures b: result < n + 2 }",
        "tool t(n: int?) -> int { pure requires n == none or n > 3 ensures a: result > 1 }",
        "type Small = int where it < 2\ntool t(n: Small) -> Small { pure requires n > 0 }",
    ],
)
def test_what_something_satisfies(checked: Callable[[str], Report], tool: str) -> None:
    assert not [d for d in checked(tool + "\n").diagnostics if d.code == "WF602"]
