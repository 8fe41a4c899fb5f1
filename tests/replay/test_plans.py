"""What is worked out of a policy is worked out once, not for each trace."""

from __future__ import annotations

from pathlib import Path

import pytest

import wfcheck
from wfcheck.checker.replay import plan, verdicts
from wfcheck.checker.replay.judging import judge_trace
from wfcheck.checker.replay.policy import compile_policy
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.checker.traces.trace import Trace

PAY = (Event(kind="call", seq=0, tool="pay", call="1", args_executed={"amount": 9}),)


def test_it_is_made_once_for_all_traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = "".join(f"  r{n}: forbid pay when amount > {n}\n" for n in range(5))
    rules += "".join(f"  s{n}: limit count(pay) <= {n + 1} per run\n" for n in range(120))
    (tmp_path / "p.wf").write_text(f"tool pay(amount: int)\npolicy p {{\n{rules}}}\n")
    policy = compile_policy(wfcheck.load(tmp_path / "p.wf").program)
    asked, planned = [], []
    looks, made = verdicts.looks, plan._plan
    monkeypatch.setattr(verdicts, "looks", lambda rule, *rest: asked.append(rule.name) or looks(rule, *rest))
    monkeypatch.setattr(plan, "_plan", lambda *given: planned.append(1) or made(*given))
    completeness: list[dict[str, Completeness]] = [{}, {"time": "absent"}]
    for number in range(6):
        found = judge_trace(policy, Trace(f"t{number}", "t", 1, "wftrace", PAY, completeness[number % 2]))
        assert [r.rule for r in found.results if r.verdict == "violated"] == [f"p.r{n}" for n in range(5)]
    assert sorted(asked) == [f"p.r{n}" for n in range(5)]
    assert len(planned) == 2
