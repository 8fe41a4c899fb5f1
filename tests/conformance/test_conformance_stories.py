"""Five stories: a proved spec, a run that breaks its rule, and the event, the line and the assumption that are to blame."""

from __future__ import annotations

from pathlib import Path

import pytest

import wfcheck

STORIES = Path(__file__).parent / "stories"


@pytest.mark.parametrize(
    ("story", "rule", "event", "line", "assumption", "why", "broken_at"),
    [
        ("order", "care.copied", 1, 3, None, "`backup` is missing", 1),
        ("ensures", "purse.cheap", 4, 6, "quote.capped", "`quote.capped` does not hold", 5),
        ("argument", "screening.screened", 1, 3, None, "differs from the bound variable `account`", 3),
        ("approval", "money.approved", 3, 5, None, "approval missing", 3),
        ("memory", "isolation.inside", 3, 5, "facts.writers", "`facts` is written by no step", 11),
    ],
)
def test_a_story(
    story: str, rule: str, event: int, line: int, assumption: str | None, why: str, broken_at: int
) -> None:
    spec, trace = str(STORIES / f"{story}.wf"), str(STORIES / f"{story}.wftrace.jsonl")
    proved = [r for r in wfcheck.check(spec, rule=rule).results if r.verdict.value == "PROVED"]
    assert proved
    (result,) = [r for r in wfcheck.replay(spec, trace).results if r.rule == rule]
    assert result.verdict == "violated"
    blame = result.blame
    assert blame is not None
    assert blame.mark.event == event
    assert blame.mark.source is not None
    assert (blame.mark.source.file, blame.mark.source.line) == (trace, line)
    assert blame.assumption == assumption
    assert why in blame.why
    assert result.manifestation is not None
    assert result.manifestation.event == broken_at
    assert result.inherited == (story == "memory")
    assert result.reason is None


def test_a_wrong_argument_decides_before_the_rule_breaks() -> None:
    report = wfcheck.replay(str(STORIES / "argument.wf"), str(STORIES / "argument.wftrace.jsonl"))
    (result,) = report.results
    assert result.point_of_no_return is not None
    assert result.point_of_no_return.event == 2


def test_an_assumption_that_no_core_names_is_no_near_miss_and_no_blame() -> None:
    report = wfcheck.replay(str(STORIES / "ensures.wf"), str(STORIES / "ensures.wftrace.jsonl"))
    assert not report.near_misses
    (result,) = report.results
    assert result.blame is not None
    assert "stock" not in result.blame.why


def test_certificates_say_what_proofs_rest_on(tmp_path: Path) -> None:
    spec, trace = str(STORIES / "ensures.wf"), str(STORIES / "ensures.wftrace.jsonl")
    wfcheck.check(spec, certificates=tmp_path)
    report = wfcheck.replay(spec, trace, certificates=tmp_path)
    assert not report.diagnostics
    (result,) = report.results
    assert result.blame is not None
    assert result.blame.assumption == "quote.capped"
    (certificate,) = tmp_path.glob("*.json")
    certificate.write_bytes(certificate.read_bytes().replace(b"quote.capped", b"stock.counted"))
    changed = wfcheck.replay(spec, trace, certificates=tmp_path)
    assert [d.code for d in changed.diagnostics] == ["WF716"]
    assert changed.results == report.results


NEAR = """
tool quote() -> int {{ effect read  emits nothing  returns {{}}  ensures capped: result <= 100 }}
tool again() -> int {{ effect read  emits nothing  returns {{}}  ensures capped: result <= 100 }}
tool buy(price: int) -> text {{ effect irreversible  emits nothing  returns {{}} }}
workflow shop() {{
  price = quote()
  other = again()
  {body}
}}
policy purse {{ cheap: forbid buy when price > 100 }}
"""


@pytest.mark.parametrize(
    ("body", "layers"),
    [("buy(price: min(price, other))", 1), ("buy(price: min(price, 100))", None), ("buy(price: price)", 0)],
)
def test_a_near_miss_says_how_many_layers_are_left(tmp_path: Path, body: str, layers: int | None) -> None:
    spec, trace = tmp_path / "s.wf", tmp_path / "t.wftrace.jsonl"
    spec.write_text(NEAR.format(body=body))
    price = 90
    lines = [
        '{"format": "wftrace", "version": 1}',
        '{"seq": 0, "kind": "call", "call": "a", "tool": "quote", "args_requested": {}}',
        '{"seq": 1, "kind": "result", "call": "a", "tool": "quote", "result": 500}',
        '{"seq": 2, "kind": "call", "call": "b", "tool": "again", "args_requested": {}}',
        f'{{"seq": 3, "kind": "result", "call": "b", "tool": "again", "result": {price}}}',
    ]
    trace.write_text("\n".join(lines))
    report = wfcheck.replay(str(spec), str(trace))
    assert [r.verdict for r in report.results] == ["holds"]
    found = [(n.assumption, n.mark.event, n.rule, n.layers) for n in report.near_misses]
    assert found == ([] if layers is None else [("quote.capped", 1, "purse.cheap", layers)])
