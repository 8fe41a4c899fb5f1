"""On every run of every program: what the labelling says of an act contains what the run says of the event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from wfcheck.checker.labels.analysis import Labelling, analyse, check_labelling
from wfcheck.checker.reference.interpreter import Sessions
from wfcheck.checker.search.candidates import pool
from wfcheck.checker.search.counterexample import Search, children
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("tests/adversarial/*.wf")) + sorted(ROOT.glob("examples/**/*.wf"))
RUNS = 25


def programs(path: Path) -> core.Program | None:
    program, diagnostics = elaborate.load([path], policies=(), library=load)
    return None if any(d.severity.value == "error" for d in diagnostics) else program


def runs(program: core.Program, entries: tuple[core.Workflow, ...], *, explicit: bool) -> Iterator[Sessions]:
    search = Search(program, entries, lambda _: None, pool(program, None), (), explicit)
    queue: list[dict[object, object]] = [{}]
    for _ in range(RUNS):
        if not queue:
            return
        script = queue.pop(0)
        done, asked = search.attempt(script)
        if done is not None:
            yield done
            queue.extend(dict(child) for child in children(script, asked, entries))


def exceeding(labelling: Labelling, workflow: str, event: Event) -> str | None:
    """What an event carries beyond every act that it may belong to."""
    line = event.source.line if event.source else 0
    kinds = {
        "deny": "approve",
        "call": "call",
        "message": "message",
        "say": "say",
        "ask": "ask",
        "approve": "approve",
    }
    if event.kind not in kinds:
        return None
    table = labelling.table
    for act in labelling.workflows[workflow].acts.values():
        subject = act.subject in (None, event.tool) if act.kind == "call" else True
        if act.kind != kinds[event.kind] or act.span.line != line or not subject:
            continue
        given = event.argument_labels or {}
        inside = all(
            not table.mask(tags) & ~(act.arguments[name].every if name in act.arguments else act.decision)
            for name, tags in given.items()
            if name == "" or name in act.arguments
        )
        if inside and not table.mask(event.labels or ()) & ~(act.shown | act.decision | act.result.every):
            return None
    return f"{event.kind} {event.tool} in line {line}: {event.argument_labels}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_event_lies_within_its_labels(path: Path) -> None:
    program = programs(path)
    if program is None:
        pytest.skip("the file is meant to be refused")
    labelling = analyse(program)
    explicit = analyse(program, implicit=False)
    assert check_labelling(program, labelling)
    for workflow in program.workflows.values():
        for entries in [(workflow,), *(((other, workflow)) for other in program.workflows.values())]:
            for done in runs(program, entries, explicit=False):
                assert [
                    e for e in (exceeding(labelling, workflow.symbol, e) for e in done.runs[-1].events) if e
                ] == []
        for done in runs(program, (workflow,), explicit=True):
            assert [
                e for e in (exceeding(explicit, workflow.symbol, e) for e in done.runs[-1].events) if e
            ] == []


@pytest.mark.parametrize("path", FILES[:12], ids=lambda p: p.stem)
def test_a_labelling_that_lost_a_bit_is_not_closed(path: Path) -> None:
    import attrs

    program = programs(path)
    if program is None:
        pytest.skip("the file is meant to be refused")
    labelling = analyse(program)
    for symbol, labels in labelling.workflows.items():
        for key, act in labels.acts.items():
            if act.decision:
                less = attrs.evolve(act, decision=0)
                broken = attrs.evolve(labels, acts={**labels.acts, key: less})
                assert not check_labelling(
                    program, attrs.evolve(labelling, workflows={**labelling.workflows, symbol: broken})
                )
