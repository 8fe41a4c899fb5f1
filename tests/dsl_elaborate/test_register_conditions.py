"""The `when` of a register's update takes the option off what it compares with `none`, as `if` does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import wfcheck
from wfcheck import stdlib
from wfcheck.dsl.elaboration.elaborate import load

SPEC = """
tool offers(day: int) -> list<{{ name: text, price: decimal? }}> {{ effect read }}
tool pay(name: text, amount: decimal)
track price: map<text, decimal> = {{}} {{
  on offers for each o in result {condition}: price[o.name] := o.price
}}
policy p {{ asked: forbid pay when amount != price[name] }}
"""


@pytest.mark.parametrize(
    ("condition", "codes"),
    [
        ("when o.price != none", []),
        ('when o.price != none and o.name != ""', []),
        ("when o.price == none", ["WF304"]),
        ("", ["WF304"]),
    ],
)
def test_the_condition_is_known_to_hold(tmp_path: Path, condition: str, codes: list[str]) -> None:
    file = tmp_path / "p.wf"
    file.write_text(SPEC.format(condition=condition))
    assert [d.code for d in load([file], library=stdlib.load)[1] if d.severity.value == "error"] == codes


@pytest.mark.parametrize(
    ("name", "amount", "verdict"), [("a", 3, "holds"), ("a", 4, "violated"), ("b", 3, "insufficient")]
)
def test_what_is_not_there_sets_nothing(tmp_path: Path, name: str, amount: int, verdict: str) -> None:
    def call(number: str, tool: str, **arguments: object) -> dict[str, object]:
        function = {"name": tool, "arguments": json.dumps(arguments)}
        return {"role": "assistant", "content": None, "tool_calls": [{"id": number, "function": function}]}

    offers = json.dumps([{"name": "a", "price": 3}, {"name": "b", "price": None}])
    run = [call("1", "offers", day=1), {"role": "tool", "tool_call_id": "1", "content": offers}]
    run.append(call("2", "pay", name=name, amount=amount))
    spec, trace = tmp_path / "p.wf", tmp_path / "t.json"
    spec.write_text(SPEC.format(condition="when o.price != none"))
    trace.write_text(json.dumps({"messages": run}))
    assert [r.verdict for r in wfcheck.replay(spec, trace).results if r.rule == "p.asked"] == [verdict]
