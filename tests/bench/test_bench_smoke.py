"""The benchmarks run on tiny sizes, and notice what they are there to notice."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import attrs
import pytest

from wfcheck.checker.labels.analysis import Labelling, analyse
from wfcheck.checker.obligation import Limits
from wfcheck.checker.result import Result, Verdict, Witness
from wfcheck.checker.rules.flow import virtual_sources
from wfcheck.checker.tasks import check_program
from wfcheck.dsl import core

BENCH = Path(__file__).resolve().parents[2] / "bench"
SHAPES = ("straight", "branchy", "loopy", "nested")


@pytest.fixture(scope="module", autouse=True)
def path() -> Iterator[None]:
    sys.path.insert(0, str(BENCH))
    yield
    sys.path.remove(str(BENCH))


@pytest.fixture
def programs() -> ModuleType:
    return import_module("scale_programs")


@pytest.fixture
def soundness() -> ModuleType:
    return import_module("soundness")


def masks(program: core.Program) -> list[tuple[str, int, int, int]]:
    sources = [source for rule in program.rules for source in virtual_sources(program, rule)]
    labelling: Labelling = analyse(program, sources)
    acts = labelling.workflows["w"].acts.values()
    return [(act.kind, act.decision, act.shown, act.result.every) for act in acts]


@pytest.mark.parametrize("shape", SHAPES)
def test_text_and_core_are_the_same_program(programs: ModuleType, shape: str) -> None:
    parsed = programs.elaborated(programs.text(shape, 100, 10))
    assert masks(parsed) == masks(programs.program(shape, 100, 10))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_rule_of_a_large_program_holds(programs: ModuleType, shape: str) -> None:
    checked = check_program(programs.program(shape, 2000, 20))
    assert not checked.errors
    written = [r for r in checked.results if not r.rule.startswith("builtin.")]
    assert len(written) == 20
    assert {r.verdict for r in written} == {Verdict.PROVED}


def test_a_leak_in_a_large_program_is_found(programs: ModuleType) -> None:
    program = programs.program("straight", 500, 100)
    workflow = program.workflows["w"]
    leak = [programs.Read("s", 3), programs.Post(4, "s")]
    body = workflow.body + tuple(
        attrs.evolve(statement, id=f"leak.{number}")
        for number, statement in enumerate(programs._Maker(workflow.span).block(leak))
    )
    leaking = attrs.evolve(program, workflows={"w": attrs.evolve(workflow, body=body)})
    verdicts = {r.rule: r.verdict for r in check_program(leaking).results}
    assert verdicts["kept.rule43"] is Verdict.VIOLATED
    assert verdicts["kept.rule53"] is Verdict.PROVED


def test_the_scale_benchmark_measures() -> None:
    scale = import_module("scale")
    for kind in ("labels", "check", "front"):
        found = scale.measure(kind, "branchy", 50, 2)
        assert found["seconds"] > 0
        assert found["memory"] > 1


def test_a_few_random_programs_contradict_nothing(soundness: ModuleType) -> None:
    tally = soundness.Tally()
    for seed in (3, 4, 5, 6):
        soundness.look(seed, 2, tally)
    assert tally.wrong == []
    assert tally.counts["programs"] == tally.counts["programs about histories"] == 2
    assert tally.counts["runs"] > 0
    assert tally.counts["histories"] > 0


def forged(soundness: ModuleType, seed: int) -> object:
    """The program of a seed, with every flow rule and every rule about events called proved."""
    program, workflow = import_module("generators.programs").generate(seed)
    results = check_program(program, limits=Limits(0.1)).results
    return soundness.Subject(
        seed, program, workflow, tuple(attrs.evolve(r, verdict=Verdict.PROVED) for r in results)
    )


def test_wrong_proofs_are_noticed(soundness: ModuleType) -> None:
    tally, found = soundness.Tally(), []
    for seed in range(4):
        subject = forged(soundness, seed)
        for explicit in (False, True):
            runs = list(soundness.random_runs(subject, 6, explicit))
            found += list(soundness.broken(subject, runs, explicit, tally))
    assert found


@pytest.mark.parametrize("verdict", [Verdict.PROVED, Verdict.ENFORCED])
def test_wrong_proofs_about_histories_are_noticed(soundness: ModuleType, verdict: Verdict) -> None:
    tally, found = soundness.Tally(), []
    for seed in (1, 3):
        program = soundness.written(seed)
        results = tuple(
            Result(rule.file, "w", rule.name, verdict, rule.span, "high") for rule in program.rules
        )
        subject = soundness.Subject(seed, program, program.workflows["w"], results)
        told = list(import_module("generators.histories").histories(program, ["w"], range(20)))
        found += list(soundness.contradicted(subject, told, tally))
    assert found


def test_worlds_that_differ_are_noticed(soundness: ModuleType) -> None:
    tally = soundness.Tally()
    assert any(list(soundness.told_apart(forged(soundness, seed), tally)) for seed in range(20, 32))


def test_wrong_witnesses_are_noticed(soundness: ModuleType) -> None:
    tally = soundness.Tally()
    found = []
    for seed in range(4):
        subject = soundness.examine(seed, 1, soundness.Tally())
        results = tuple(
            attrs.evolve(r, witness=Witness(r.witness.events[:1], 0)) if r.witness is not None else r
            for r in subject.results
        )
        found += list(soundness.unconfirmed(attrs.evolve(subject, results=results), tally))
    assert found


def test_precision_lies_between_nothing_and_all() -> None:
    precision = import_module("precision")
    tally = precision.measure(2_000_000, 4, 12)
    assert 0 < tally.confirmed["all"] <= tally.reported["all"]
    assert tally.share("all") == tally.confirmed["all"] / tally.reported["all"]
