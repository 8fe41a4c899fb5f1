"""Agents over the tools of `examples/agentdojo`: free-form ones break the policies in runs that can be read, mended ones keep them."""

from __future__ import annotations

from pathlib import Path

import pytest

import wfcheck
from wfcheck.checker.result import Result, Verdict

POLICIES = Path(__file__).resolve().parents[2] / "examples" / "agentdojo"
SUITES = ("banking", "slack")
TRIFECTA = {"trifecta.leak", "trifecta.steered"}


def results(name: str) -> list[Result]:
    return list(wfcheck.check(POLICIES / f"{name}.wf").results)


def called(result: Result) -> list[str]:
    assert result.witness is not None
    return [e.tool or "" for e in result.witness.events[: result.witness.index + 1] if e.kind == "call"]


@pytest.mark.parametrize("suite", SUITES)
def test_a_free_form_agent_breaks_every_written_rule(suite: str) -> None:
    written = [r for r in results(f"{suite}_free") if not r.rule.startswith("builtin.")]
    assert {r.rule for r in written} > TRIFECTA
    assert {r.verdict for r in written} == {Verdict.VIOLATED}
    for result in written:
        assert len(called(result)) <= 2
        assert result.path[-1].edge == "sink"


@pytest.mark.parametrize("suite", SUITES)
def test_the_run_reads_and_then_acts(suite: str) -> None:
    for result in results(f"{suite}_free"):
        if result.rule not in TRIFECTA:
            continue
        read, acted = called(result)
        assert any(f"the result of `{read}`" in step.text for step in result.path if step.edge == "source")
        assert f"`{acted}`" in result.path[-1].text
        assert not any(event.kind == "fail" for event in result.witness.events)


@pytest.mark.parametrize("suite", SUITES)
def test_mended_workflows_keep_every_rule(suite: str) -> None:
    found = results(f"{suite}_mended")
    assert {r.verdict for r in found} <= {Verdict.PROVED, Verdict.VACUOUS}
    assert {r.rule for r in found if r.verdict is Verdict.PROVED} >= TRIFECTA
