"""A tool that reads one store and writes another passes on what it read."""

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
