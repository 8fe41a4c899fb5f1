"""Activities of process-mining logs as events: an activity that was done is a `call` with its `result`.

Of the life cycle of an activity, `start` is the call, `complete` the result, an abort the failure; without one, each record is
both. The resource is the actor, other attributes are the arguments. No model, no user and no approval shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from wfcheck.checker.traces.building import HIDDEN_RESULT, UNSTEPPED, RunBuilder
from wfcheck.checker.traces.event import Completeness, Json

COMPLETENESS: Mapping[str, Completeness] = {
    **UNSTEPPED, "input": "absent", "llm": "absent", "say": "absent", "end": "absent",
    "content": "absent", "args_requested": "absent",
}  # fmt: skip
_ABORTS = frozenset({"ate_abort", "pi_abort", "abort"})


@attrs.frozen
class Activity:
    """One record of a log. `step`: a transition of its life cycle, or None."""

    name: str
    time: str | None
    actor: str | None
    transition: str | None
    arguments: dict[str, Json]


def add_activity(builder: RunBuilder, activity: Activity) -> None:
    """The events of one record, at the place where the builder is."""
    shared: dict[str, Any] = {"actor": activity.actor, "time": activity.time}
    transition = (activity.transition or "complete").lower()
    if transition == "start":
        builder.call(activity.name, None, args_executed=activity.arguments, **shared)
    elif transition == "complete" or transition in _ABORTS:
        if builder.oldest(activity.name) is None:
            builder.call(activity.name, None, args_executed=activity.arguments, **shared)
        opened = builder.close(None, activity.name)
        if opened is not None:
            error = transition if transition in _ABORTS else None
            builder.answer(opened, None, error, completeness=dict(HIDDEN_RESULT), **shared)
    else:
        builder.add("step", step=activity.name, decision=transition[:200], **shared)
