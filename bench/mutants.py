"""Mutants of the label rules: each is one rule made wrong, and the tests of the labelling must notice.

    python bench/mutants.py [--seconds N] [--only NAME] [--list]

A mutant is a function of `checker/label_*.py` whose text is changed in one place, for the time of its trial. The killers, cheapest
first:

* `dynamic`: on generated programs (every shape template, and random ones), labels of events of random runs lie within the static ones;
* `adversarial`: of the cases that fool checkers none is proved, as far as the rule of the case is about labels;
* `noninterference`: two worlds that differ in one tag only show the same wherever the static label lacks the tag.

Exit code 1 if a mutant survives, 2 if one no longer fits the text of its function."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeAlias

import attrs

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from generators.declarations import TAGS  # noqa: E402
from generators.programs import LATER, SHAPES, RandomOracle, generate  # noqa: E402
from generators.worlds import World  # noqa: E402
from label_mutants import MUTANTS, MisfitError, Mutant  # noqa: E402

from wfcheck.checker.labels.analysis import Labelling, analyse  # noqa: E402
from wfcheck.checker.obligation import Analysis, Case, Limits  # noqa: E402
from wfcheck.checker.reference.interpreter import Sessions, run_sessions  # noqa: E402
from wfcheck.checker.result import Verdict  # noqa: E402
from wfcheck.checker.rules import flow, verbs  # noqa: E402
from wfcheck.checker.traces.event import Event  # noqa: E402
from wfcheck.dsl import core  # noqa: E402
from wfcheck.dsl.elaboration import elaborate  # noqa: E402
from wfcheck.stdlib import load  # noqa: E402

Deadline: TypeAlias = float
Killer: TypeAlias = Callable[[Deadline], str | None]
"""What shows that the labelling is wrong, if anything does before the deadline."""

SEEDS_PER_SHAPE, RANDOM_SEEDS, ORACLES = 12, 40, 3


# ---------------------------------------------------------------- killer: static above dynamic


@attrs.frozen
class Recorded:
    """A generated program and events of random runs of it, which do not depend on the label rules."""

    name: str
    program: core.Program
    workflow: core.Workflow
    explicit: bool
    events: tuple[Event, ...]


def _sources() -> Iterator[tuple[str, core.Program, core.Workflow]]:
    for shape in (*SHAPES, *LATER):
        for seed in range(SEEDS_PER_SHAPE):
            yield f"{shape.__name__}/{seed}", *generate(seed, size=2, shape=shape)
    for seed in range(RANDOM_SEEDS):
        yield f"random/{seed}", *generate(seed)


@cache
def recorded() -> tuple[Recorded, ...]:
    """All programs with their runs: two sessions each."""
    found = []
    for name, program, workflow in _sources():
        for explicit in (False, True):
            events: list[Event] = []
            for number in range(ORACLES):
                entries = [(workflow, RandomOracle(number * 100 + more, program, 0.3)) for more in (0, 50)]
                events += run_sessions(program, entries, explicit=explicit).events
            found.append(Recorded(name, program, workflow, explicit, tuple(events)))
    return tuple(found)


def dynamic(deadline: Deadline) -> str | None:
    """The first program on which an event carries more than the static labels say."""
    for case in recorded():
        if time.monotonic() > deadline:
            return None
        labelling = analyse(case.program, implicit=not case.explicit)
        for event in case.events:
            if not _within(labelling, case.workflow.symbol, event):
                return f"{case.name}, line {event.source.line if event.source else 0}: {event.kind}"
    return None


_KINDS = {
    "call": "call", "approve": "approve", "deny": "approve", "say": "say", "ask": "ask", "message": "message",
    "remember": "remember", "llm": "llm", "release": "release", "recall": "recall",
}  # fmt: skip


def _within(labelling: Labelling, workflow: str, event: Event) -> bool:
    """Some act of the same kind, tool and line admits what the event carries."""
    kind = _KINDS.get(event.kind)
    if kind is None or (kind == "llm" and event.agent is not None):
        return True
    table, line = labelling.table, event.source.line if event.source else 0
    acts = [
        act
        for act in labelling.workflows[workflow].acts.values()
        if act.kind == kind and act.span.line == line and (kind != "call" or act.subject == event.tool)
    ]
    given = event.argument_labels or {}
    for act in acts:
        known = {name: act.arguments[name].every for name in act.arguments} | {"": act.decision}
        shown = act.shown | act.decision | act.result.every
        inside = all(not table.mask(tags) & ~known[name] for name, tags in given.items() if name in known)
        if inside and not table.mask(event.labels or ()) & ~shown:
            return True
    return not acts


# ---------------------------------------------------------------- killer: adversarial cases


@cache
def cases() -> tuple[tuple[str, core.Program, core.Rule], ...]:
    """The bad cases whose rule is about labels."""
    found = []
    for path in sorted((ROOT / "tests" / "adversarial").glob("case*.wf")):
        if path.stem.endswith("_repaired"):
            continue
        program, diagnostics = elaborate.load([path], library=load)
        if not any(d.severity.value == "error" for d in diagnostics) and "w" in program.workflows:
            rules = (r for r in program.rules if isinstance(r.body, core.Flow | core.Decision))
            found += [(path.stem, program, rule) for rule in rules]
    return tuple(found)


@cache
def _undecided() -> frozenset[tuple[str, str]]:
    """The cases that the true rules do not prove."""
    return frozenset((name, rule.name) for name, program, rule in cases() if not _passes(program, rule))


def _passes(program: core.Program, rule: core.Rule) -> bool:
    case = Case(
        Analysis(program, flow.virtual_sources(program, rule), Limits(2.0)), program.workflows["w"], rule
    )
    return verbs.check(case, rule).verdict in (Verdict.PROVED, Verdict.VACUOUS)


def adversarial(deadline: Deadline) -> str | None:
    """The first bad case that is proved."""
    for name, program, rule in cases():
        if time.monotonic() > deadline:
            return None
        if (name, rule.name) in _undecided() and _passes(program, rule):
            return name
    return None


# ---------------------------------------------------------------- killer: noninterference


@cache
def worlds() -> tuple[tuple[str, core.Program, core.Workflow, str, tuple[Sessions, ...]], ...]:
    """Generated programs, a tag, and complete runs that differ in what carries it."""
    found = []
    for name, program, workflow in _sources():
        tag = Random(name).choice(TAGS)
        made = []
        for world in range(3):
            oracles = [World(7 + n, program, workflow, tag, world) for n in range(2)]
            made.append(run_sessions(program, [(workflow, oracle) for oracle in oracles], fuel=1500))
        if all(run.complete for done in made for run in done.runs):
            found.append((name, program, workflow, tag, tuple(made)))
    return tuple(found)


def noninterference(deadline: Deadline) -> str | None:
    """The first program of which two worlds show what the static labels deny."""
    for name, program, workflow, tag, made in worlds():
        if time.monotonic() > deadline:
            return None
        labelling = analyse(program)
        told = [_told(labelling, workflow.symbol, done, tag) for done in made]
        if any(one != told[0] for one in told):
            return f"{name}: {tag}"
    return None


def _told(labelling: Labelling, workflow: str, done: Sessions, tag: str) -> Mapping[str, list[object]]:
    """What each tool and each principal was given, where no act that gives it may carry the tag or a residue of it."""
    table = labelling.table
    wanted = table.stands_for((tag,), frozenset())
    open_: set[str] = set()
    for act in labelling.workflows[workflow].acts.values():
        if act.kind in ("call", "say", "ask", "message") and (act.shown | act.decision) & wanted:
            open_.add(act.subject or "")
    open_ |= {who for who, mask in labelling.inboxes.items() if mask & wanted}
    found: dict[str, list[object]] = {}
    for event in done.events:
        to = event.tool if event.kind == "call" else event.to
        if event.kind in ("call", "say", "ask", "message") and to not in open_:
            found.setdefault(to or "", []).append((event.kind, event.arguments, event.result))
    return found


# ---------------------------------------------------------------- the trial


KILLERS: Mapping[str, Killer] = {
    "dynamic": dynamic,
    "adversarial": adversarial,
    "noninterference": noninterference,
}


def killed(mutant: Mutant | None, seconds: float) -> tuple[str, str] | None:
    """The killer and its evidence, or None. No mutant: the rules as they are."""
    for name, killer in KILLERS.items():
        deadline = time.monotonic() + seconds
        if mutant is None:
            evidence = killer(deadline)
        else:
            with mutant.applied():
                evidence = _within_budget(killer, deadline, seconds)
        if evidence is not None:
            return name, evidence
    return None


class HangError(Exception):
    """A fixpoint that is not reached."""


def _within_budget(killer: Killer, deadline: Deadline, seconds: float) -> str | None:
    """A labelling that never settles is noticed, too."""

    def hang(_signal: int, _frame: object) -> None:
        raise HangError

    signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return killer(deadline - seconds / 2)
    except HangError:
        return "no fixpoint is reached"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main() -> int:
    """Try every mutant and print a table."""
    parser = argparse.ArgumentParser(description="mutants of the label rules")
    parser.add_argument("--seconds", type=float, default=20.0, help="budget per mutant and killer")
    parser.add_argument("--only", help="mutants whose title contains this")
    parser.add_argument("--list", action="store_true", help="only print the titles")
    asked = parser.parse_args()
    chosen = [m for m in MUTANTS if asked.only is None or asked.only in m.title]
    if asked.list:
        print("\n".join(m.title for m in chosen))
        return 0
    recorded(), worlds(), _undecided()
    if (wrong := killed(None, 600)) is not None:
        print(f"the rules themselves fail `{wrong[0]}`: {wrong[1]}")
        return 1
    print("| mutant | killed by | evidence |\n|---|---|---|")
    survivors = 0
    for mutant in chosen:
        try:
            found = killed(mutant, asked.seconds)
        except MisfitError as error:
            print(error, file=sys.stderr)
            return 2
        survivors += found is None
        print(f"| {mutant.title} | {' | '.join(found or ('SURVIVES', ''))} |", flush=True)
    print(f"\n{len(chosen)} mutants, {survivors} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
