"""`test` blocks: each is a short recorded run, replayed against the rules, and compared with what it expects.

Lines are counted from 0 as the author sees them; `session` and `run` are not events. A `call` line is an attempt and its return, a
`fail` line an attempt and its failure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias

import attrs

from wfcheck.checker.guard.blocking import blocked
from wfcheck.checker.replay.judging import Judged, judge_trace
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.checker.replay.result import ReplayResult
from wfcheck.checker.report.plain import plain
from wfcheck.checker.traces.event import Event, EventSource
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl.core import Expectation, Program, Test, TestEvent
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.source import Span

Outcome: TypeAlias = Literal["passed", "failed", "undecided"]


@attrs.frozen
class ExpectationResult:
    """One expectation of one test. `why` says what was found instead, or why it could not be decided."""

    file: str
    title: str
    expected: str
    outcome: Outcome
    why: str | None
    span: Span


@attrs.frozen
class ExpectationReport:
    """Everything that `wfcheck test` found, in the order of the files."""

    results: tuple[ExpectationResult, ...]
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def exit_code(self) -> int:
        """2 for bad input, else 1 for a failed expectation, else 3 for an undecided one, else 0."""
        if any(d.severity is Severity.ERROR for d in self.diagnostics):
            return 2
        outcomes = {result.outcome for result in self.results}
        return 1 if "failed" in outcomes else 3 if "undecided" in outcomes else 0


def run_tests(program: Program, titles: Sequence[str] = ()) -> ExpectationReport:
    """Run the tests of a program (those whose title matches a glob of `titles`, if there are any)."""
    chosen = [t for t in program.tests if not titles or any(fnmatchcase(t.title, glob) for glob in titles)]
    policy = compile_policy(program) if chosen else None
    results = (r for test in chosen if policy is not None for r in _run(policy, test))
    return ExpectationReport(tuple(results))


@attrs.frozen
class Ran:
    """The lines of a test as a run, and what the rules say of it. `lines`: for each event the line it is of."""

    policy: CompiledPolicy
    judged: Judged
    trace: Trace
    lines: tuple[int, ...]


def _run(policy: CompiledPolicy, test: Test) -> Iterator[ExpectationResult]:
    trace, lines = trace_of(test)
    run = Ran(policy, judge_trace(policy, trace), trace, lines)
    for expectation in test.expectations:
        outcome, why = _judge(expectation, run)
        yield ExpectationResult(test.file, test.title, _shown(expectation), outcome, why, expectation.span)


# ---------------------------------------------------------------- the run


def trace_of(test: Test) -> tuple[Trace, tuple[int, ...]]:
    """The canonical run of a test, and for each of its events the line it is of."""
    events: list[Event] = []
    lines: list[int] = []
    session = run = number = 0
    for line in test.events:
        if line.verb in ("session", "run"):
            session, run = session + (line.verb == "session"), run + 1
            continue
        for fields in _events(line, number):
            source = EventSource(test.file, line.span.line)
            time = _moment(line.at)
            made = Event(
                **fields, seq=len(events), session=str(session), run=str(run), time=time, source=source
            )
            events.append(made)
            lines.append(number)
        number += 1
    start = test.span.line
    return Trace(test.title, test.file, start, "test", tuple(events)), tuple(lines)


def _moment(at: str | None) -> str | None:
    """A clock without a date is a time of one and the same day."""
    return at if at is None or "-" in at or "T" in at else f"2000-01-01T{at}Z"


def _events(line: TestEvent, number: int) -> Iterable[dict[str, Any]]:
    arguments = {name: plain(value) for name, value in line.arguments}
    value = plain(line.value)
    call = f"call-{number}"
    attempt = {
        "kind": "call",
        "tool": line.tool,
        "call": call,
        "args_executed": arguments,
        "actor": line.principal,
    }
    match line.verb:
        case "call":
            known = {} if line.value is not None else {"completeness": {"result": "absent"}}
            return attempt, {"kind": "result", "tool": line.tool, "call": call, "result": value, **known}
        case "fail":
            return attempt, {"kind": "fail", "tool": line.tool, "call": call, "error": "failed"}
        case "approve" | "deny":
            return (
                {"kind": line.verb, "tool": line.tool, "args_requested": arguments, "actor": line.principal},
            )
        case "message":
            text = arguments.pop("text", None)
            ends = {"actor": line.principal, "to": line.to}
            return ({"kind": "message", "text": text, "args_executed": arguments or None, **ends},)
        case "input":
            return ({"kind": "input", "actor": line.principal or "user", "text": value},)
        case verb:
            return ({"kind": verb, "text": value},)


# ---------------------------------------------------------------- what was expected


def _judge(expected: Expectation, run: Ran) -> tuple[Outcome, str | None]:
    match expected.kind:
        case "ok":
            return _judge_ok(run.judged.results)
        case "reachable" | "unreachable":
            return _judge_reachable(run.policy.program, expected)
        case "blame":
            return _judge_blame(expected, run.judged, run.lines)
        case _:
            return _judge_rule(expected, run)


def _judge_rule(expected: Expectation, run: Ran) -> tuple[Outcome, str | None]:
    """`violated`, `insufficient`, or `blocked`: a guard does not allow the event."""
    found = next((result for result in run.judged.results if result.rule == expected.rule), None)
    if found is None:
        return "undecided", f"`{expected.rule}` is not judged on recorded runs"
    if expected.kind == "insufficient":
        return _compared(found.verdict == "insufficient", found, run.lines)
    if expected.kind == "blocked":
        return _judge_blocked(expected, run)
    broken = {run.lines[mark.event] for mark in found.breaks}
    if found.verdict == "insufficient":
        return "undecided", found.reason
    return _compared(bool(broken) and (expected.index is None or expected.index in broken), found, run.lines)


def _judge_blocked(expected: Expectation, run: Ran) -> tuple[Outcome, str | None]:
    stopped = blocked(run.policy, expected.rule or "", run.trace.events)
    if stopped is None:
        return "undecided", f"`{expected.rule}` is nothing that a guard can judge"
    lines = sorted({run.lines[index] for index in stopped})
    if expected.index in lines or (expected.index is None and lines):
        return "passed", None
    where = f"stopped at {', '.join(map(str, lines))}" if lines else "nothing is stopped"
    return "failed", f"{expected.rule}: {where}"


def _judge_reachable(program: Program, expected: Expectation) -> tuple[Outcome, str | None]:
    """Of the workflow itself, whatever the lines of the test say."""
    from wfcheck.checker.reachability import reach, reachable, shared_binders

    if len(expected.events) > 2 and (names := shared_binders(expected.events)):
        return "undecided", f"`{min(names)}` is bound by more than one of three or more events"
    result = reach(program, expected.rule or "", expected.events)
    found = reachable(result)
    if found is None:
        return "undecided", result.reason
    wanted = expected.kind == "reachable"
    return ("passed", None) if found is wanted else ("failed", _WAYS[found])


_WAYS = {True: "a run shows these events in this order", False: "no run shows these events in this order"}


def _judge_ok(results: Iterable[ReplayResult]) -> tuple[Outcome, str | None]:
    listed = list(results)
    broken = [r.rule for r in listed if r.verdict == "violated"]
    if broken:
        return "failed", "violated: " + ", ".join(broken)
    open_ = [f"{r.rule} ({r.reason})" for r in listed if r.verdict == "insufficient"]
    return ("undecided", "insufficient: " + ", ".join(open_)) if open_ else ("passed", None)


def _judge_blame(expected: Expectation, judged: Judged, lines: tuple[int, ...]) -> tuple[Outcome, str | None]:
    broken = [(b.assumption, lines[b.index]) for b in judged.broken]
    if any(name == expected.rule and expected.index in (None, line) for name, line in broken):
        return "passed", None
    listed = ", ".join(f"{name} at {line}" for name, line in broken)
    return "failed", f"broken assumptions: {listed}" if listed else "no assumption is broken"


def _compared(same: bool, found: ReplayResult, lines: tuple[int, ...]) -> tuple[Outcome, str | None]:
    if same:
        return "passed", None
    broken = sorted({lines[mark.event] for mark in found.breaks})
    where = " at " + ", ".join(map(str, broken)) if broken else ""
    return "failed", f"{found.rule}: {found.verdict}{where}"


def _shown(expected: Expectation) -> str:
    words = ["expect", expected.kind, *([expected.rule] if expected.rule else [])]
    return " ".join(words + ([f"at {expected.index}"] if expected.index is not None else []))
