"""Why something that is wanted may be missing: *absent*, if nobody produces it, or *starved*, if its producer exists and need not
have run (the two are told apart as in Lean4Agent)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wfcheck.checker.obligation import Case
from wfcheck.checker.rules.events import may_be
from wfcheck.dsl import core, types
from wfcheck.dsl.phrase import readable
from wfcheck.dsl.walk import statements, subexpressions


def sources_of(case: Case, asked: core.Expr, given: Mapping[str, core.Expr]) -> tuple[str, ...]:
    """Notes on what a condition speaks of and may be missing. `given`: arguments by name."""
    roots = dict.fromkeys(_locals(asked, given))
    return tuple(note for name in roots for note in _missing(case, name))


def _locals(asked: core.Expr, given: Mapping[str, core.Expr]) -> Iterator[str]:
    for part in subexpressions(asked):
        match part:
            case core.Variable(name=name, kind="local"):
                yield name
            case core.Variable(name=name, kind="argument") if name in given:
                yield from _locals(given[name], {})
            case _:
                pass


def _missing(case: Case, name: str) -> Iterator[str]:
    shown = readable(name)
    for parameter in case.workflow.parameters:
        if parameter.name == name and isinstance(types.base(parameter.type), types.OptionType):
            yield f"`{shown}` may be absent: whoever starts the run may leave it out"
    for statement in statements(case.workflow.body):
        if getattr(statement, "target", None) == name:
            yield from _from_elsewhere(case, statement, shown)


def _from_elsewhere(case: Case, statement: core.Statement, shown: str) -> Iterator[str]:
    match statement:
        case core.Recall(store=store):
            yield _kept(case, store, shown)
        case core.Receive(principal=sender):
            yield _sent(case, sender, shown)
        case core.Call(tool=tool) if isinstance(
            types.base(case.program.tools[tool].result), types.OptionType
        ):
            yield f"`{shown}` may be absent: `{tool}` may return `none`"
        case _:
            pass


def _kept(case: Case, store: str, shown: str) -> str:
    """What a store can hold."""
    found = sorted(w.symbol for w in case.program.workflows.values() if writes(case.program, w, store))
    if not found:
        return f"`{shown}` is absent: no workflow writes the store `{store}`"
    names = ", ".join(f"`{w}`" for w in found[:3])
    return f"`{shown}` is starved where {names} did not write the store `{store}` before"


def _sent(case: Case, sender: str | None, shown: str) -> str:
    if not any(sends(w) for w in case.program.workflows.values()):
        by = "anybody" if sender is None else f"`{sender}`"
        return f"`{shown}` is absent: no workflow has {by} send it"
    return f"`{shown}` is starved where the message was not sent before"


def writes(program: core.Program, workflow: core.Workflow, store: str) -> bool:
    """Whether a step of the workflow may write the store."""
    for statement in statements(workflow.body):
        match statement:
            case core.Remember(store=written):
                found = written == store
            case core.Call(tool=tool):
                found = store in program.tools[tool].writes
            case core.Agent(may=may):
                found = any(_may_write(program, m, store) for m in may)
            case _:
                found = False
        if found:
            return True
    return False


def _may_write(program: core.Program, may: core.May, store: str) -> bool:
    if may.act == "tool":
        return may.tool is not None and store in program.tools[may.tool].writes
    return may.act == "remember" and may.tool in (None, store)


def sends(workflow: core.Workflow) -> bool:
    """Whether a step of the workflow may send a message."""
    return any(
        isinstance(s, core.Send) or (isinstance(s, core.Agent) and any(m.act == "send" for m in s.may))
        for s in statements(workflow.body)
    )


# ---------------------------------------------------------------- evidence


def evidence(case: Case, rule: core.Rule) -> tuple[str, ...]:
    """Of a rule that wants evidence before a call: whether any step of the workflow makes it."""
    if not isinstance(rule.body, core.Before):
        return ()
    acts = may_be(case, rule.body.evidence)
    if acts is None:
        return ()
    if acts:
        lines = ", ".join(str(line) for line in sorted({act.span.line for act in acts})[:3])
        return (f"the evidence is starved: a step in line {lines} makes it, and need not have run before",)
    other = [w for w in case.program.workflows.values() if _makes(case, w, rule.body.evidence)]
    if not other:
        return ("the evidence is absent: no step of any workflow makes it",)
    names = ", ".join(f"`{w.symbol}`" for w in other[:3])
    return (f"the evidence is absent: no step of this workflow makes it, only of {names}",)


def _makes(case: Case, workflow: core.Workflow, pattern: core.EventPattern) -> bool:
    found = may_be(Case(case.analysis, workflow, case.rule), pattern)
    return found is None or bool(found)
