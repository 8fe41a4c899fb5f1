"""Calls and rules in words, for findings about policies."""

from __future__ import annotations

from wfcheck.checker.report.text_events import describe
from wfcheck.checker.result import PathStep
from wfcheck.checker.traces.event import Event
from wfcheck.dsl.source import Span


def call_text(event: Event) -> str:
    """`tool(argument: value)` as a `.wf` file would have it."""
    import msgspec

    return f"`{describe(msgspec.structs.replace(event, actor=None)).removeprefix('call ')}`"


def step(text: str, span: Span) -> PathStep:
    """A remark with its place."""
    return PathStep("control", text, span)
