"""How many of the dependencies that the labels report can be shown by two runs.

    python bench/precision.py [--start SEED] [--programs 150] [--tries 60]

A dependency is a tag and a place of a random program (a channel, the user, a store) whose static label holds the tag. It is
confirmed by two runs that differ in nothing but what carries the tag (answers of tools, of the outside, of stores; the decisions of
people and releases are the same) and that show something else at that place. Some are real and not found within `--tries`
pairs, so the share is a lower bound of the precision."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import attrs

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

from generators.declarations import SECRECY, TAGS  # noqa: E402
from generators.programs import generate  # noqa: E402
from generators.worlds import World  # noqa: E402
from soundness import FUEL, arrivals  # noqa: E402

from wfcheck.checker.labels.analysis import Labelling, analyse  # noqa: E402
from wfcheck.checker.reference.interpreter import Sessions, run_sessions  # noqa: E402
from wfcheck.checker.rules.ends import sinks  # noqa: E402
from wfcheck.dsl import core  # noqa: E402


@attrs.frozen
class Place:
    """Where a tag may show: its name, and the end of a flow that stands for it."""

    kind: str
    name: str
    end: core.FlowEnd


@attrs.define
class Tally:
    """Reported and confirmed dependencies, by kind of place and by kind of tag."""

    reported: Counter[str] = attrs.field(factory=Counter)
    confirmed: Counter[str] = attrs.field(factory=Counter)

    def add(self, names: tuple[str, ...], shown: bool) -> None:
        """One dependency under several headings."""
        self.reported.update(names)
        if shown:
            self.confirmed.update(names)

    def share(self, name: str) -> float:
        """Confirmed of reported."""
        return self.confirmed[name] / self.reported[name] if self.reported[name] else 1.0


def places(program: core.Program) -> Iterator[Place]:
    """Channels, the user, and stores."""
    for channel in ("out", "safe"):
        yield Place("channel", channel, core.ChannelEnd(frozenset({channel})))
    yield Place("user", "user", core.PrincipalEnd("user"))
    for store in program.stores:
        yield Place("store", store, core.StoreEnd(store))


def label_at(program: core.Program, labelling: Labelling, workflow: core.Workflow, place: Place) -> int:
    """What the labelling says of the place, for the workflow."""
    if place.kind == "store":
        return labelling.stores[place.name].every
    mask = 0
    for sink in sinks(program, labelling.workflows[workflow.symbol], place.end, implicit=True):
        mask |= sink.label
    return mask


def reported(program: core.Program, workflow: core.Workflow) -> dict[str, list[Place]]:
    """By tag: the places that its label reaches."""
    labelling = analyse(program)
    found: dict[str, list[Place]] = {}
    for tag in TAGS:
        bit = labelling.table.bits[tag]
        found[tag] = [p for p in places(program) if label_at(program, labelling, workflow, p) & bit]
    return found


def confirmed(
    seed: int, program: core.Program, workflow: core.Workflow, tag: str, wanted: list[Place], tries: int
) -> set[str]:
    """The names of the places at which some pair of runs differs."""
    shown: set[str] = set()
    for number in range(tries):
        if len(shown) == len(wanted):
            break
        pair = [run(seed * 1009 + number, program, workflow, tag, world, number) for world in (0, 1)]
        if all(done.complete for sessions in pair for done in sessions.runs) or len(pair[0].runs) == 1:
            one, other = pair
            shown |= {p.name for p in wanted if p.name not in shown and differ(program, one, other, p)}
    return shown


def run(
    seed: int, program: core.Program, workflow: core.Workflow, tag: str, world: int, number: int
) -> Sessions:
    """One run of the workflow, in two of three cases with another before it over the same stores."""
    others = list(program.workflows.values())
    before = [[], [workflow], [others[number % len(others)]]][number % 3]
    entries = [
        (each, World(seed + 7919 * place, program, each, tag, world, failures=0.02))
        for place, each in enumerate([*before, workflow])
    ]
    return run_sessions(program, entries, fuel=FUEL)


def differ(program: core.Program, one: Sessions, other: Sessions, place: Place) -> bool:
    """Whether the two show something else there; a run that did not complete may fall short."""
    complete = all(done.complete for done in (*one.runs, *other.runs))
    if place.kind == "store":
        stores = one.memory.stores, other.memory.stores
        there = complete and all(place.name in kept for kept in stores)
        return there and stores[0][place.name].whole() != stores[1][place.name].whole()
    shown, again = (arrivals(program, sessions, place.end, _first(sessions)) for sessions in (one, other))
    short = None if complete else min(len(shown), len(again))
    return shown[:short] != again[:short]


def _first(done: Sessions) -> int:
    return len(done.events) - len(done.runs[-1].events)


def measure(start: int, programs: int, tries: int) -> Tally:
    """All dependencies of some programs."""
    tally = Tally()
    for seed in range(start, start + programs):
        program, workflow = generate(seed)
        for tag, wanted in reported(program, workflow).items():
            shown = confirmed(seed, program, workflow, tag, wanted, tries) if wanted else set()
            kind = "secrecy" if tag in SECRECY else "influence"
            for place in wanted:
                tally.add(("all", place.kind, kind), place.name in shown)
    return tally


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--start", type=int, default=2_000_000)
    parser.add_argument("--programs", type=int, default=150)
    parser.add_argument("--tries", type=int, default=60)
    options = parser.parse_args()
    tally = measure(options.start, options.programs, options.tries)
    for name, number in tally.reported.most_common():
        print(f"{name}: {tally.confirmed[name]:,} of {number:,} ({tally.share(name):.1%})")


if __name__ == "__main__":
    main()
