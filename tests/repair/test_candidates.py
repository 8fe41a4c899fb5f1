"""Edits: what meets is refused, what moves is moved whole, and combinations are tried only where no single edit is enough."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wfcheck
from wfcheck.checker.repair.edits import Edit, diff, edited, size
from wfcheck.checker.repair.job import denied, operand

FILE = "spec.wf"


@given(st.text(alphabet="ab\n ", max_size=30), st.data())
@settings(max_examples=200)
def test_edits_do_what_they_say_or_nothing(text: str, data: st.DataObject) -> None:
    places = st.integers(0, len(text))
    made = []
    for _ in range(data.draw(st.integers(1, 3))):
        start, end = sorted((data.draw(places), data.draw(places)))
        made.append(Edit(FILE, start, end, data.draw(st.text(alphabet="xy", max_size=3))))
    found = edited({FILE: text}, made)
    alone = sorted(dict.fromkeys(made), key=lambda e: (e.start, e.end))
    apart = all(a.end <= b.start for a, b in pairwise(alone))
    assert (found is not None) is apart
    if found is not None:
        wanted = text
        for edit in reversed(alone):
            wanted = wanted[: edit.start] + edit.text + wanted[edit.end :]
        assert found == {FILE: wanted}


def test_a_move_is_smaller_than_what_is_moved() -> None:
    text = "  a(b, c, d)\n  e(f)\n"
    moved = (Edit(FILE, 0, 13, ""), Edit(FILE, len(text), len(text), "  a(b, c, d)\n"))
    assert size({FILE: text}, moved) < size({FILE: text}, moved[:1])


def test_a_patch_says_where_a_file_has_no_last_line_end() -> None:
    assert diff({FILE: "a"}, {FILE: "b"}).count("\\ No newline at end of file") == 2


@pytest.mark.parametrize(
    ("condition", "opposite"),
    [
        ("a <= 5", "a > 5"),
        ("a == b", "a != b"),
        ("not (a and b)", "a and b"),
        ("a and b", "not (a and b)"),
        ("(a or b)", "not (a or b)"),
        ("done", "not done"),
        ("a in {b}", "not (a in {b})"),
        ("not (a) and not (b)", "not (not (a) and not (b))"),
    ],
)
def test_the_opposite_of_a_condition(condition: str, opposite: str) -> None:
    assert denied(condition) == opposite


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("a.b", "a.b"),
        ('"p-17"', '"p-17"'),
        ("a + b", "(a + b)"),
        ("(a + b)", "(a + b)"),
        ('"a" + "b"', '("a" + "b")'),
    ],
)
def test_what_is_put_into_a_condition_stays_one_thing(text: str, inside: str) -> None:
    assert operand(text) == inside


TWICE = """\
principal boss is human
tool pay(to: text) { effect irreversible  emits nothing  returns {} }
tool refund(to: text) { effect irreversible  emits nothing  returns {} }

workflow w(to: text from {user}, big: bool from {user}) {
  if big { pay(to: to) } else { refund(to: to) }
  pay(to: "us")
}

policy p {
  r: require approve(by: boss, shows: args) before {pay, refund}
}
"""


def test_several_calls_are_repaired_together(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text(TWICE, encoding="utf-8")
    found = wfcheck.fix(path)
    assert found.report.ok
    assert found.after.texts[str(path)].count("approve ") == 3
    [outcome] = found.outcomes
    assert outcome.found.tried > 3  # no single approval is enough
