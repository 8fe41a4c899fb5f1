"""Programs with one guard, approval, release, grant, hide, `requires` or `max` dropped: on the core, place by place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.phrase import phrase
from wfcheck.dsl.source import Span
from wfcheck.dsl.walk import statements

MANY = 1_000_000
"""Steps of an agent whose `max` is dropped."""
Change: TypeAlias = Callable[[core.Statement], core.Block]


@attrs.frozen
class Mutant:
    """`kind`: guard, when, approval, release, hide, grant, requires, max or once. `text`: what is dropped, in the words of the
    language. `touched`: the workflows that it changes; `rule`: the one rule that it changes."""

    kind: str
    text: str
    span: Span
    make: Callable[[core.Program], core.Program] = attrs.field(eq=False)
    touched: frozenset[str] = frozenset()
    rule: str | None = None


def mutants(program: core.Program) -> list[Mutant]:
    """Every mutant once, in order of the text; code that is put into several workflows is changed in all of them."""
    found: dict[tuple[str, str, int, str], Mutant] = {}
    for mutant in (*_in_workflows(program), *_releases(program), *_grants(program)):
        key = (mutant.kind, mutant.span.file, mutant.span.start, mutant.text)
        known = found.get(key)
        touched = mutant.touched | (frozenset() if known is None else known.touched)
        found[key] = attrs.evolve(mutant, touched=touched)
    rank = {file: number for number, file in enumerate(program.files)}
    ours = [m for m in found.values() if m.span.file.endswith(".wf")]
    return sorted(ours, key=lambda m: (rank.get(m.span.file, len(rank)), m.span.start, m.kind, m.text))


def _in_workflows(program: core.Program) -> Iterator[Mutant]:
    for workflow in program.workflows.values():
        touched = frozenset({workflow.symbol})
        for statement in statements(workflow.body):
            for kind, text, change in _changes(statement):
                yield Mutant(kind, text, statement.span, _rewriting(statement, change), touched)
        for contract in workflow.requires:
            yield _contract(workflow, contract)
        if workflow.once_per_session:
            yield Mutant(
                "once",
                "once per session",
                workflow.span,
                _replacing(workflow.symbol, lambda w: attrs.evolve(w, once_per_session=False)),
                touched,
            )


def _changes(statement: core.Statement) -> Iterator[tuple[str, str, Change]]:
    match statement:
        case core.If():
            yield "guard", f"if {phrase(statement.condition)}", _unguarded
        case core.Approve():
            what = statement.tool or "what is shown"
            yield "approval", f"approve {what} by {statement.principal}", lambda _: ()
        case core.For(maximum=most) if most is not None:
            yield "max", f"for {statement.item} ... max {most}", _unbounded
        case core.While(maximum=most) if most is not None:
            yield "max", f"repeat max {most}", _unbounded
        case core.Agent():
            yield from _of_agent(statement)
        case core.Scope(requires=contracts):
            yield from ((("requires"), c.name, _without_contract(c.name)) for c in contracts)
        case _:
            return


def _of_agent(agent: core.Agent) -> Iterator[tuple[str, str, Change]]:
    for place, may in enumerate(agent.may):
        if may.condition is not None:
            name = may.tool or may.act
            yield "when", f"may {name} when {phrase(may.condition)}", _without_when(place)
    for tool in sorted(agent.hides):
        yield "hide", f"hides {tool}", _without_hide(tool)
    yield "max", f"agent {agent.step} max {agent.maximum} steps", _unbounded


def _unbounded(statement: core.Statement) -> core.Block:
    match statement:
        case core.For() | core.While():
            return (attrs.evolve(statement, maximum=None),)
        case core.Agent():
            return (attrs.evolve(statement, maximum=MANY),)
        case _:
            return (statement,)


def _without_when(place: int) -> Change:
    def change(statement: core.Statement) -> core.Block:
        assert isinstance(statement, core.Agent)
        may = tuple(attrs.evolve(m, condition=None) if i == place else m for i, m in enumerate(statement.may))
        return (attrs.evolve(statement, may=may),)

    return change


def _without_hide(tool: str) -> Change:
    def change(statement: core.Statement) -> core.Block:
        assert isinstance(statement, core.Agent)
        return (attrs.evolve(statement, hides=statement.hides - {tool}),)

    return change


def _without_contract(name: str) -> Change:
    def change(statement: core.Statement) -> core.Block:
        assert isinstance(statement, core.Scope)
        return (attrs.evolve(statement, requires=tuple(c for c in statement.requires if c.name != name)),)

    return change


def _unguarded(statement: core.Statement) -> core.Block:
    """What the guard protects happens always: the first arm, or (where the first arm ends the run) what follows."""
    assert isinstance(statement, core.If)
    ends = any(isinstance(s, core.Stop | core.Return) for s in statement.then)
    return statement.otherwise if ends else statement.then


# ---------------------------------------------------------------- programs


def _rewriting(wanted: core.Statement, change: Change) -> Callable[[core.Program], core.Program]:
    """Changes every copy of the statement: the same kind at the same place of the text."""

    def make(program: core.Program) -> core.Program:
        changed = {
            name: attrs.evolve(workflow, body=_block(workflow.body, wanted, change))
            for name, workflow in program.workflows.items()
        }
        return attrs.evolve(program, workflows=changed)

    return make


def _block(block: core.Block, wanted: core.Statement, change: Change) -> core.Block:
    made: list[core.Statement] = []
    for statement in block:
        inner = _inside(statement, wanted, change)
        made.extend(change(inner) if _same_place(inner, wanted) else (inner,))
    return tuple(made)


def _same_place(statement: core.Statement, wanted: core.Statement) -> bool:
    return type(statement) is type(wanted) and statement.span == wanted.span


def _inside(statement: core.Statement, wanted: core.Statement, change: Change) -> core.Statement:
    match statement:
        case core.If(then=then, otherwise=otherwise):
            return attrs.evolve(
                statement, then=_block(then, wanted, change), otherwise=_block(otherwise, wanted, change)
            )
        case core.For(body=body) | core.While(body=body) | core.Scope(body=body):
            return attrs.evolve(statement, body=_block(body, wanted, change))
        case core.Parallel(branches=branches):
            return attrs.evolve(statement, branches=tuple(_block(b, wanted, change) for b in branches))
        case core.Retry(body=body, handler=handler):
            done = None if handler is None else _block(handler, wanted, change)
            return attrs.evolve(statement, body=_block(body, wanted, change), handler=done)
        case core.Approve(otherwise=refused) if refused is not None:
            return attrs.evolve(statement, otherwise=_block(refused, wanted, change))
        case _:
            return statement


def _replacing(
    workflow: str, change: Callable[[core.Workflow], core.Workflow]
) -> Callable[[core.Program], core.Program]:
    def make(program: core.Program) -> core.Program:
        found = change(program.workflows[workflow])
        return attrs.evolve(program, workflows={**program.workflows, workflow: found})

    return make


def _contract(workflow: core.Workflow, contract: core.Condition) -> Mutant:
    kept = tuple(c for c in workflow.requires if c is not contract)
    text = f"requires {phrase(contract.condition)}"
    return Mutant(
        "requires",
        text,
        contract.span,
        _replacing(workflow.symbol, lambda w: attrs.evolve(w, requires=kept)),
        frozenset({workflow.symbol}),
    )


def _releases(program: core.Program) -> Iterator[Mutant]:
    """A release that removes nothing."""
    used: dict[str, set[str]] = {}
    for workflow in program.workflows.values():
        for statement in statements(workflow.body):
            if isinstance(statement, core.ReleaseCall):
                used.setdefault(statement.release, set()).add(workflow.symbol)
    for name, workflows in used.items():
        release = program.releases[name]
        yield Mutant("release", f"release {name}", release.span, _inert(name), frozenset(workflows))


def _inert(name: str) -> Callable[[core.Program], core.Program]:
    def make(program: core.Program) -> core.Program:
        inert = attrs.evolve(program.releases[name], removes=frozenset())
        return attrs.evolve(program, releases={**program.releases, name: inert})

    return make


def _grants(program: core.Program) -> Iterator[Mutant]:
    for rule in program.rules:
        if isinstance(rule.body, core.Allow) and rule.workflows:
            for grant in rule.body.grants:
                for choice in grant.event.choices:
                    names = ", ".join(sorted(choice.subjects))
                    text = f"allow {rule.body.principal}: {names}"
                    yield Mutant(
                        "grant", text, choice.span, _ungranted(rule.name, grant, choice), rule=rule.name
                    )


def _ungranted(
    name: str, grant: core.Grant, choice: core.EventChoice
) -> Callable[[core.Program], core.Program]:
    def without(line: core.Grant) -> core.Grant | None:
        if line is not grant:
            return line
        kept = tuple(c for c in line.event.choices if c is not choice)
        return attrs.evolve(line, event=attrs.evolve(line.event, choices=kept)) if kept else None

    def change(rule: core.Rule) -> core.Rule:
        if rule.name != name or not isinstance(rule.body, core.Allow):
            return rule
        lines = tuple(left for line in rule.body.grants if (left := without(line)) is not None)
        return attrs.evolve(rule, body=attrs.evolve(rule.body, grants=lines))

    return lambda program: attrs.evolve(program, rules=tuple(map(change, program.rules)))
