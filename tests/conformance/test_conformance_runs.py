"""Conformance against the reference interpreter: its runs conform, and a changed run conforms iff some run gives the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import attrs
import pytest
from generators.programs import RandomOracle, generate
from generators.recordings import change, rerun

from wfcheck.checker.conditions.compiled import Tables
from wfcheck.checker.conformance.model import Compiled, Model
from wfcheck.checker.conformance.notes import Deviation
from wfcheck.checker.conformance.tracker import Tracker
from wfcheck.checker.reference.interpreter import run, run_sessions
from wfcheck.checker.replay.reader import Reader
from wfcheck.checker.replay.view import Catalogue
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements

UNORDERED = (core.Parallel, core.Recall, core.Receive)
"""What a trace alone does not answer: whose turn it was, and what was there before."""


def track(program: core.Program, events: Sequence[Event]) -> tuple[Tracker, list[Deviation]]:
    """The tracker after the events, and all deviations."""
    tracker = Tracker(Model.of(Compiled(program, Tables.of(program)), "wftrace", {}))
    reader = Reader(Catalogue.of(program), {}, None)
    found: list[Deviation] = []
    for index, event in enumerate(events):
        view = reader.view(index, event)
        found += tracker.step(view)
        reader.take(view)
    return tracker, found


@pytest.mark.parametrize("seed", range(120))
def test_runs_of_the_interpreter_conform(seed: int) -> None:
    program, workflow = generate(seed)
    entries = [(workflow, RandomOracle(seed + n, program)) for n in range(2)]
    tracker, found = track(program, run_sessions(program, entries).events)
    assert not found
    assert all(state.lost is None and state.doubt is None for state in tracker.runs.values())


@pytest.mark.parametrize("seed", range(150))
def test_a_changed_run_conforms_iff_its_answers_lead_to_it(seed: int) -> None:
    program, workflow = generate(seed)
    if any(isinstance(s, UNORDERED) for s in statements(workflow.body)):
        return
    program = attrs.evolve(program, workflows={workflow.symbol: workflow})
    random, oracle = Random(seed), RandomOracle(seed, program)
    base = run(program, workflow, oracle)
    for _ in range(4 if base.complete else 0):
        events = change(random, base.events)
        _, found = track(program, events)
        assert (not found) == rerun(program, workflow, events, oracle), events


@pytest.mark.parametrize("seed", range(40))
def test_what_is_said_of_a_prefix_stays(seed: int) -> None:
    program, workflow = generate(seed)
    base = run(program, workflow, RandomOracle(seed, program))
    if not base.events:
        return
    events = change(Random(seed), base.events)
    _, whole = track(program, events)
    cut = len(events) // 2
    _, part = track(program, events[:cut])
    assert part == [deviation for deviation in whole if deviation.index < cut]
