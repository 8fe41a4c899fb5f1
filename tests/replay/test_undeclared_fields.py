"""Fields of results that their declared type does not have may carry whatever a value at their place may carry."""

from __future__ import annotations

from pathlib import Path

import pytest

import wfcheck
from wfcheck.checker.replay.judging import judge_trace
from wfcheck.checker.replay.policy import compile_policy
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Trace

SPEC = """
secrecy secret
influence web
tool get() -> {type} {{ effect read  emits nothing  returns {returns} }}
tool post(body: text) {{ effect irreversible  emits nothing  returns {{}} }}
policy p {{
  flow: forbid flow secret -> post.body
  origin: require post.body from only {{user}}
  steered: require decision of post from only {{user}}
}}
"""
CODE = "ZX-99817-QQ"
FIELD = {"title": "x", "extra": CODE}
DEEP = {"title": "x", "extra": {"rows": [{"code": CODE}, 3]}}


def verdicts(tmp_path: Path, type_: str, returns: str, result: object) -> dict[str, str]:
    (tmp_path / "s.wf").write_text(SPEC.format(type=type_, returns=returns))
    events = (
        Event(kind="call", seq=1, tool="get", call="1", args_executed={}),
        Event(kind="result", seq=2, tool="get", call="1", result=result),
        Event(kind="call", seq=3, tool="post", call="2", args_executed={"body": CODE}),
    )
    policy = compile_policy(wfcheck.load(tmp_path / "s.wf").program)
    judged = judge_trace(policy, Trace("t", "t", 1, "wftrace", events))
    return {r.rule.removeprefix("p."): r.verdict for r in judged.results}


@pytest.mark.parametrize(
    ("type_", "returns", "result"),
    [
        ("{ title: text }", "{secret}", FIELD),
        ("{ title: text }", "{title: {secret}}", FIELD),
        ("{ title: text }", "{title: {secret}}", DEEP),
        ("{ title: text }?", "{title: {secret}}", FIELD),
        ("list<{ title: text }>", "{[]: {secret}}", [FIELD]),
        ("list<{ title: text }>", "{[].title: {secret}}", [{"title": "y"}, DEEP]),
        ("{ inner: { title: text } }", "{inner.title: {secret}}", {"inner": FIELD}),
        ("{ inner: { title: text } }", "{inner.title: {secret}}", {"inner": {"title": "x"}, "extra": CODE}),
    ],
)
def test_an_undeclared_field_may_leak(tmp_path: Path, type_: str, returns: str, result: object) -> None:
    found = verdicts(tmp_path, type_, returns, result)
    assert (found["flow"], found["origin"]) == ("violated", "violated")


@pytest.mark.parametrize(
    ("type_", "returns", "result"),
    [
        ("{ title: text, inner: { note: text } }", "{inner.note: {secret}}", {"title": CODE, "inner": {"note": "x"}}),
        ("{ note: text, inner: { title: text } }", "{note: {secret}}", {"note": "x", "inner": FIELD}),
        ("{ title: text }", "{}", FIELD),
    ],
)  # fmt: skip
def test_tags_of_other_places_do_not_count(tmp_path: Path, type_: str, returns: str, result: object) -> None:
    assert verdicts(tmp_path, type_, returns, result)["flow"] == "holds"


def test_an_undeclared_field_steers_like_its_neighbours(tmp_path: Path) -> None:
    assert verdicts(tmp_path, "{ title: text }", "{title: {web}}", {"extra": CODE})["steered"] == "violated"
    assert verdicts(tmp_path, "{ title: text }", "{title: {secret}}", FIELD)["steered"] == "holds"


def test_a_text_that_stands_in_an_unreadable_field_too_leaks(tmp_path: Path) -> None:
    twice = {"note": [CODE], "title": CODE}
    assert verdicts(tmp_path, "{ note: text, title: text }", "{note: {secret}}", twice)["flow"] == "violated"
