"""Tools that are called and do not say what they do (WF618)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.walk import statements

_WAYS = {"`effect`": "`effect read` (or `write`, `irreversible`)", "`emits`": "`emits nothing` (or where to)"}


def check(program: core.Program, workflows: Iterable[core.Workflow]) -> Iterator[Diagnostic]:
    """One diagnostic per tool that the workflows use."""
    used = dict.fromkeys(tool for w in workflows for tool in _used(w))
    for symbol in used:
        tool = program.tools[symbol]
        missing = [] if tool.declared_effect else ["`effect`"]
        missing += [] if tool.declared_emits else ["`emits`"]
        if missing:
            yield _silent(tool, missing)


def _used(workflow: core.Workflow) -> Iterator[str]:
    for statement in statements(workflow.body):
        match statement:
            case core.Call(tool=tool):
                yield tool
            case core.Agent(may=may):
                yield from (m.tool for m in may if m.act == "tool" and m.tool is not None)
            case _:
                pass


def _silent(tool: core.Tool, missing: list[str]) -> Diagnostic:
    notes = []
    if not tool.declared_effect:
        notes.append("it was taken to do what cannot be undone")
    if not tool.declared_emits:
        notes.append("its arguments were taken to leave the system")
    return Diagnostic(
        "WF618",
        f"`{tool.symbol}` is called and declares no {' and no '.join(missing)}",
        tool.span,
        Severity.WARNING,
        notes=tuple(notes),
        help=f"write {' and '.join(_WAYS[clause] for clause in missing)}",
    )
