"""What a replay blames: an assumption about a tool that a run broke. The repair tests it after each call, and the rules that
rested on it are proved without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from glob import escape

import attrs

from wfcheck.checker import tasks
from wfcheck.checker.repair.edits import Candidate, Edit
from wfcheck.checker.repair.job import Job, call_text, denied, passed, said
from wfcheck.checker.repair.places import Place, after, instead, spread
from wfcheck.checker.repair.search import Found, attempt
from wfcheck.checker.repair.trying import Spec
from wfcheck.checker.result import Result, Verdict
from wfcheck.dsl import core

_NEVER = frozenset({"WF611"})
"""As long as the promise is taken for granted, the test never stops a run."""


def resting(spec: Spec, name: str) -> list[Result]:
    """The proved rules that rest on the assumption."""
    return [r for r in spec.report.results if name in r.assumptions and r.verdict is Verdict.PROVED]


def enforced(
    spec: Spec, name: str, result: Result, deadline: float, progress: Callable[[str], None] | None = None
) -> Found | None:
    """The changes after which a rule that rests on the assumption is proved without it; None: it is so already."""
    found = _promise(spec.made.program, name)
    if found is None or result.workflow is None:
        return Found((), 0, True)
    tool, condition = found
    reached = _without(result, tool.symbol, name)
    if reached(spec):
        return None
    drafts = list(_tests(spec, result, tool, condition))
    edits = tuple(e for d in drafts for e in d.edits)
    whole = [attrs.evolve(drafts[0], edits=edits)] if len(drafts) > 1 else []
    return attempt(spec, [*drafts, *whole], reached, deadline, progress)


def _promise(program: core.Program, name: str) -> tuple[core.Tool, core.Condition] | None:
    for tool in program.tools.values():
        for condition in tool.ensures:
            if name in (condition.name, f"{tool.symbol}.{condition.name}"):
                return tool, condition
    return None


def _tests(spec: Spec, result: Result, tool: core.Tool, condition: core.Condition) -> Iterator[Candidate]:
    """A stop after each call of the tool whose result is not as promised."""
    assert result.workflow is not None
    job = Job(spec.made, spec.made.program.workflows[result.workflow], None, result)
    for call, place in job.calls:
        if call.tool != tool.symbol:
            continue
        variable = call.target or f"{tool.symbol.partition('@')[0]}_result"
        names = {**passed(call, place), "result": variable}
        wanted = said(condition.condition, names)
        if wanted is not None:
            title = f"test `{wanted}` after `{call.tool.partition('@')[0]}`"
            edit = _stop(place, call, variable, denied(wanted))
            yield Candidate(title, (edit,), brings=_NEVER)


def _stop(place: Place, call: core.Call, variable: str, bad: str) -> Edit:
    stop = spread(f"if {bad}", place.indent, [f'stop "`{call.tool}` broke its promise"'])
    if call.target is not None:
        return after(place, stop)
    return instead(place, f"{variable} = {call_text(place)}", stop)


def _without(result: Result, tool: str, name: str) -> Callable[[Spec], bool]:
    """Whether the rule is proved of a spec whose tool does not promise it."""

    def test(spec: Spec) -> bool:
        program = spec.made.program
        kept = tuple(c for c in program.tools[tool].ensures if name not in (c.name, f"{tool}.{c.name}"))
        tools = {**program.tools, tool: attrs.evolve(program.tools[tool], ensures=kept)}
        selection = tasks.Selection((escape(result.rule),), result.workflow)
        weaker = attrs.evolve(program, tools=tools)
        checked = tasks.check_program(weaker, selection=selection, limits=spec.limits)
        found = [r for r in checked.results if (r.rule, r.workflow) == (result.rule, result.workflow)]
        return not checked.errors and bool(found) and all(r.verdict is Verdict.PROVED for r in found)

    return test
