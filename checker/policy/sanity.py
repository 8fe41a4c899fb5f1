"""Contracts and types that nothing can satisfy: of every tool, whether or not a workflow uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wfcheck.checker.encoding.encode import condition
from wfcheck.checker.policy.calls import AnyCall, any_call
from wfcheck.checker.policy.patterns import STRANGER
from wfcheck.checker.symbolic.types import conforms
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.backend import solve
from wfcheck.solver.term import Term


def contradictions(program: core.Program, seconds: float = 0.5) -> Iterator[Diagnostic]:
    """A warning for each tool whose arguments, result, `requires` or `ensures` have no value that fits all that is said."""
    for tool in program.tools.values():
        if _says_something(tool):
            yield from _of_tool(program, tool, seconds)


def _says_something(tool: core.Tool) -> bool:
    from wfcheck.dsl.types import RefinedType

    refined = any(isinstance(t, RefinedType) for t in (tool.result, *(p.type for p in tool.parameters)))
    return bool(tool.requires or tool.ensures) or refined


def _of_tool(program: core.Program, tool: core.Tool, seconds: float) -> Iterator[Diagnostic]:
    call = any_call(program, tool, STRANGER)
    if _none(call.valid, seconds):
        yield _warning(tool, f"no arguments of `{tool.symbol}` are of their types", ())
        return
    asked = b.and_(call.valid, *(_holds(call, c) for c in tool.requires))
    if _none(asked, seconds):
        yield _warning(tool, f"no call of `{tool.symbol}` satisfies what it requires", tool.requires)
        return
    result = call.event.result
    typed = b.TRUE if result is None else conforms(result, tool.result, call.matcher.notes)
    if _none(b.and_(asked, typed), seconds):
        yield _warning(tool, f"no result of `{tool.symbol}` is of its type", ())
    elif _none(b.and_(asked, typed, *(_holds(call, c) for c in tool.ensures)), seconds):
        yield _warning(tool, f"no result of `{tool.symbol}` satisfies what it ensures", tool.ensures)


def _holds(call: AnyCall, contract: core.Condition) -> Term:
    env = call.matcher.arguments(call.event)
    if call.event.result is not None:
        env["result", "result"] = call.event.result
    return condition(contract.condition, env, call.matcher.notes).possible


def _none(formula: Term, seconds: float) -> bool:
    return isinstance(solve(formula, (), solver.Limits(seconds=seconds)), solver.Unsat)


def _warning(tool: core.Tool, message: str, contracts: Sequence[core.Condition]) -> Diagnostic:
    notes = tuple(f"`{c.name}` is part of it" for c in contracts)
    help_ = "whatever rests on it would be proved of no call at all: correct the contract or the type"
    return Diagnostic("WF602", message, tool.span, Severity.WARNING, notes=notes, help=help_)
