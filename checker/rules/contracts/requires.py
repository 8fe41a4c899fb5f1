"""`builtin.requires`: `requires` of tools and inlined workflows, `when` of releases, refinement types of arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wfcheck.checker.encoding.encoded import Notes, coerce, has_any
from wfcheck.checker.obligation import Case, Finding
from wfcheck.checker.rules.contracts.deciding import Break, decide
from wfcheck.checker.rules.contracts.supply import sources_of
from wfcheck.checker.rules.contracts.typing import has_elements, refined, typed
from wfcheck.checker.rules.contracts.wording import in_terms_of
from wfcheck.checker.rules.symbolic_match import Matcher
from wfcheck.checker.symbolic.execution import Execution, SymbolicEvent
from wfcheck.checker.symbolic.lemmas import broken
from wfcheck.dsl import core, types
from wfcheck.dsl.phrase import phrase
from wfcheck.dsl.walk import statements
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

Arguments = Mapping[str, core.Expr]


def check(case: Case) -> Finding | None:
    """Whatever is asked of a caller holds at every call."""
    if not _asks(case):
        return None
    return decide(case, lambda execution: list(_breaks(case, execution)))


def _asks(case: Case) -> bool:
    program = case.program
    for act in case.acts("call", "release"):
        if act.kind == "release":
            release = program.releases[act.subject or ""]
            asked = release.condition is not None or any(refined(p.type) for p in release.parameters)
        else:
            tool = program.tools[act.subject or ""]
            asked = bool(tool.requires) or any(refined(p.type) for p in tool.parameters)
        if asked:
            return True
    return any(_asking(program, s) for s in statements(case.workflow.body))


def _asking(program: core.Program, statement: core.Statement) -> bool:
    """Whether an inlined workflow asks for something, or a value of `any` is passed where a type is wanted."""
    match statement:
        case core.Scope(workflow=name, requires=contracts, parameters=given):
            wanted = program.workflows[name].parameters
            pairs = zip(given, wanted, strict=True)
            loose = any(_gradual(e.type, p.type) for (_, e), p in pairs)
            return bool(contracts) or loose or any(refined(p.type) for p in wanted)
        case core.Call(tool=name, arguments=arguments):
            types_ = {p.name: p.type for p in program.tools[name].parameters}
        case core.ReleaseCall(release=name, arguments=arguments):
            types_ = {p.name: p.type for p in program.releases[name].parameters}
        case _:
            return False
    return any(_gradual(value.type, types_[name]) for name, value in arguments)


def _shapeless(given: core.Expr | None, wanted: types.Type) -> bool:
    """A value of `any` is passed as a list or map, of which no term can say that it is one."""
    return given is not None and _gradual(given.type, wanted) and has_elements(wanted)


def _gradual(given: types.Type, wanted: types.Type) -> bool:
    return has_any(given) and not has_any(wanted)


# ---------------------------------------------------------------- places


def _breaks(case: Case, execution: Execution) -> Iterator[Break]:
    notes = Notes(case.program, prefix="contract.")
    matcher = Matcher(case.program, notes)
    sites = {s.id: s for s in statements(case.workflow.body)}
    for event in execution.events:
        if event.certain and event.kind in ("call", "release"):
            site = sites.get(event.site)
            yield from _at_event(case, matcher, event, site)
    for duty in execution.records.duties:
        if duty.kind == "requires":
            callee = duty.contract.name.rpartition(".")[0]
            asked = phrase(duty.contract.condition)
            text = f"`{callee}` requires `{asked}`, and that may not hold here"
            yield Break(broken(duty, notes), duty.span, text, f"test `{asked}` before the call")
    for fit in execution.records.fits:
        known = b.boolean(not _shapeless(fit.given, fit.type))
        fits = b.and_(known, coerce(fit.value, fit.type)[1], typed(fit.value, fit.type, notes))
        text = f"`{fit.parameter}` is given a value that may not be of its type {_shown(fit.type)}"
        yield Break(b.and_(fit.guard, b.not_(fits)), fit.span, text, "test it before the call")


def _at_event(
    case: Case, matcher: Matcher, event: SymbolicEvent, site: core.Statement | None
) -> Iterator[Break]:
    if event.kind == "release":
        release = case.program.releases[event.subject or ""]
        conditions: tuple[core.Expr, ...] = () if release.condition is None else (release.condition,)
        parameters, name, verb = release.parameters, release.symbol, "may be used when"
    else:
        tool = case.program.tools[event.tool or ""]
        conditions = tuple(c.condition for c in tool.requires)
        parameters, name, verb = tool.parameters, tool.symbol, "requires"
    given = _given(site)
    for asked in conditions:
        sure = matcher.holds(asked, event, {}).sure
        yield _break(case, event, site, sure, f"`{name}` {verb} `{phrase(asked)}`", asked, given)
    values = matcher.arguments(event)
    for parameter in parameters:
        value = values["argument", parameter.name]
        known = b.boolean(not _shapeless(given.get(parameter.name), parameter.type))
        sure = b.and_(known, coerce(value, parameter.type)[1], typed(value, parameter.type, matcher.notes))
        if sure is not b.TRUE:
            text = f"`{name}` takes {_shown(parameter.type)} as `{parameter.name}`"
            yield _break(case, event, site, sure, text, _refinement(parameter), given)


def _break(
    case: Case,
    event: SymbolicEvent,
    site: core.Statement | None,
    sure: Term,
    text: str,
    asked: core.Expr | None,
    given: Arguments,
) -> Break:
    wrong = b.and_(event.guard, b.not_(sure))
    notes = () if asked is None else sources_of(case, asked, given)
    whole = f"{text}, and that may not hold here"
    return Break(wrong, event.span, whole, _help(site, event, asked, given), notes)


def _help(
    site: core.Statement | None, event: SymbolicEvent, asked: core.Expr | None, given: Arguments
) -> str | None:
    if isinstance(site, core.Agent):
        need = "what it asks for" if asked is None else f"`{phrase(asked)}`"
        return f"add {need} to the `when` of `{event.tool}` in the `may` of `{site.step}`"
    if asked is None:
        return "test the value before the call, or give its source a type"
    return f"test `{phrase(in_terms_of(asked, given))}` before the call"


def _given(site: core.Statement | None) -> Arguments:
    return dict(site.arguments) if isinstance(site, core.Call | core.ReleaseCall) else {}


def _shown(type_: types.Type) -> str:
    return f"`{types.show(type_)}`"


def _refinement(parameter: core.Param) -> core.Expr | None:
    """The condition of the type, over the argument."""
    if not isinstance(parameter.type, types.RefinedType):
        return None
    asked = parameter.type.condition
    argument = core.Variable(parameter.name, "argument", parameter.type.base, span=asked.span)
    return in_terms_of(asked, {"it": argument})
