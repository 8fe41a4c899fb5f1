"""Which flow rules a search for values in a recorded run can answer."""

from __future__ import annotations

from wfcheck.checker.provenance.flow import CALLS, TOLD
from wfcheck.dsl import core


def unsearchable(body: core.Flow | core.FromOnly | core.Decision) -> str | None:
    """Why the rule cannot be asked of values in a run, or None."""
    if isinstance(body, core.Flow):
        reasons = [*map(_source_reason, body.sources), *map(_sink_reason, body.sinks)]
    else:
        reasons = [_source_reason(source.end) for source in body.sources]
        inner = [source.designated for source in body.sources if source.designated is not None]
        reasons += [unsearchable(claim) for claim in inner]
    return next((reason for reason in reasons if reason is not None), None)


def _source_reason(end: core.FlowEnd) -> str | None:
    match end:
        case core.CallEnd(event=event) if any(
            c.kind != "call" or c.tests or c.result is not None or c.by for c in event.choices
        ):
            return "a source that is some events only cannot be searched for"
        case core.ChannelEnd():
            return "a channel is no source"
        case _:
            return None


def _sink_reason(end: core.FlowEnd) -> str | None:
    match end:
        case core.CallEnd(event=event) if any(c.kind not in TOLD | CALLS for c in event.choices):
            return "what reaches this sink is not recorded in a run"
        case core.ArgumentEnd() | core.CallEnd() | core.ChannelEnd() | core.StoreEnd() | core.PrincipalEnd():
            return None
        case _:
            return "what reaches this sink is not recorded in a run"
