"""Filters on the command line, and what to say when one selects nothing."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

from wfcheck.dsl.diagnostic import Diagnostic


def globs(patterns: Iterable[str]) -> tuple[str, ...]:
    """Patterns over plain rule names, and the same over symbols (`policy@file.rule`, where two files declare one policy)."""
    listed = tuple(patterns)
    parts = (pattern.partition(".") for pattern in listed)
    return listed + tuple(f"{policy}@*.{rule}" for policy, dot, rule in parts if dot)


def unmatched(patterns: Iterable[str], names: Iterable[str]) -> tuple[Diagnostic, ...]:
    """An error for each glob that matches none of the names of rules."""
    known = list(dict.fromkeys(names))
    return tuple(_no_rule(pattern, known) for pattern in patterns if not _matches(pattern, known))


def _matches(pattern: str, names: list[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs((pattern,)) for name in names)


def _no_rule(glob: str, known: list[str]) -> Diagnostic:
    near = get_close_matches(glob, known, n=1)
    hint = (
        f"did you mean `{near[0]}`?"
        if near
        else "a rule is named `policy.rule`; `*` stands for any part of it"
    )
    return Diagnostic("WF806", f"no rule is called `{glob}`", None, notes=_listed("rules", known), help=hint)


def no_workflow(wanted: str | None, names: Iterable[str], file: str | None = None) -> Diagnostic:
    """The error for a workflow that does not exist, or (`wanted` None) for one that has to be named."""
    known = list(names)
    notes = _listed("workflows", known)
    if wanted is None:
        message = "the spec has several workflows" if known else "the spec has no workflow"
        return Diagnostic("WF806", message, None, notes=notes, help="use --workflow NAME", file=file)
    near = get_close_matches(wanted, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else None
    return Diagnostic("WF806", f"no workflow is called `{wanted}`", None, notes=notes, help=hint, file=file)


def _listed(what: str, names: list[str]) -> tuple[str, ...]:
    shown = ", ".join(f"`{name}`" for name in names[:20]) or "none"
    return (f"{what}: {shown}{', ...' if len(names) > 20 else ''}",)
