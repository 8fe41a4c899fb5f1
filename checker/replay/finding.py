"""What a stepped rule says at an event."""

from __future__ import annotations

from typing import Literal

import attrs


@attrs.frozen
class Finding:
    """`index`: the event at which the rule is broken (or could not be judged). `cause`: the event that brought the trouble in,
    where that is another one. `why` is the same text for equal causes. `shown`: the value at fault, untrusted."""

    verdict: Literal["violated", "insufficient"]
    index: int
    why: str
    cause: int | None = None
    shown: str = ""
    invented: bool = False


def violated(index: int, why: str, **more: object) -> Finding:
    """The rule is broken at an event."""
    return Finding("violated", index, why, **more)  # type: ignore[arg-type]


def insufficient(index: int, why: str) -> Finding:
    """The record does not settle the rule at an event."""
    return Finding("insufficient", index, why)
