"""Names: spelling suggestions, and how a name is shown."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from wfcheck.dsl import syntax

MAX_CANDIDATES = 2_000


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name`, or None when none is near. Case and order of candidates do not matter."""
    pool = sorted(set(candidates))[:MAX_CANDIDATES]
    folded = {candidate.casefold(): candidate for candidate in reversed(pool)}
    if name.casefold() in folded:
        return folded[name.casefold()]
    near = get_close_matches(name.casefold()[:80], list(folded), n=1, cutoff=0.65)
    return folded[near[0]] if near else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """The help line for a misspelt name, or None."""
    near = closest(name, (c for c in candidates if c != name))
    return None if near is None else f"did you mean `{near}`?"


def dotted(name: syntax.Expr | syntax.Ident) -> tuple[str, ...] | None:
    """`a`, `a.b`, `a.b.c` as their parts; None when the expression is no name."""
    parts: list[str] = []
    while isinstance(name, syntax.Member):
        parts.append(name.name.text)
        name = name.base
    if not isinstance(name, syntax.Name | syntax.Ident):
        return None
    return (name.text, *reversed(parts))


def listing(words: Iterable[str]) -> str:
    """`a`, `b` and `c`, each in back-quotes."""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return ", ".join(quoted[:-1]) + " and " + quoted[-1]
