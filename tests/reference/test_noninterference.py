"""What a run's labels deny, another world cannot show: run two worlds that differ in one tag only, and compare what reaches the
places whose label lacks the tag in the first. Checks the label rules themselves, and the interpreter's reading of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from generators.declarations import TAGS
from generators.programs import generate
from generators.worlds import World

from wfcheck.checker.reference.evaluate import judged
from wfcheck.checker.reference.interpreter import Run, Sessions, run_sessions
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.matching import Matcher
from wfcheck.checker.reference.values import plain, total
from wfcheck.dsl import core

SEEDS = range(60)
WORLDS = 4
FUEL = 1500


def outputs(program: core.Program, done: Sessions) -> dict[tuple[str, str], list[Any]]:
    """What reached each channel and each principal's inbox, in order."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    matcher = Matcher(Log(program, done.events), False)
    for index, event in enumerate(done.events):
        if event.kind in ("say", "ask", "message"):
            found["inbox", event.to or "user"].append((event.kind, event.result))
        if event.kind == "call" and event.tool is not None:
            env = matcher.environment(index, {})
            for emission in program.tools[event.tool].emits:
                if judged(emission.condition, env) is not False:
                    arguments = event.arguments.items()
                    sent = {
                        n: v for n, v in arguments if emission.arguments is None or n in emission.arguments
                    }
                    found["channel", emission.channel].append((event.tool, sorted(sent.items(), key=str)))
    return found


def prefixes(one: Sequence[object], other: Sequence[object]) -> bool:
    """One is the beginning of the other."""
    short = min(len(one), len(other))
    return list(one[:short]) == list(other[:short])


def label_of(done: Sessions, place: tuple[str, str]) -> frozenset[str]:
    """The final label of a channel or inbox."""
    kind, name = place
    if kind == "channel":
        return done.memory.channels.get(name, frozenset())
    return done.memory.inbox(name).label


def differences(program: core.Program, one: Sessions, other: Sessions, tag: str) -> list[str]:
    """Where the second world shows what the labels of the first deny."""
    found: list[str] = []
    complete = all(r.complete for r in (*one.runs, *other.runs))
    if not complete and len(one.runs) > 1:
        return []  # later sessions see what an abnormal end kept from being stored
    first, second = outputs(program, one), outputs(program, other)
    for place in first.keys() | second.keys():
        if tag in label_of(one, place):
            continue
        same = first[place] == second[place] if complete else prefixes(first[place], second[place])
        if not same:
            found.append(f"{place}: {first[place]} / {second[place]}")
    if complete:
        found += _stores(one, other, tag) + _variables(one.runs[-1], other.runs[-1], tag)
    return found


def _stores(one: Sessions, other: Sessions, tag: str) -> list[str]:
    found: list[str] = []
    for name, kept in one.memory.stores.items():
        again = other.memory.stores.get(name)
        if again is not None and tag not in kept.read_label(None, False) and kept.whole() != again.whole():
            found.append(f"store {name}: {kept.whole()} / {again.whole()}")
    return found


def _variables(one: Run, other: Run, tag: str) -> list[str]:
    return [
        f"{name}: {plain(value)} / {plain(other.variables[name])}"
        for name, value in one.variables.items()
        if name in other.variables
        and tag not in total(value)
        and plain(value) != plain(other.variables[name])
    ]


def worlds(seed: int, tag: str, sessions: int, size: int = 14) -> tuple[core.Program, list[Sessions]]:
    """The same program in several worlds."""
    program, workflow = generate(seed, size=size)
    made = []
    for world in range(WORLDS):
        oracles = [World(seed * 31 + n, program, workflow, tag, world) for n in range(sessions)]
        made.append(run_sessions(program, [(workflow, oracle) for oracle in oracles], fuel=FUEL))
    return program, made


@pytest.mark.parametrize("seed", SEEDS)
def test_labels_cover_what_a_tag_can_change(seed: int) -> None:
    for tag in TAGS:
        program, made = worlds(seed, tag, sessions=1 + seed % 2)
        for one in made:
            for other in made:
                if one is not other:
                    assert differences(program, one, other, tag) == []


def test_the_worlds_differ_where_labels_allow_it() -> None:
    """Otherwise agreement would say little."""
    shown: Counter[bool] = Counter()
    for seed in SEEDS:
        for tag in TAGS:
            program, made = worlds(seed, tag, sessions=1)
            first, second = outputs(program, made[0]), outputs(program, made[1])
            for place in first.keys() | second.keys():
                if tag in label_of(made[0], place):
                    shown[first[place] != second[place]] += 1
    assert shown[True] > 20
