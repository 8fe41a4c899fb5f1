"""What a core statement looks like as a node: its kind, its title and the type of its value."""

from __future__ import annotations

from typing import assert_never

from wfcheck.dsl import core
from wfcheck.dsl.graph.dag import NodeKind
from wfcheck.dsl.phrase import phrase, readable, shorten
from wfcheck.dsl.types import ListType, Type, base

KINDS: dict[type, NodeKind] = {
    core.Let: "let",
    core.Call: "call",
    core.Llm: "llm",
    core.If: "branch",
    core.For: "for",
    core.While: "while",
    core.Parallel: "parallel",
    core.Agent: "agent",
    core.Approve: "approve",
    core.ReleaseCall: "release",
    core.Scope: "workflow",
    core.Retry: "retry",
    core.Say: "say",
    core.Ask: "ask",
    core.Send: "send",
    core.Receive: "receive",
    core.Remember: "remember",
    core.Recall: "recall",
    core.Stop: "stop",
    core.Return: "return",
}


def node_kind(statement: core.Statement) -> NodeKind:
    """The kind of the node that stands for the statement."""
    return KINDS[type(statement)]


def value_type(statement: core.Statement, program: core.Program) -> Type | None:
    """The type of the value that the statement makes or, for a loop, of its item."""
    match statement:
        case core.Call(tool=tool):
            return program.tools[tool].result if tool in program.tools else None
        case core.ReleaseCall(release=release):
            return program.releases[release].result if release in program.releases else None
        case core.Let(value=value):
            return value.type
        case core.Return(value=result):
            return None if result is None else result.type
        case (
            core.Llm(type=type_)
            | core.Agent(type=type_)
            | core.Scope(type=type_)
            | core.Ask(type=type_)
            | core.Receive(type=type_)
            | core.Recall(type=type_)
        ):
            return type_
        case core.For(source=source):
            listed = base(source.type)
            return listed.item if isinstance(listed, ListType) else None
        case _:
            return None


def title(statement: core.Statement) -> str:
    """The statement in a few words."""
    return shorten(_title(statement), 80)


def _bound(target: str | None, text: str) -> str:
    return text if target is None or "#" in target else f"{readable(target)} = {text}"


def _title(statement: core.Statement) -> str:  # noqa: C901 - one flat arm per kind
    match statement:
        case core.Let(target=target, value=value):
            return _bound(target, phrase(value))
        case core.Call(target=target, tool=tool):
            return _bound(target, tool)
        case core.Llm(target=target, step=step):
            return _bound(target, f"llm {step}")
        case core.Agent(target=target, step=step):
            return _bound(target, f"agent {step}")
        case core.ReleaseCall(target=target, release=release):
            return _bound(target, release)
        case core.Scope(target=target, workflow=workflow):
            return _bound(target, workflow)
        case core.Recall(target=target, store=store):
            return _bound(target, f"recall {store}")
        case core.Ask(target=target, principal=principal):
            return _bound(target, f"ask {principal}")
        case core.Receive(target=target, principal=principal):
            return _bound(target, "receive" if principal is None else f"receive from {principal}")
        case core.If(condition=condition):
            return f"if {phrase(condition)}"
        case core.While(condition=condition):
            return f"repeat while {phrase(condition)}"
        case core.For(item=item, source=source):
            return f"for {readable(item)} in {phrase(source)}"
        case core.Parallel():
            return "parallel"
        case core.Retry(attempts=attempts):
            return f"retry {attempts}"
        case core.Approve(tool=tool, principal=principal):
            return f"approve by {principal}" if tool is None else f"approve {tool} by {principal}"
        case core.Say(value=value):
            return f"say {phrase(value)}"
        case core.Send(principal=principal):
            return f"send to {principal}"
        case core.Remember(store=store):
            return f"remember into {store}"
        case core.Stop(reason=reason):
            return "stop" if reason is None else f"stop: {reason}"
        case core.Return(value=result):
            return "return" if result is None else f"return {phrase(result)}"
        case _:
            assert_never(statement)
