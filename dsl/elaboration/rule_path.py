"""Field paths in rules: `refund.amount`, `get_contacts[].email`, `read_file.result.text`, `request.order`."""

from __future__ import annotations

from wfcheck.dsl import core
from wfcheck.dsl.elaboration.context import Entity
from wfcheck.dsl.elaboration.declaration_path import step_type
from wfcheck.dsl.elaboration.field_path import Path
from wfcheck.dsl.elaboration.names import did_you_mean, listing
from wfcheck.dsl.elaboration.rule_body import RuleFrame
from wfcheck.dsl.types import RecordType, Type, base, show
from wfcheck.dsl.walk import statements


def field_end(frame: RuleFrame, path: Path, *, source: bool) -> tuple[core.FlowEnd, ...]:
    """The argument or the part of a result that a path below a tool names. A source may be both: then both count."""
    assert path.entity is not None
    if path.entity.kind == "group":
        return _of_group(frame, path, source=source)
    tool = frame.context.tools.get(path.entity.symbol) if path.entity.kind == "tool" else None
    if tool is None:
        if path.entity.kind != "tool":
            _no_fields(frame, path, path.entity)
        return ()
    return _of_tool(frame, tool, path, source=source)


def _of_group(frame: RuleFrame, path: Path, *, source: bool) -> tuple[core.FlowEnd, ...]:
    assert path.entity is not None
    members = frame.subjects().members(path.entity, "tool", path.span)
    tools = [frame.context.tools[m] for m in sorted(members) if m in frame.context.tools]
    return tuple(end for tool in tools for end in _of_tool(frame, tool, path, source=source))


def _no_fields(frame: RuleFrame, path: Path, entity: Entity) -> None:
    frame.context.report(
        "WF534",
        f"`{entity.name}` is a {entity.kind} and has no fields here",
        path.span,
        labels=[(entity.span, "declared here")],
        help=f"write `{entity.name}` alone",
    )


def _of_tool(frame: RuleFrame, tool: core.Tool, path: Path, *, source: bool) -> tuple[core.FlowEnd, ...]:
    explicit = path.steps[0] == "result" and tool.parameter("result") is None
    steps = path.steps[1:] if explicit else path.steps
    found: list[core.FlowEnd] = []
    parameter = tool.parameter(steps[0]) if steps and not explicit else None
    if source and _below(tool.result, steps) is not None:
        found.append(core.ResultEnd(tool.symbol, steps))
    if parameter is not None and _below(parameter.type, steps[1:]) is not None:
        found.append(core.ArgumentEnd(tool.symbol, parameter.name, steps[1:]))
    if not found:
        _unknown_field(frame, tool, path, parameter, explicit=explicit, source=source)
    return tuple(found)


def _below(type_: Type, steps: core.FieldPath) -> Type | None:
    at: Type | None = type_
    for step in steps:
        at = None if at is None else step_type(at, step)
    return at


def _unknown_field(
    frame: RuleFrame,
    tool: core.Tool,
    path: Path,
    parameter: core.Param | None,
    *,
    explicit: bool,
    source: bool,
) -> None:
    arguments = [p.name for p in tool.parameters]
    bare = base(tool.result)
    fields = [name for name, _ in bare.fields] if isinstance(bare, RecordType) else []
    if explicit and not source:
        message = f"a value flows into an argument of `{tool.symbol}`, not into its result"
    elif parameter is not None:
        message = (
            f"`{'.'.join(path.steps[1:])}` is no part of `{parameter.name}`, which is {show(parameter.type)}"
        )
    else:
        message = (
            f"`{tool.symbol}` has no argument"
            + (" or field" if source else "")
            + f" called `{path.steps[0]}`"
        )
    notes = [f"its arguments are {listing(arguments)}"] if arguments else []
    if source:
        notes.append(f"its result is {show(tool.result)}")
    frame.context.report(
        "WF502",
        message,
        path.span,
        labels=[(tool.span, "declared here")],
        notes=notes,
        help=did_you_mean(path.steps[0], [*arguments, *(fields if source else [])]),
    )


def named_place(frame: RuleFrame, path: Path) -> tuple[core.FlowEnd, ...] | None:
    """A parameter or an llm or agent step of the workflows in scope; None when it is neither, nothing after a report."""
    workflows = [frame.context.workflows[w] for w in frame.workflows if w in frame.context.workflows]
    owners = [w for w in workflows for p in w.parameters if p.name == path.name]
    steps = {s.step for w in workflows for s in statements(w.body) if isinstance(s, core.Llm | core.Agent)}
    if owners:
        return _parameter(frame, path, owners)
    if path.name not in steps:
        return None
    if path.steps:
        frame.context.report(
            "WF534", f"`{path.name}` is a step and has no fields here", path.span, help="name the step alone"
        )
    return (core.AgentEnd(path.name),)


def _parameter(frame: RuleFrame, path: Path, owners: list[core.Workflow]) -> tuple[core.FlowEnd, ...]:
    types = [p.type for w in owners for p in w.parameters if p.name == path.name]
    if all(_below(type_, path.steps) is None for type_ in types):
        frame.context.report(
            "WF502",
            f"`{'.'.join(path.steps)}` is no part of `{path.name}`, which is {show(types[0])}",
            path.span,
            help="name the parameter alone",
        )
        return ()
    return (core.ParameterEnd(None, path.name, path.steps),)
