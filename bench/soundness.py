"""Random programs against random oracles, for as long as one likes: whatever the checker claims, no run may contradict.

    WFCHECK_FUZZ_SECONDS=600 python bench/soundness.py [--start SEED] [--seed SEED] [--oracles 4]

The programs come from `tests/generators`. Those of even seeds are about labels, and half of them hold a template of what fools
checkers; those of odd seeds are about histories: loops that count, retries, guarded agents, inlined workflows,
partitions and registers, under eight rules each, of every form and scope. Of each program:

* labels: what an event of any run carries lies within what the static labelling says of the act, with and without control;
* proofs: no rule that is PROVED or VACUOUS is broken in any run, judged by the naive evaluator (of histories: in one run or several of
  one session, one after another or interleaved);
* guards: a rule that is ENFORCED is broken by acts of agents alone, and by calls whose failure the workflow handles;
* worlds: of each flow rule that is PROVED, two runs that differ in nothing but the rule's tag show the same at its end (or one a
  beginning of the other, where a run did not complete), for the same decisions of people and releases;
* witnesses: the run of each VIOLATED rule breaks it at the event that was named, by the naive evaluator and by the monitors.

Prints counts; ends with 1 and the seeds if anything contradicts. `--seed` looks at one program and prints its rules."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from generators import ruled  # noqa: E402
from generators.histories import Told, histories  # noqa: E402
from generators.oracles import RandomOracle  # noqa: E402
from generators.programs import generate  # noqa: E402
from generators.worlds import World  # noqa: E402

from wfcheck.checker.labels.analysis import Labelling, analyse, check_labelling  # noqa: E402
from wfcheck.checker.obligation import Limits  # noqa: E402
from wfcheck.checker.reference.evaluate import judged  # noqa: E402
from wfcheck.checker.reference.flows import is_explicit  # noqa: E402
from wfcheck.checker.reference.interpreter import Sessions, run_sessions  # noqa: E402
from wfcheck.checker.reference.log import Log  # noqa: E402
from wfcheck.checker.reference.matching import Matcher  # noqa: E402
from wfcheck.checker.reference.rules import breaks  # noqa: E402
from wfcheck.checker.replay.judging import judge_trace  # noqa: E402
from wfcheck.checker.replay.policy import compile_policy  # noqa: E402
from wfcheck.checker.result import Result, Verdict  # noqa: E402
from wfcheck.checker.tasks import check_program  # noqa: E402
from wfcheck.checker.traces.event import Event  # noqa: E402
from wfcheck.checker.traces.trace import Trace  # noqa: E402
from wfcheck.dsl import core  # noqa: E402
from wfcheck.dsl.elaboration import elaborate  # noqa: E402
from wfcheck.dsl.walk import statements  # noqa: E402
from wfcheck.stdlib import load  # noqa: E402

WORLDS = 3
FUEL = 1500
HISTORIES = 10
TIMEOUT = 2.0
CLEARED = (Verdict.PROVED, Verdict.VACUOUS)
ABOUT_VALUES = (core.Flow, core.FromOnly, core.Decision, core.Meta)
EVENT_RULES = (core.Before, core.Forbid, core.Allow)
KINDS = {
    "call": "call",
    "approve": "approve",
    "deny": "approve",
    "say": "say",
    "ask": "ask",
    "message": "message",
}


@attrs.define
class Tally:
    """What was looked at, and what contradicted: (seed, what)."""

    counts: Counter[str] = attrs.field(factory=Counter)
    wrong: list[tuple[int, str]] = attrs.field(factory=list)


@attrs.frozen
class Subject:
    """A program and everything the checker says of it."""

    seed: int
    program: core.Program
    workflow: core.Workflow
    results: tuple[Result, ...]

    @property
    def written(self) -> Iterator[tuple[core.Rule, Result]]:
        """The results of the rules of the program for the workflow, with their rules."""
        rules = {rule.name: rule for rule in self.program.rules}
        for result in self.results:
            if result.rule in rules and result.workflow == self.workflow.symbol:
                yield rules[result.rule], result


def examine(seed: int, oracles: int, tally: Tally, size: int = 14) -> Subject:
    """All comparisons of one program."""
    program, workflow = generate(seed, size=size)
    checked = check_program(program, limits=Limits(TIMEOUT))
    subject = Subject(seed, program, workflow, checked.results)
    tally.counts["programs"] += 1
    tally.wrong += [(seed, f"{name} failed: {error!r}") for name, error in checked.errors]
    for _, result in subject.written:
        tally.counts[f"rules {result.verdict.value}"] += 1
    for explicit in (False, True):
        runs = list(random_runs(subject, oracles, explicit))
        tally.counts["runs"] += sum(len(done.runs) for done in runs)
        tally.wrong += [(seed, what) for what in above(subject, runs, explicit, tally)]
        tally.wrong += [(seed, what) for what in broken(subject, runs, explicit, tally)]
        tally.wrong += [(seed, what) for what in unguarded(subject, runs, explicit, tally)]
    tally.wrong += [(seed, what) for what in told_apart(subject, tally)]
    tally.wrong += [(seed, what) for what in unconfirmed(subject, tally)]
    return subject


def random_runs(subject: Subject, oracles: int, explicit: bool) -> Iterator[Sessions]:
    """Runs of random oracles, every other one with a run before it over the same stores."""
    for number in range(oracles):
        first = RandomOracle(subject.seed * 1000 + number, subject.program)
        later = RandomOracle(subject.seed * 1000 + number + 500, subject.program)
        entries = [(subject.workflow, first), (subject.workflow, later)][: 1 + number % 2]
        done = run_sessions(subject.program, entries, fuel=FUEL, explicit=explicit)
        if not any(b.rule == "assumption" for run in done.runs for b in run.breaches):
            yield done


# ---------------------------------------------------------------- labels


def above(subject: Subject, runs: Sequence[Sessions], explicit: bool, tally: Tally) -> Iterator[str]:
    """Events that carry more than their act may."""
    labelling = analyse(subject.program, implicit=not explicit)
    if not check_labelling(subject.program, labelling):
        yield "the labelling is not closed"
    for done in runs:
        for event in done.events:
            if event.kind in KINDS:
                tally.counts["events with labels"] += 1
                if not _within(labelling, subject.workflow.symbol, event):
                    yield f"event {event.seq} ({event.kind} {event.tool}) is above its label, explicit={explicit}"


def _within(labelling: Labelling, workflow: str, event: Event) -> bool:
    table, line = labelling.table, event.source.line if event.source else 0
    given = event.argument_labels or {}
    for act in labelling.workflows[workflow].acts.values():
        if act.kind != KINDS[event.kind] or act.span.line != line:
            continue
        if act.kind == "call" and act.subject != event.tool:
            continue
        known = {name: tree.every for name, tree in act.arguments.items()} | {"": act.decision}
        if all(not table.mask(tags) & ~known[name] for name, tags in given.items() if name in known):
            return True
    return False


# ---------------------------------------------------------------- proofs


def broken(subject: Subject, runs: Sequence[Sessions], explicit: bool, tally: Tally) -> Iterator[str]:
    """Rules that a run breaks though they were proved."""
    for rule, result in subject.written:
        if result.verdict not in CLEARED or is_explicit(rule.body) != explicit:
            continue
        for done in (done for done in runs if admitted(subject, result, done)):
            tally.counts["verdicts compared with runs"] += 1
            found = breaks(
                subject.program, rule, done.events, marked=True, explicit=explicit, trees=done.trees
            )
            if found.broken:
                yield f"{rule.name} is {result.verdict.value} and breaks at event {found.broken[0]}"


def admitted(subject: Subject, result: Result, done: Sessions) -> bool:
    """Whether a guard lets the run through, where the verdict rests on one, and no call fails that is assumed not to tell by it."""
    if "guard-deployed" not in result.assumptions:
        return True
    failed = {f"{event.tool}.failures" for event in done.events if event.kind == "fail"}
    forbidden = [rule for rule in subject.program.rules if isinstance(rule.body, core.Forbid)]
    kept = not any(breaks(subject.program, rule, done.events).broken for rule in forbidden)
    return kept and failed.isdisjoint(result.assumptions)


def unguarded(subject: Subject, runs: Sequence[Sessions], explicit: bool, tally: Tally) -> Iterator[str]:
    """Rules that are ENFORCED and that something else breaks than what a guard may deny."""
    handled = handled_lines(subject.workflow)
    for rule, result in subject.written:
        if result.verdict is not Verdict.ENFORCED or is_explicit(rule.body) != explicit:
            continue
        for done in runs:
            tally.counts["guarded verdicts compared with runs"] += 1
            found = breaks(
                subject.program, rule, done.events, marked=True, explicit=explicit, trees=done.trees
            )
            for event in (done.events[index] for index in found.broken):
                line = event.source.line if event.source else 0
                if event.agent is None and line not in handled:
                    yield f"{rule.name} is ENFORCED and the workflow breaks it at event {event.seq}"


def handled_lines(workflow: core.Workflow) -> set[int]:
    """Where the workflow calls what it has a handler for."""
    return {
        call.span.line
        for retry in statements(workflow.body)
        if isinstance(retry, core.Retry) and retry.handler is not None
        for call in statements(retry.body)
        if isinstance(call, core.Call)
    }


# ---------------------------------------------------------------- histories


def examine_histories(seed: int, oracles: int, tally: Tally) -> list[Subject]:
    """All comparisons of one program about histories, by workflow."""
    program = written(seed)
    checked = check_program(program, limits=Limits(TIMEOUT))
    tally.counts["programs about histories"] += 1
    tally.wrong += [(seed, f"{name} failed: {error!r}") for name, error in checked.errors]
    scope = program.rules[0].workflows
    told = list(histories(program, scope, range(seed * 1000, seed * 1000 + HISTORIES * oracles)))
    tally.counts["histories"] += len(told)
    found = [Subject(seed, program, program.workflows[name], checked.results) for name in scope]
    for subject in found:
        for _, result in subject.written:
            tally.counts[f"rules {result.verdict.value}"] += 1
        tally.wrong += [(seed, what) for what in contradicted(subject, told, tally)]
        tally.wrong += [(seed, what) for what in unconfirmed(subject, tally)]
    return found


def written(seed: int) -> core.Program:
    """The program about histories of a seed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.wf"
        path.write_text(ruled.program(seed), encoding="utf-8")
        program, diagnostics = elaborate.load([path], library=load)
    errors = [d for d in diagnostics if d.severity.value == "error"]
    assert not errors, errors
    return program


def contradicted(subject: Subject, told: Sequence[Told], tally: Tally) -> Iterator[str]:
    """Rules that an event of the workflow breaks though they were proved, or though only agents might break them."""
    handled = handled_lines(subject.workflow)
    for rule, result in subject.written:
        kept = result.verdict in CLEARED and "guard-deployed" not in result.assumptions
        enforced = result.verdict is Verdict.ENFORCED
        if isinstance(rule.body, ABOUT_VALUES) or not (kept or enforced):
            continue
        for history in told:
            tally.counts[
                "guarded verdicts compared with runs" if enforced else "verdicts compared with runs"
            ] += 1
            found = breaks(subject.program, rule, [event for _, event in history], marked=True)
            for place in found.broken:
                name, event = history[place]
                line = event.source.line if event.source else 0
                excused = enforced and (event.agent is not None or line in handled)
                if name == subject.workflow.symbol and not excused:
                    yield f"{rule.name} is {result.verdict.value} for {name} and breaks at event {place}"


# ---------------------------------------------------------------- worlds


def told_apart(subject: Subject, tally: Tally) -> Iterator[str]:
    """Flow rules that were proved and whose end shows which of two worlds a run is in."""
    for rule, result in subject.written:
        body = rule.body
        if result.verdict is not Verdict.PROVED or not isinstance(body, core.Flow):
            continue
        if "guard-deployed" in result.assumptions:
            continue  # the worlds have no guard
        if body.explicit or body.influence is not None or not isinstance(body.sources[0], core.TagEnd):
            continue
        (tag,) = body.sources[0].tags
        sink = body.sinks[0]
        if isinstance(sink, core.StoreEnd) and tag in subject.program.stores[sink.store].holds:
            continue  # what it held before is no flow, and differs
        worlds = [run_world(subject, tag, number) for number in range(WORLDS)]
        for other in worlds[1:]:
            tally.counts["pairs of worlds"] += 1
            if (shown := difference(subject.program, worlds[0], other, sink)) is not None:
                yield f"{rule.name} is PROVED and {tag} shows: {shown}"


def run_world(subject: Subject, tag: str, number: int) -> Sessions:
    """The program in a world of its own, once or twice over the same stores."""
    oracles = [
        World(subject.seed * 31 + n, subject.program, subject.workflow, tag, number)
        for n in range(1 + subject.seed % 2)
    ]
    entries = [(subject.workflow, oracle) for oracle in oracles]
    return run_sessions(subject.program, entries, fuel=FUEL)


def difference(program: core.Program, one: Sessions, other: Sessions, sink: core.FlowEnd) -> str | None:
    """What tells the worlds apart at the end of the flow."""
    complete = all(run.complete for run in (*one.runs, *other.runs))
    if not complete and len(one.runs) > 1:
        return None  # later runs see what an abnormal end kept from being stored
    if isinstance(sink, core.StoreEnd):
        stores = one.memory.stores, other.memory.stores
        if not complete or any(sink.store not in kept for kept in stores):
            return None
        first, second = (kept[sink.store].whole() for kept in stores)
        return None if first == second else f"{first} / {second}"
    shown, again = arrivals(program, one, sink), arrivals(program, other, sink)
    short = None if complete else min(len(shown), len(again))
    return None if shown[:short] == again[:short] else f"{shown} / {again}"


def arrivals(program: core.Program, done: Sessions, sink: core.FlowEnd, start: int = 0) -> list[Any]:
    """What arrives at the end of a flow, in order, from an event on."""
    matcher = Matcher(Log(program, done.events), False)
    found: list[Any] = []
    for index, event in enumerate(done.events[start:], start):
        called = event.kind == "call" and event.tool is not None
        match sink:
            case core.ArgumentEnd(tool=tool, argument=argument) if called and event.tool == tool:
                found.append(event.arguments.get(argument))
            case core.CallEnd(event=pattern) if called and event.tool in pattern.choices[0].subjects:
                found.append(sorted(event.arguments.items(), key=str))
            case core.PrincipalEnd(principal=to) if event.kind in ("say", "ask", "message"):
                if (event.to or "user") == to:
                    found.append((event.kind, event.result, event.text))
            case core.ChannelEnd(channels=channels) if called:
                found += _emitted(program, matcher, index, event, channels)
            case _:
                pass
    return found


def _emitted(
    program: core.Program, matcher: Matcher, index: int, event: Event, channels: frozenset[str]
) -> Iterator[Any]:
    env = matcher.environment(index, {})
    for emission in program.tools[event.tool or ""].emits:
        if emission.channel in channels and judged(emission.condition, env) is not False:
            sent = emission.arguments
            yield (
                event.tool,
                sorted(((n, v) for n, v in event.arguments.items() if sent is None or n in sent), key=str),
            )


# ---------------------------------------------------------------- witnesses


def unconfirmed(subject: Subject, tally: Tally) -> Iterator[str]:
    """Witnesses that do not break their rule where they say."""
    policy = compile_policy(subject.program)
    for rule, result in subject.written:
        if result.witness is None:
            continue
        tally.counts["witnesses"] += 1
        events, index = result.witness.events, result.witness.index
        naive = breaks(subject.program, rule, events, marked=True, explicit=is_explicit(rule.body))
        if index not in naive.broken:
            yield f"the witness of {rule.name} does not break it at event {index}"
        if isinstance(rule.body, EVENT_RULES):
            tally.counts["witnesses stepped by monitors"] += 1
            stepped = judge_trace(policy, Trace("witness", "witness", 1, "made", events))
            found = next(r for r in stepped.results if r.rule == rule.name)
            if index not in [mark.event for mark in found.breaks]:
                yield f"the monitor of {rule.name} says {found.verdict} of its witness, not at event {index}"


# ---------------------------------------------------------------- main


def shrunk(seed: int, oracles: int) -> int:
    """The smallest size at which the (even) seed still contradicts."""
    for size in range(1, 14):
        tally = Tally()
        examine(seed, oracles, tally, size)
        if tally.wrong:
            return size
    return 14


def fuzz(seconds: float, start: int, oracles: int) -> Tally:
    """Programs from `start` on until the time is up."""
    tally = Tally()
    end = time.monotonic() + seconds
    seed = start
    while time.monotonic() < end:
        look(seed, oracles, tally)
        seed += 1
    return tally


def look(seed: int, oracles: int, tally: Tally) -> list[Subject]:
    """The program of a seed."""
    return examine_histories(seed, oracles, tally) if seed % 2 else [examine(seed, oracles, tally)]


def main() -> int:
    """Fuzz, or look at one program."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--start", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--oracles", type=int, default=4)
    options = parser.parse_args()
    if options.seed is not None:
        tally = Tally()
        for subject in look(options.seed, options.oracles, tally):
            for _, result in subject.written:
                print(f"{result.rule} in {result.workflow}: {result.verdict.value} {result.reason or ''}")
    else:
        seconds = float(os.environ.get("WFCHECK_FUZZ_SECONDS", "60"))
        tally = fuzz(seconds, options.start, options.oracles)
    for name, number in sorted(tally.counts.items()):
        print(f"{name}: {number:,}")
    print(f"contradictions: {len(tally.wrong)}")
    for seed, what in tally.wrong:
        size = "" if seed % 2 else f", size {shrunk(seed, options.oracles)}"
        print(f"  seed {seed}{size}: {what}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
