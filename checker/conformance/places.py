"""The step of a workflow that an event belongs to, named as the nodes of its typed DAG are."""

from __future__ import annotations

from collections.abc import Iterator

from wfcheck.checker.conformance.match import matches
from wfcheck.checker.conformance.model import Model
from wfcheck.checker.conformance.stack import Answer, Begin, Config, Fork, Region, Stack, Steps, Waiting
from wfcheck.checker.conformance.tracker import Tracker
from wfcheck.checker.replay.view import View

Place = tuple[str, str]
"""A workflow and the id of a node of its DAG."""

_ACTS = {"message": "send"}


def places_of(tracker: Tracker, view: View) -> tuple[Place, ...]:
    """The steps that the event just stepped may be of, in all explanations of the run that are as good as any; more than one, where
    the record does not tell, and none, where the workflow does not have the event."""
    state = tracker.runs.get((view.session, view.run))
    if state is None or view.kind == "end":
        return ()
    found = {
        (config.workflow.symbol, node): None
        for config in state.places(view.index)
        for node in _nodes(tracker.model, config, config.stack, view)
    }
    return tuple(found)


def _nodes(model: Model, config: Config, stack: Stack | None, view: View) -> Iterator[str]:
    match stack:
        case Begin(parameters=parameters, index=index) if index < len(parameters):
            yield f"parameter:{parameters[index].name}"
        case Steps(block=block, index=index) if index < len(block):
            yield block[index].id
        case Waiting(s=s) | Answer(s=s):
            yield s.id
        case Region(s=s):
            act = view.name or _ACTS.get(view.kind, view.kind)
            offered = any(act == (may.tool or may.act) for may in s.may)
            yield f"{s.id}:{act}" if offered else s.id
        case Fork(branches=branches):
            for branch in branches:
                if branch is not None and any(matches(model, config.at(branch), view)):
                    yield from _nodes(model, config, branch, view)
        case _:
            return
