"""What one scope remembers for one monitor."""

from __future__ import annotations

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.conditions.compiled import Tables
from wfcheck.checker.replay.memory import Memory
from wfcheck.dsl import core


@attrs.define
class State:
    """What one scope remembers for one monitor."""

    evidence: Memory | None
    since: Memory | None
    after: Memory | None
    until: Memory | None
    memories: tuple[Memory, ...] = ()

    def __attrs_post_init__(self) -> None:
        kept = (self.since, self.evidence, self.until, self.after)
        self.memories = tuple(memory for memory in kept if memory is not None)

    @staticmethod
    def blank(compiled: monitor.Monitor, program: core.Program, tables: Tables) -> State:
        """With nothing remembered."""
        evidence, armed = compiled.evidence, compiled.armed

        def memory(pattern: core.EventPattern | None) -> Memory | None:
            return None if pattern is None else Memory.of(pattern, program, tables)

        return State(
            _evidence(evidence, program, tables) if evidence else None,
            memory(evidence.since) if evidence else None,
            _arming(armed, compiled.judged, program, tables) if armed else None,
            memory(armed.until) if armed else None,
        )

    def fresh(self) -> State:
        """The same, with nothing remembered."""
        return State(
            self.evidence and self.evidence.fresh(),
            self.since and self.since.fresh(),
            self.after and self.after.fresh(),
            self.until and self.until.fresh(),
        )


def _evidence(evidence: monitor.Evidence, program: core.Program, tables: Tables) -> Memory:
    timed = evidence.within_time is not None
    return Memory.of(evidence.pattern, program, tables, evidence=True, timed=timed)


def _arming(armed: monitor.Armed, judged: core.EventPattern, program: core.Program, tables: Tables) -> Memory:
    return Memory.of(armed.after, program, tables, other=judged, timed=armed.duration is not None)
