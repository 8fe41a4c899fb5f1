"""What stands in a run is recognised as what it is: an address has a domain, a link a scheme, a date a year of our times."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.reference import minimal
from wfcheck.checker.result import Verdict
from wfcheck.checker.symbolic.script import plainer
from wfcheck.dsl import core, types
from wfcheck.dsl.elaboration import elaborate

ADDRESS, URL, DATE, TIME = (types.Scalar(n) for n in ("address", "url", "date", "time"))
MAIL = types.RecordType("Mail", (("to", ADDRESS), ("at", types.OptionType(DATE))))

VALUES: dict[str, tuple[core.Value, types.Type, core.Value]] = {
    "no address": ("", ADDRESS, "a@b.example"),
    "an address": ("x@y.example", ADDRESS, "x@y.example"),
    "no link": ("", URL, "https://a.example/"),
    "a link": ("https://x.example/y", URL, "https://x.example/y"),
    "long ago": (date(1, 1, 1), DATE, date(2024, 1, 1)),
    "these days": (date(2020, 2, 2), DATE, date(2020, 2, 2)),
    "a time long ago": (datetime(1, 1, 2, tzinfo=UTC), TIME, datetime(2024, 1, 1, tzinfo=UTC)),
    "a text": ("", types.TEXT, ""),
    "in a list": (("", "x@y.example"), types.ListType(ADDRESS), ("a@b.example", "x@y.example")),
    "in a record": ({"to": "", "at": None}, MAIL, {"to": "a@b.example", "at": None}),
}


@pytest.mark.parametrize("name", VALUES)
def test_what_looks_like_nothing_is_made_plain(name: str) -> None:
    value, type_, wanted = VALUES[name]
    assert plainer(value, type_) == wanted


PROGRAM = """
type There = address where domain(it) == "evil.example"
type Here = url where host(it) == "acme.example"
tool mail(to: There, link: Here) { effect irreversible  emits nothing }
tool post(to: address, link: url, day: date) { effect irreversible  emits nothing }
workflow w(t: text, who: address, link: url, day: date) {
  if t contains "x" and length(t) > 5 and day < 2024-03-01 { post(who, link, day) }
}
policy p { r: forbid post when day < 2024-02-01
           s: forbid post when day < 1950-01-01 }
"""


def test_a_condition_on_the_domain_is_met(tmp_path: Path) -> None:
    file = tmp_path / "case.wf"
    file.write_text(PROGRAM, encoding="utf-8")
    program, _ = elaborate.load([file], library=lambda _: None)
    to, link = program.tools["mail"].parameters
    assert minimal.minimal(to.type) == "a@evil.example"
    assert minimal.minimal(link.type) == "https://acme.example/"


@pytest.mark.parametrize(("rule", "before"), [("p.r", "2024-02-01"), ("p.s", "1950-01-01")])
def test_a_run_has_plain_values_unless_it_needs_others(rule: str, before: str, tmp_path: Path) -> None:
    file = tmp_path / "case.wf"
    file.write_text(PROGRAM, encoding="utf-8")
    (result,) = check([file], rules=[rule]).results
    assert result.verdict is Verdict.VIOLATED
    assert result.witness is not None
    given = result.witness.events[result.witness.index].arguments
    assert "@" in given["to"]
    assert given["link"].startswith("https://")
    assert given["day"] < before
