"""Golden files: `cases/*.wf` say at the end of a line what is reported there, `# expect: WF203` (several separated by blanks).

Every expected code appears on that line, and nothing else appears anywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wfcheck import load
from wfcheck.dsl.diagnostic import WfError

CASES = Path(__file__).parent / "cases"
EXPECT = re.compile(r"# expect: ((?:WF\d{3}\s*)+)$")


def expected(text: str) -> list[tuple[int, str]]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = EXPECT.search(line)
        found += [(number, code) for code in (match[1].split() if match else ())]
    return sorted(found)


@pytest.mark.parametrize("case", sorted(CASES.glob("*.wf")), ids=lambda path: path.stem)
def test_what_is_reported_is_what_the_file_expects(case: Path) -> None:
    try:
        diagnostics = load(case).diagnostics
    except WfError as error:
        diagnostics = error.diagnostics
    found = sorted((d.span.line if d.span else 0, d.code) for d in diagnostics)
    assert found == expected(case.read_text(encoding="utf-8"))


def test_there_are_cases() -> None:
    assert list(CASES.glob("*.wf"))
