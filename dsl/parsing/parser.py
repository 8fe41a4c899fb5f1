"""`parse`: from the text of a file to its tree. Total: bad text yields diagnostics, and what is good of it a tree."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial

import attrs

from wfcheck.dsl import syntax
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.parsing import transform_declarations, transform_rules, transform_statements, transform_terms
from wfcheck.dsl.parsing.lalr import Action, Machine, Mark
from wfcheck.dsl.parsing.lexing import tokenize
from wfcheck.dsl.parsing.literals import Note
from wfcheck.dsl.parsing.recovery import describe, recover
from wfcheck.dsl.parsing.tables import Tables, load_tables
from wfcheck.dsl.parsing.tokens import RESERVED, Tokens
from wfcheck.dsl.source import Source, Span

MAX_MISTAKES = 50
_STEPPED_OVER = frozenset({"WF104", "WF105"})
_SYNTAX = frozenset({"WF101", "WF102", "WF113", "WF114"})
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
    """What the formatter goes by: the tokens with soft words decided, which of them begin and end what, and the
    mistakes that `parse` finds."""
    _, machine, diagnostics = _run(source, "module")
    return machine.tokens, tuple(machine.marks), diagnostics


def _run(source: Source, start: str) -> tuple[object, Machine, tuple[Diagnostic, ...]]:
    tables = load_tables()
    tokens = tokenize(source, tables.keywords, tables.signs)
    kinds = tokens.kinds.copy()
    machine, found = _attempt(tables, tokens, start, by_lines=False)
    if found:
        tokens.kinds[:] = kinds
        machine, found = _attempt(tables, tokens, start, by_lines=True)
    tree = machine.values[-1] if machine.states[-1] == tables.ends[start] else _partial(machine)
    return tree, machine, _ordered(found)


def _attempt(
    tables: Tables, tokens: Tokens, start: str, *, by_lines: bool
) -> tuple[Machine, list[Diagnostic]]:
    found = list(tokens.diagnostics)
    actions = _actions(found.append)
    machine = Machine(tables, tokens, actions, soft_words(tables), [tables.starts[start]], by_lines=by_lines)
    if tokens.complete:
        _drive(machine, tables.ends[start], found, start == "module")
    return machine, found


def _drive(machine: Machine, end: int, found: list[Diagnostic], recovers: bool) -> None:
    mistakes = 0
    while not machine.run(end):
        mistake = describe(machine)
        if not _follows(mistake, machine, found):
            found.append(mistake)
        mistakes += 1
        if mistakes > MAX_MISTAKES:
            found.append(_too_many(mistake))
            return
        if not recovers or not recover(machine):
            return


def _too_many(last: Diagnostic) -> Diagnostic:
    help_ = "mend the first ones and check again"
    message = f"more than {MAX_MISTAKES} mistakes: the rest of the file is not read"
    return Diagnostic("WF124", message, last.span, help=help_)


def _follows(mistake: Diagnostic, machine: Machine, found: list[Diagnostic]) -> bool:
    """Whether a mistake of the syntax is the mere consequence of one already reported: of a sign that was stepped
    over just before, of a bracket that is not closed, or of a mistake on the same line."""
    tokens, row = machine.tokens, machine.row
    start, before = tokens.starts[row], tokens.end(row - 1) if row else 0
    for other in found:
        if other.span is None or mistake.span is None:
            continue
        if other.code in _STEPPED_OVER and before <= other.span.start <= start:
            return True
        if other.code == "WF103" and other.span.start < start <= other.labels[0].span.start:
            return True
        if (
            other.code in _SYNTAX
            and other.span.line == mistake.span.line
            and not _first_of_line(tokens, other.span)
        ):
            return True
    return False


def _first_of_line(tokens: Tokens, span: Span) -> bool:
    return tokens.source.line_text(span.line)[: span.column - 1].isspace() or span.column == 1


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


def productions_of(source: Source) -> frozenset[str]:
    """The names of all rules of the grammar that a file makes use of."""
    used: set[str] = set()

    def watched(rule: str, action: Action) -> Action:
        def build(*children: object, span: Span) -> object:
            used.add(rule)
            return action(*children, span=span)

        return build

    tables = load_tables()
    tokens = tokenize(source, tables.keywords, tables.signs)
    actions = {rule: watched(rule, action) for rule, action in _actions(lambda _: None).items()}
    machine = Machine(tables, tokens, actions, soft_words(tables), [tables.starts["module"]])
    machine.run(tables.ends["module"])
    return frozenset(used)
