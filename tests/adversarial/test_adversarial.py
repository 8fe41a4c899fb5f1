"""Each case fools some other checker; each has a repaired twin beside it. The first lines of a file say what is expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Result, Verdict

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("case*.wf"))
_EXPECTED = re.compile(r"# verdict (\S+): (\S+)")
_FAULTY = re.compile(r"# error (\S+): (WF\d{3})")
REFUSED = [p for p in CASES if _FAULTY.search(p.read_text(encoding="utf-8"))]
JUDGED = [p for p in CASES if p not in REFUSED]


def expected(path: Path) -> tuple[str, Verdict]:
    found = _EXPECTED.search(path.read_text(encoding="utf-8"))
    assert found is not None, f"{path.name} does not say what is expected"
    return found[1], Verdict(found[2])


def results(path: Path, rule: str) -> list[Result]:
    """Of the workflow `w`, which every case has, or of the policy itself."""
    report = check([path], rules=[rule])
    assert not [d for d in report.diagnostics if d.severity.value == "error"]
    return [r for r in report.results if r.workflow in ("w", None)]


@pytest.mark.parametrize("path", JUDGED, ids=lambda p: p.stem)
def test_the_verdict_is_the_expected_one(path: Path) -> None:
    rule, verdict = expected(path)
    (result,) = results(path, rule)
    assert result.verdict is verdict, result.reason


@pytest.mark.parametrize(
    "path", [p for p in JUDGED if not p.stem.endswith("_repaired")], ids=lambda p: p.stem
)
def test_every_bad_case_has_a_twin_and_is_never_proved(path: Path) -> None:
    assert path.with_name(f"{path.stem}_repaired.wf").exists()
    rule, verdict = expected(path)
    assert verdict is not Verdict.PROVED
    (result,) = results(path, rule)
    assert result.verdict not in (Verdict.PROVED, Verdict.VACUOUS, Verdict.NOT_APPLICABLE)
    if result.verdict is Verdict.VIOLATED:
        assert result.workflow is None or (result.witness is not None and result.path)
        assert all(step.span.file == str(path) for step in result.path)


@pytest.mark.parametrize("path", REFUSED, ids=lambda p: p.stem)
def test_what_cannot_be_understood_is_an_error_and_never_proved(path: Path) -> None:
    found = _FAULTY.search(path.read_text(encoding="utf-8"))
    assert found is not None
    assert path.with_name(f"{path.stem}_repaired.wf") in JUDGED
    report = check([path])
    assert found[2] in {d.code for d in report.diagnostics if d.severity.value == "error"}
    assert {r.verdict for r in report.results if r.rule == found[1]} <= {Verdict.UNKNOWN}
