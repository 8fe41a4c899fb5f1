"""`parse`: from the text of a file to its tree. Total: bad text yields diagnostics, and what is good of it a tree."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial

import attrs

from wfcheck.dsl import syntax, transform_declarations, transform_rules, transform_statements, transform_terms
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.lalr import Action, Machine, Mark
from wfcheck.dsl.lexing import RESERVED, Tokens, tokenize
from wfcheck.dsl.literals import Note
from wfcheck.dsl.recovery import describe, recover
from wfcheck.dsl.source import Source
from wfcheck.dsl.tables import Tables, load_tables

MAX_MISTAKES = 50
_TRANSFORMS = (transform_declarations, transform_rules, transform_statements, transform_terms)


def parse(source: Source) -> tuple[syntax.Module, tuple[Diagnostic, ...]]:
    """The tree of a file and every mistake found in it, in order. Declarations with a mistake that could not be
    stepped over are left out of the tree."""
    tree, machine, diagnostics = _run(source, "module")
    comments = tuple(machine.tokens.comments)
    assert isinstance(tree, syntax.Module)
    tree = attrs.evolve(tree, path=source.path, comments=comments, span=source.span(0, len(source.text)))
    return tree, diagnostics


def parse_expression(
    text: str, path: str = "<expression>"
) -> tuple[syntax.Expr | None, tuple[Diagnostic, ...]]:
    """The tree of one expression; None where it has a mistake."""
    tree, _, diagnostics = _run(Source(path, text), "expr")
    return (None if diagnostics else tree), diagnostics  # type: ignore[return-value]


def layout_of(source: Source) -> tuple[Tokens, tuple[Mark, ...], tuple[Diagnostic, ...]]:
    """What the formatter goes by: the tokens with soft words decided, and which of them begin and end what."""
    _, machine, diagnostics = _run(source, "module")
    return machine.tokens, tuple(machine.marks), diagnostics


def _run(source: Source, start: str) -> tuple[object, Machine, tuple[Diagnostic, ...]]:
    tables = load_tables()
    tokens = tokenize(source, tables.keywords, tables.signs)
    found = list(tokens.diagnostics)
    machine = Machine(tables, tokens, _actions(found.append), soft_words(tables), [tables.starts[start]])
    if tokens.complete:
        _drive(machine, tables.ends[start], found, start == "module")
    tree = machine.values[-1] if machine.states[-1] == tables.ends[start] else _partial(machine)
    return tree, machine, _ordered(found)


def _drive(machine: Machine, end: int, found: list[Diagnostic], recovers: bool) -> None:
    mistakes = 0
    while not machine.run(end):
        mistake = describe(machine)
        found.append(mistake)
        mistakes += 1
        if not recovers or mistakes > MAX_MISTAKES or not recover(machine):
            return


def _partial(machine: Machine) -> syntax.Module:
    """What was built before the parse had to stop."""
    built = machine.values[1] if len(machine.values) > 1 and isinstance(machine.values[1], list) else []
    span = machine.tokens.source.span(0, 0)
    return transform_declarations.module(lambda _: None, *built, span=span)


def _ordered(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(found, key=lambda d: (d.span.start if d.span else 0, d.code)))


def _actions(note: Note) -> Mapping[str, Action]:
    checked = {rule: partial(builder, note) for t in _TRANSFORMS for rule, builder in t.CHECKED.items()}
    return {**_builders(), **checked}


@cache
def _builders() -> Mapping[str, Action]:
    return {rule: builder for t in _TRANSFORMS for rule, builder in t.BUILDERS.items()}


@cache
def soft_words(tables: Tables) -> frozenset[str]:
    """The terminals of words that may also be names, and of documentation."""
    return frozenset(kind for word, kind in tables.keywords.items() if word not in RESERVED) | {"DOC"}
