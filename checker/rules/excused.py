"""The program in which what comes from some allowed places carries nothing of its own.

`require decision of CALL from only {t}` lets the result of `t` steer the call, whatever tags it is declared to carry; what went into
that result still counts."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from wfcheck.checker.obligation import Case, Given
from wfcheck.dsl import core


def excused(case: Case, ends: Iterable[core.FlowEnd]) -> Case:
    """The case in that program; made once for each set of places. Ends that are no results or parameters excuse nothing."""
    known = frozenset(end for end in ends if isinstance(end, core.ResultEnd | core.ParameterEnd))
    if not known:
        return case
    analysis = case.analysis.once(
        ("excused", case.workflow.symbol, known),
        lambda: attrs.evolve(
            case.analysis, given=Given(), program=_without(case.program, case.workflow.symbol, known)
        ),
    )
    return Case(analysis, analysis.program.workflows[case.workflow.symbol], case.rule)


def _without(program: core.Program, symbol: str, ends: frozenset[core.FlowEnd]) -> core.Program:
    tools = {name: _tool(tool, ends) for name, tool in program.tools.items()}
    workflow = program.workflows[symbol]
    parameters = tuple(_parameter(workflow.symbol, parameter, ends) for parameter in workflow.parameters)
    workflows = {**program.workflows, symbol: attrs.evolve(workflow, parameters=parameters)}
    return attrs.evolve(program, tools=tools, workflows=workflows)


def _tool(tool: core.Tool, ends: frozenset[core.FlowEnd]) -> core.Tool:
    paths = [end.path for end in ends if isinstance(end, core.ResultEnd) and end.tool == tool.symbol]
    if not paths:
        return tool
    kept = (r for r in tool.returns if not any(r.path[: len(path)] == path for path in paths))
    return attrs.evolve(tool, returns=tuple(kept))


def _parameter(workflow: str, parameter: core.Param, ends: frozenset[core.FlowEnd]) -> core.Param:
    named = any(
        isinstance(end, core.ParameterEnd)
        and end.workflow in (None, workflow)
        and end.parameter == parameter.name
        and not end.path
        for end in ends
    )
    return attrs.evolve(parameter, sources=frozenset()) if named else parameter
