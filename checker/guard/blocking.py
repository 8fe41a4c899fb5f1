"""Which events of a recorded run a guard would have stopped."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from wfcheck.checker.guard.answers import Allow
from wfcheck.checker.guard.deciding import ATTEMPTS, Decider
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.traces.event import Event


def blocked(policy: CompiledPolicy, rule: str, events: Sequence[Event]) -> tuple[int, ...] | None:
    """The attempts that a guard with this rule alone does not allow, each asked about as if those before it had happened all the
    same; None if it cannot judge the rule."""
    alone = attrs.evolve(policy, rules=tuple(one for one in policy.rules if one[0].name == rule))
    decider = Decider.start(alone)
    if decider.watch.idle:
        return None
    stopped = []
    for index, event in enumerate(events):
        if event.kind in ATTEMPTS and not isinstance(decider.decide(event)[0], Allow):
            stopped.append(index)
        decider.learn(event)
    return tuple(stopped)
