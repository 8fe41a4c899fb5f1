"""What many traces show, put together in one report."""

from __future__ import annotations

import attrs

from wfcheck.checker.replay.causes import causes_of
from wfcheck.checker.replay.judging import Judged
from wfcheck.checker.replay.result import Departure, NearMiss, ReplayReport, Undeclared
from wfcheck.checker.replay.results import Pack, Results
from wfcheck.checker.traces.trace import Problem, Skip
from wfcheck.dsl.diagnostic import Diagnostic, Severity


@attrs.frozen
class Outcome:
    """What some traces show, as plain data that can be sent and kept. `defect`: how wfcheck itself failed at them."""

    results: Pack = Pack()
    diagnostics: tuple[Diagnostic, ...] = ()
    skipped: tuple[Skip, ...] = ()
    undeclared: tuple[Undeclared, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    departures: tuple[Departure, ...] = ()
    traces: int = 0
    events: int = 0
    defect: str | None = None


@attrs.define
class Collector:
    """Takes in one trace after another. With `lenient` what cannot be read is skipped and listed."""

    lenient: bool
    results: Results = attrs.field(factory=Results)
    diagnostics: list[Diagnostic] = attrs.field(factory=list)
    skipped: list[Skip] = attrs.field(factory=list)
    undeclared: list[Undeclared] = attrs.field(factory=list)
    near_misses: list[NearMiss] = attrs.field(factory=list)
    departures: list[Departure] = attrs.field(factory=list)
    recorded: list[tuple[str, object]] = attrs.field(factory=list)
    defects: list[str] = attrs.field(factory=list)
    traces: int = 0
    events: int = 0

    def take(self, found: Judged | Problem) -> None:
        """What a trace shows, or what could not be read."""
        if isinstance(found, Problem):
            self._problem(found)
            return
        self.traces += 1
        self.events += found.events
        self.results.add(found.trace, found.alike)
        self.near_misses.extend(found.near_misses)
        self.departures.extend(found.departures)
        self.undeclared.extend(found.undeclared)
        if found.recorded is not None:
            self.recorded.append((found.trace, found.recorded))

    def _problem(self, problem: Problem) -> None:
        if self.lenient and problem.severity is Severity.ERROR and problem.line is not None:
            p = problem
            self.skipped.append(Skip(p.file, p.line, p.pointer, p.code, p.message))
        else:
            self.diagnostics.append(problem.diagnostic())

    def merge(self, outcome: Outcome) -> None:
        """What other traces show, that were judged elsewhere."""
        self.results.merge(outcome.results)
        self.diagnostics.extend(outcome.diagnostics)
        self.skipped.extend(outcome.skipped)
        self.undeclared.extend(outcome.undeclared)
        self.near_misses.extend(outcome.near_misses)
        self.departures.extend(outcome.departures)
        self.traces += outcome.traces
        self.events += outcome.events
        if outcome.defect is not None:
            self.defects.append(outcome.defect)

    def outcome(self) -> Outcome:
        """All of it as plain data."""
        return Outcome(
            self.results.pack(),
            tuple(self.diagnostics),
            tuple(self.skipped),
            tuple(self.undeclared),
            tuple(self.near_misses),
            tuple(self.departures),
            self.traces,
            self.events,
        )

    def done(self) -> ReplayReport:
        """The report."""
        return ReplayReport(
            self.results,
            tuple(self.diagnostics),
            tuple(self.undeclared),
            tuple(self.skipped),
            causes_of(self.results.apart),
            self.traces,
            self.events,
            tuple(self.near_misses),
            tuple(self.departures),
            recorded=tuple(self.recorded),
            defects=tuple(self.defects),
        )
