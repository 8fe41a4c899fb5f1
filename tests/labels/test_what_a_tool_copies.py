"""A tool that reads a store passes on what it read: to the store that it writes, and to where it emits."""

from __future__ import annotations

import pytest

import wfcheck

SPEC = """
secrecy pii
channel out
store full: list<text> holds {{pii}}
store other: list<text> holds {{}}
tool copy(name: text) {{ effect write  reads full  writes other  emits nothing  returns {{}} }}
tool send(body: text) {{ effect irreversible  emits out  returns {{}} }}
workflow fill(name: text from {{user}}) {{ {fill} }}
workflow tell() {{
  known = recall other
  text  = llm sum_up(known) -> text
  send(body: text)
}}
policy p {{ r: forbid flow pii -> out }}
"""


@pytest.mark.parametrize(
    "fill", ["copy(name: name)", "agent a(name) may { copy } max 3 steps", "retry 2 { copy(name: name) }"]
)
def test_what_is_copied_is_not_proved_away(tmp_path, fill):
    assert _verdict(tmp_path, fill) in {"VIOLATED", "POSSIBLE"}


def test_without_the_copy_nothing_is_left(tmp_path):
    assert _verdict(tmp_path, "say name") == "VACUOUS"


def _verdict(folder, fill):
    path = folder / "spec.wf"
    path.write_text(SPEC.format(fill=fill))
    report = wfcheck.check(path)
    return next(r.verdict.value for r in report.results if r.rule == "p.r" and r.workflow == "tell")


ENDS = """
secrecy pii
influence web
channel out
channel kept clears {{}}
store full: list<text> holds {{pii}}
store stained: list<text> holds {{web}}
store other: list<text> holds {{}}
tool share(name: text) {{ effect irreversible  reads full  emits {emits}  returns {{}} }}
tool copy(name: text) {{ effect write  reads full  writes other  emits nothing  returns {{}} }}
tool both(name: text) {{ effect irreversible  reads full, stained  emits {emits}  returns {{}} }}
workflow w(name: text from {{user}}) {{ {body} }}
policy p {{ r: {rule} }}
"""
SHARED = ["share(name: name)", "retry 2 { share(name: name) }", "if name == name { share(name: name) }"]


def _result(folder, asked="p.r", **parts):
    path = folder / "ends.wf"
    path.write_text(ENDS.format(**({"emits": "out", "rule": "forbid flow pii -> out"} | parts)))
    return next(r.verdict.value for r in wfcheck.check(path).results if r.rule == asked)


@pytest.mark.parametrize("body", [*SHARED, "agent a(name) may { share } max 3 steps"])
@pytest.mark.parametrize("rule", ["pii -> out", "pii -> out explicit", "pii -> emit(out)", "full -> out"])
def test_what_is_read_and_sent_is_not_proved_away(tmp_path, body, rule):
    assert _result(tmp_path, body=body, rule=f"forbid flow {rule}") in {"VIOLATED", "POSSIBLE"}


@pytest.mark.parametrize("end", ["other", "write(other)"])
def test_the_store_that_is_written_is_an_end(tmp_path, end):
    found = _result(tmp_path, body="copy(name: name)", rule=f"forbid flow pii -> {end}")
    assert found in {"VIOLATED", "POSSIBLE"}


def test_what_is_read_steers_what_is_sent(tmp_path):
    rule = "forbid flow pii -> out when influence meets web"
    assert _result(tmp_path, body="both(name: name)", rule=rule) in {"VIOLATED", "POSSIBLE"}
    assert _result(tmp_path, body="share(name: name)", rule=rule) == "PROVED"


def test_a_channel_that_promises_less_is_told(tmp_path):
    found = _result(tmp_path, "builtin.clearance", body="share(name: name)", emits="kept")
    assert found in {"VIOLATED", "POSSIBLE"}
    assert _result(tmp_path, "builtin.clearance", body="share(name: name)", emits="kept (name)") == "PROVED"


@pytest.mark.parametrize(
    "body", [SHARED[0], SHARED[2]]
)  # a second attempt tells that the first failed over the file
def test_arguments_that_are_listed_are_all_that_is_sent(tmp_path, body):
    assert _result(tmp_path, body=body, emits="out (name)") == "PROVED"
