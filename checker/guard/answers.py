"""What a guard answers before an event, and what it tells after one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import attrs

from wfcheck.checker.traces.event import Json

Because: TypeAlias = Literal["broken", "unknown", "dead end", "error"]
"""The event would break the rule; it may, but what is known does not settle it; it would leave no way to keep the rule; the guard
itself failed, or was asked about something that it does not decide."""


@attrs.frozen
class Allow:
    """The event may happen, and counts as having happened."""


@attrs.frozen
class Deny:
    """The event must not happen. `rule` is the name of a rule, or `guard` where no rule is at fault. `reason` is one lower-case
    sentence; `help` tells what would change the answer, where that is known."""

    rule: str
    reason: str
    help: str | None = None
    because: Because = "broken"


@attrs.frozen
class Ask:
    """Only an approval is missing: let `approver` (None: anybody) decide on a call of `tool` with exactly the arguments `shows`
    (untrusted), tell the guard of the decision with `after`, and ask again."""

    approver: str | None
    shows: Mapping[str, Json]
    tool: str
    rule: str


Answer: TypeAlias = Allow | Deny | Ask
ALLOW: Final = Allow()
GUARD: Final = "guard"
"""Stands for a rule where the guard itself denies."""


@attrs.frozen
class Breach:
    """A rule that an event broke which no guard could stop, for sure or (`sure` false) perhaps."""

    rule: str
    reason: str
    sure: bool = True


def failed(what: str, advice: str | None = None) -> Deny:
    """A denial where no rule is at fault."""
    return Deny(GUARD, what, advice, "error")
