"""Whether anything asks of a call how it will end; if not, events need not wait for later ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.watch import TRACED
from wfcheck.dsl import core

_LEAVES: Final = (str, int, float, bool, bytes, type(None))


def looks_ahead(policy: CompiledPolicy) -> bool:
    """Whether a rule, a register or a tool may speak of the result or the outcome of a call when it begins."""
    if policy.tracked.busy or any(isinstance(rule.body, TRACED) for rule, _ in policy.rules):
        return True
    if any(isinstance(c, monitor.Quota) and c.kind == "consecutive" for _, c in policy.rules):
        return True
    parts = [*(rule.body for rule, _ in policy.rules), *(c for _, c in policy.rules)]
    return any(_of_result(part) for part in _parts([*parts, *policy.program.tools.values()]))


def _of_result(part: object) -> bool:
    if isinstance(part, core.Variable):
        return part.kind == "result"
    return isinstance(part, core.EventChoice) and part.result is not None


def _parts(tops: list[Any]) -> Iterator[object]:
    """Everything that is part of something."""
    stack, seen = tops, set[int]()
    while stack:
        top = stack.pop()
        if isinstance(top, _LEAVES) or id(top) in seen:
            continue
        seen.add(id(top))
        yield top
        if isinstance(top, tuple | list | frozenset):
            stack.extend(top)
        elif isinstance(top, dict):
            stack.extend(top.values())
        elif attrs.has(type(top)):
            stack.extend(getattr(top, name) for name in attrs.fields_dict(type(top)))
