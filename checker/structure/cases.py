"""Guards over one subject that leave a value out (WF612) or take one twice (WF613)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from wfcheck.checker.encoding.encode import encode
from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.structure.asking import Asker
from wfcheck.checker.structure.covering import Cover, cover
from wfcheck.checker.symbolic.constants import lift
from wfcheck.checker.symbolic.records import Choice
from wfcheck.checker.symbolic.types import conforms
from wfcheck.checker.symbolic.value import equal
from wfcheck.dsl import core
from wfcheck.dsl.core import Value
from wfcheck.dsl.diagnostic import Diagnostic, Label, Severity
from wfcheck.dsl.phrase import phrase, show_value
from wfcheck.dsl.source import Span
from wfcheck.dsl.walk import statements
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.backend import solve


def chains(workflow: core.Workflow, asker: Asker) -> Iterator[Diagnostic]:
    """`if ... else if ...` without a last `else`; of the values that are left out only those that a run comes to."""
    choices: dict[core.NodeId, list[Choice]] = {}
    for choice in asker.execution.records.choices:
        choices.setdefault(choice.statement.id, []).append(choice)
    inner: set[core.NodeId] = set()
    for statement in statements(workflow.body):
        if not isinstance(statement, core.If) or statement.id in inner or "/" in statement.id:
            continue
        chain = list(_chain(statement))
        inner |= {s.id for s in chain}
        covered = cover([s.condition for s in chain]) if len(chain) > 1 else None
        if covered is None:
            continue
        last = chain[-1]
        if not last.otherwise:
            yield from _left_out(covered, last, choices.get(last.id, ()), asker)
        yield from _taken_twice(covered, chain)


def _chain(statement: core.If) -> Iterator[core.If]:
    yield statement
    while len(statement.otherwise) == 1 and isinstance(statement.otherwise[0], core.If):
        statement = statement.otherwise[0]
        yield statement


def _left_out(covered: Cover, last: core.If, choices: Iterable[Choice], asker: Asker) -> Iterator[Diagnostic]:
    for value in covered.gap():
        if any(_comes(choice, covered.subject, value, asker) for choice in choices):
            text = f"no case takes `{phrase(covered.subject)}` when it is `{show_value(value)}`"
            yield Diagnostic(
                "WF612", text, last.span, Severity.WARNING, help="add an `else`, or widen a case"
            )
            return


def _comes(choice: Choice, subject: core.Expr, value: Value, asker: Asker) -> bool:
    notes = Notes(asker.execution.program, prefix="case.")
    found = encode(subject, choice.names, notes)
    same = b.and_(found.defined, equal(found.value, lift(value, subject.type)))
    return isinstance(asker.ask(b.and_(choice.start, b.not_(choice.value), same)), solver.Sat)


def _taken_twice(covered: Cover, chain: Sequence[core.If]) -> Iterator[Diagnostic]:
    for second in range(1, len(chain)):
        for first in range(second):
            value = covered.shared(first, second)
            if value is not None:
                text = (
                    f"`{phrase(covered.subject)}` = `{show_value(value)}` is taken by an earlier case as well"
                )
                label = Label(chain[first].span, "by this one, which is the one that runs")
                help_ = "let the two cases part where they are meant to"
                yield Diagnostic("WF613", text, chain[second].span, Severity.WARNING, (label,), help=help_)
                return


# ---------------------------------------------------------------- clauses of declarations and grants


@attrs.frozen
class Clauses:
    """Conditions that stand beside each other. `what`: what is not said of a value that none of them takes."""

    conditions: tuple[core.Expr, ...]
    what: str
    span: Span


def clauses(program: core.Program) -> Iterator[Diagnostic]:
    """`when` of tools and of grants."""
    for group in (*_of_tools(program), *_of_grants(program)):
        covered = cover(group.conditions) if len(group.conditions) > 1 else None
        for value in () if covered is None else covered.gap():
            if covered is not None and _is_value(program, covered.subject, value):
                subject = phrase(covered.subject)
                text = f"{group.what} when `{subject}` is `{show_value(value)}`"
                help_ = "widen one of the conditions, or add a clause without one"
                yield Diagnostic("WF612", text, group.span, Severity.WARNING, help=help_)
                break


def _is_value(program: core.Program, subject: core.Expr, value: Value) -> bool:
    notes = Notes(program, prefix="case.")
    return isinstance(solve(conforms(lift(value, subject.type), subject.type, notes)), solver.Sat)


def _of_tools(program: core.Program) -> Iterator[Clauses]:
    for tool in program.tools.values():
        for channel in dict.fromkeys(e.channel for e in tool.emits):
            emitted = [e for e in tool.emits if e.channel == channel]
            whole = [e.condition for e in emitted if e.condition is not None]
            if len(whole) == len(emitted):
                what = f"no clause of `{tool.symbol}` says whether it emits to `{channel}`"
                yield Clauses(tuple(whole), what, emitted[-1].span)
        for path in dict.fromkeys(r.path for r in tool.returns):
            tagged = [r for r in tool.returns if r.path == path]
            whole = [r.condition for r in tagged if r.condition is not None]
            if len(whole) == len(tagged):
                what = f"no clause of `{tool.symbol}` says what its result carries"
                yield Clauses(tuple(whole), what, tagged[-1].span)


def _of_grants(program: core.Program) -> Iterator[Clauses]:
    for rule in program.rules:
        if not isinstance(rule.body, core.Allow):
            continue
        by_tool: dict[str, list[core.Grant]] = {}
        for grant in rule.body.grants:
            for choice in grant.event.choices:
                for tool in choice.subjects:
                    by_tool.setdefault(tool, []).append(grant)
        for tool, grants in by_tool.items():
            plain = [g for g in grants if not any(c.tests or c.result for c in g.event.choices)]
            whole = [g.condition for g in plain if g.condition is not None]
            if len(whole) == len(grants):
                what = f"`{rule.body.principal}` is granted `{tool}` below and above, and not"
                yield Clauses(tuple(whole), what, grants[-1].span)
