"""The ends of flows in words."""

from __future__ import annotations

from typing import assert_never

from wfcheck.checker.explaining import patterns
from wfcheck.checker.explaining.expressions import alone
from wfcheck.checker.explaining.patterns import enumerated, names, quoted, tags
from wfcheck.dsl import core


def path_text(path: core.FieldPath) -> str:
    """`[].email` below a value."""
    return "".join(step if step == "[]" else f".{step}" for step in path)


def source(end: core.FlowEnd) -> str:
    """What leaves the end."""
    match end:
        case core.TagEnd(tags=carried):
            return "what carries " + (names(carried) if carried else "no tag at all")
        case core.ResultEnd(tool=tool, path=path):
            part = f"`{path_text(path)}` of the result" if path else "the result"
            return f"{part} of {quoted(tool)}"
        case core.ArgumentEnd():
            return f"what was passed as {argument(end)}"
        case core.CallEnd(event=event):
            return f"what comes from {patterns.event(event, evidence=False)}"
        case core.ParameterEnd(workflow=workflow, parameter=parameter, path=path):
            whose = f" of {quoted(workflow)}" if workflow is not None else ""
            return f"the parameter {quoted(parameter + path_text(path))}{whose}"
        case core.StoreEnd(store=store):
            return f"what is read from the store {quoted(store)}"
        case core.AgentEnd(step=step):
            return f"what the step {quoted(step)} makes"
        case core.PrincipalEnd(principal=principal):
            return f"what {quoted(principal)} brought"
        case core.ChannelEnd(channels=channels):
            return f"what comes from {names(channels)}"
        case core.LiteralEnd(table=table):
            return f"the rows of the table {quoted(table)}"
        case _:
            assert_never(end)


def argument(end: core.ArgumentEnd) -> str:
    """`send_money.recipient`."""
    return quoted(f"{end.tool}.{end.argument}{path_text(end.path)}")


def sink(end: core.FlowEnd) -> str:
    """Where something arrives."""
    match end:
        case core.ArgumentEnd():
            return argument(end)
        case core.CallEnd(event=event):
            return f"{patterns.event(event, evidence=False)} (its arguments, or the decision to make it)"
        case core.StoreEnd(store=store):
            return f"the store {quoted(store)}"
        case core.ChannelEnd(channels=channels):
            return names(channels)
        case core.AgentEnd(step=step):
            return f"what the step {quoted(step)} is shown"
        case core.PrincipalEnd(principal=principal):
            return f"what {quoted(principal)} is told or shown"
        case _:
            return source(end)


def target(end: core.ArgumentEnd | core.ResultEnd) -> str:
    """What `from only` speaks of."""
    return argument(end) if isinstance(end, core.ArgumentEnd) else source(end)


def allowed(one: core.AllowedSource) -> str:
    """One source of `from only`, without its releases; they are the same for all."""
    text = source(one.end)
    if one.when is not None:
        return f"{text} (only when {alone(one.when)})"
    if one.designated is not None:
        inner = enumerated(source(s.end) for s in one.designated.sources)
        return f"{text} (only where {target(one.designated.target)} comes from {inner})"
    return text


def allowed_all(sources: tuple[core.AllowedSource, ...]) -> str:
    """Every allowed source, and the releases between."""
    plain = dict.fromkeys(allowed(s) for s in sources if not _only_via(s))
    via = frozenset(name for s in sources for name in s.via)
    text = enumerated(plain) or "nothing"
    return text + (f" (also when released by {names(via)})" if via else "")


def _only_via(one: core.AllowedSource) -> bool:
    return isinstance(one.end, core.TagEnd) and not one.end.tags


def influence(meets: frozenset[str]) -> str:
    """A set of influence tags."""
    return tags(meets)
