"""The canonical event: what every reader yields and what the interpreter, witnesses, monitors and reports share."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal[
    "input", "llm", "call", "result", "fail", "approve", "deny", "message", "remember", "recall",
    "release", "step", "reset", "say", "ask", "end",
]  # fmt: skip
Completeness: TypeAlias = Literal["full", "redacted", "truncated", "absent"]
CONVERSATION = "conversation"
"""Of completeness: `full` where whatever the user was told or asked is among what was said."""
Json: TypeAlias = Any
"""A value as JSON has it: decimals as exact text or number, dates as ISO text. Typed comparison happens where types are known."""


class EventSource(msgspec.Struct, frozen=True, gc=False):
    """Where an event was read: `line` counts from 1, `pointer` is a JSON pointer into that line's (or file's) value."""

    file: str
    line: int
    pointer: str = ""


class Event(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """One event of one run.

    `actor` is a principal, `agent` the region (or step) it acted in. `call` joins a call with its `result`, `fail` or `deny`.
    `arguments` in rules are `args_executed` where known, else `args_requested`. `text` belongs to input, say, llm and message.
    `labels`: tags of the value that the event brings (result, text). `argument_labels`: tags per argument, and under the key `""`
    the tags of the decision to act; only the reference interpreter and instrumented hosts know them. `to` receives a message;
    `valid_steps` (calls) and `valid_until` (ISO time) bound an approval that was given for a while only.
    `store` is of remember and recall; `step` names the llm, agent or release step, or the release declaration."""

    kind: Kind
    seq: int
    trace: str = ""
    session: str | None = None
    run: str | None = None
    id: str | None = None
    parent: str | None = None
    time: str | None = None
    agent: str | None = None
    actor: str | None = None
    tool: str | None = None
    call: str | None = None
    step: str | None = None
    store: str | None = None
    to: str | None = None
    args_requested: dict[str, Json] | None = None
    args_executed: dict[str, Json] | None = None
    shows: list[Json] | None = None
    result: Json = None
    text: str | None = None
    error: str | None = None
    decision: str | None = None
    valid_steps: int | None = None
    valid_until: str | None = None
    derived_from: list[str] | None = None
    labels: list[str] | None = None
    argument_labels: dict[str, list[str]] | None = None
    completeness: dict[str, Completeness] | None = None
    source: EventSource | None = None

    @property
    def arguments(self) -> dict[str, Json]:
        """The executed arguments, or the requested ones, or none."""
        return self.args_executed or self.args_requested or {}


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line of a `*.wftrace.jsonl` file."""

    format: str = "wftrace"
    version: int = 1
    source: str = ""
    completeness: dict[str, Completeness] = {}
