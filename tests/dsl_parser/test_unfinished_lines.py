"""A line that stops short costs nothing but itself: the named line below it is read, and its mistakes are reported."""

from __future__ import annotations

import pytest

from wfcheck.dsl import syntax
from wfcheck.dsl.parsing.parser import parse
from wfcheck.dsl.source import Source


@pytest.mark.parametrize(
    "rule",
    [
        "forbid a when x >",
        "require a before",
        "limit count(a) <=",
        "forbid flow pii ->",
        "forbid",
        "forbid a when",
    ],
)
def test_the_rule_below_an_unfinished_one_is_kept(rule: str) -> None:
    module, found = parse(Source("x.wf", f"policy p {{\n  r1: {rule}\n  r2: forbid b\n}}\n"))
    assert [(d.code, d.message, d.span.line) for d in found if d.span] == [
        ("WF101", "this line is not finished", 2)
    ]
    policy = module.items[0].declaration
    assert isinstance(policy, syntax.PolicyDecl)
    assert [rule.name.text for rule in policy.rules if rule.name] == ["r2"]


def test_a_mistake_below_an_unfinished_line_is_reported_too() -> None:
    text = "policy p {\n  r1: forbid a when x >\n  r2: forbid a when x = 3\n}\n"
    assert [d.span.line for d in parse(Source("x.wf", text))[1] if d.span] == [2, 3]


def test_an_assignment_below_an_unfinished_one_is_kept() -> None:
    module, found = parse(Source("x.wf", "workflow w() {\n  b =\n  c = 3\n}\n"))
    assert [(d.message, d.span.line) for d in found if d.span] == [("this line is not finished", 2)]
    workflow = module.items[0].declaration
    assert isinstance(workflow, syntax.WorkflowDecl)
    assert len(workflow.body.statements) == 1


def test_a_finished_line_is_not_blamed_for_the_next() -> None:
    _, found = parse(Source("x.wf", "workflow w() {\n  say 1\n  x: 3\n}\n"))
    assert [(d.message, d.span.line) for d in found if d.span] == [("unexpected `:`", 3)]


@pytest.mark.parametrize("last", ["return", "stop", "receive"])
def test_a_statement_that_may_end_there_is_finished(last: str) -> None:
    _, found = parse(Source("x.wf", f"workflow w() {{\n  {last}\n  x: 3\n}}\n"))
    assert [(d.message, d.span.line) for d in found if d.span] == [("unexpected `:`", 3)]


@pytest.mark.parametrize(
    "text",
    [
        "policy p { a: forbid b when x = 3 }",
        "workflow w(x: int) {\n  if x = 3 { stop }\n}",
        "workflow w(x: int) {\n  repeat while x = 3 { stop }\n}",
        "tool t(x: int) {\n  effect read requires x = 3\n}",
        "type T = int where it = 3",
    ],
)
def test_an_assignment_where_a_comparison_is_meant(text: str) -> None:
    _, found = parse(Source("x.wf", text + "\n"))
    assert [(d.message, d.help) for d in found] == [("unexpected `=`", "to compare, write `==`")]
