"""One trace against all rules and all workflows, in one pass: verdicts, what the run did otherwise, and blame."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from wfcheck.checker.conformance.model import Compiled, Model
from wfcheck.checker.conformance.tracker import Tracker
from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.endings import LINGER, Endings
from wfcheck.checker.replay.judged import Judged
from wfcheck.checker.replay.needing import looks_ahead
from wfcheck.checker.replay.passing import Pass, Recording
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.reader import OUTCOMES, Ahead
from wfcheck.checker.replay.rests import Proofs, unproved
from wfcheck.checker.replay.verdicts import Verdicts
from wfcheck.checker.replay.watch import Watch
from wfcheck.checker.replay.window import AHEAD, Window
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.checker.traces.trace import Trace

__all__ = ["Judge", "Judged", "Setting", "judge_trace", "judge_whole"]


@attrs.frozen
class Setting:
    """By what traces are judged. `proofs` is asked only about rules for which something went wrong. `ahead`: so many events of a file
    are read ahead; `linger`: so many events after its end a run is forgotten. `recorder`: makes what is to see the events of the trace
    of that name."""

    policy: CompiledPolicy
    mode: Mode = "values"
    conformance: Compiled | None = None
    proofs: Proofs = unproved
    ahead: int = AHEAD
    linger: int = LINGER
    recorder: Callable[[str], Recording] | None = None

    @staticmethod
    def of(
        policy: CompiledPolicy,
        mode: Mode = "values",
        conformance: Compiled | None = None,
        proofs: Proofs = unproved,
        recorder: Callable[[str], Recording] | None = None,
    ) -> Setting:
        """Looking ahead only where something asks for it."""
        ahead = AHEAD if looks_ahead(policy) else 0
        return Setting(policy, mode, conformance, proofs, ahead, LINGER, recorder)


def judge_trace(
    policy: CompiledPolicy,
    trace: Trace,
    mode: Mode = "values",
    conformance: Compiled | None = None,
    proofs: Proofs = unproved,
) -> Judged:
    """Step every rule over one trace, in one pass, and with `conformance` the workflows as well. `proofs` is asked only about rules
    for which something went wrong."""
    return judge_whole(Setting.of(policy, mode, conformance, proofs), trace)


def judge_whole(setting: Setting, trace: Trace) -> Judged:
    """The same by a setting."""
    judge, window = Judge.start(setting, trace.name, trace.format, trace.completeness), Window(setting.ahead)
    for event in trace.events:
        window.push(judge, event)
    window.close(judge)
    window.drain()
    assert judge.judged is not None
    return judge.judged.incomplete(trace.losses[0]) if trace.losses else judge.judged


@attrs.define(eq=False)
class Judge:
    """Takes in the events of one trace. `judged`: what came of it, when there are no more."""

    setting: Setting
    name: str
    passing: Pass | None
    ahead: Ahead | None
    known: int = 0  # the events that were read
    judged: Judged | None = None

    @staticmethod
    def start(setting: Setting, name: str, format_: str, completeness: Mapping[str, Completeness]) -> Judge:
        """Before the first event."""
        policy, conformance = setting.policy, setting.conformance
        ahead = Ahead(policy.catalogue) if setting.ahead else None
        watch = Watch.start(policy, completeness, setting.mode, ahead)
        tracker = None
        if conformance is not None and conformance.program.workflows:
            tracker = Tracker(Model.of(conformance, format_, completeness))
        recorder = None if setting.recorder is None else setting.recorder(name)
        return Judge(setting, name, Pass(watch, tracker, Endings(setting.linger), recorder), ahead)

    def read(self, event: Event) -> None:
        """An event was read; its turn comes later."""
        if event.kind in OUTCOMES and self.ahead is not None:
            self.ahead.read(self.known, event)
        self.known += 1

    def take(self, event: Event) -> None:
        """Its turn has come."""
        passing = self.passing
        assert passing is not None
        if self.ahead is not None and event.kind in OUTCOMES:
            self.ahead.come(passing.watch.index, event)
        passing.take(event)

    def end(self) -> None:
        """There are no more events: judge, and forget everything else."""
        if self.passing is not None:
            self.judged = self._verdicts(self.passing).all()
            self.passing = None

    def _verdicts(self, passing: Pass) -> Verdicts:
        s = self.setting
        return Verdicts(
            s.policy, self.name, s.mode, passing.watch, passing.finish(), s.proofs, passing.recorder
        )
