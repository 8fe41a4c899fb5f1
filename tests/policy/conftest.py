from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Report, Result


@pytest.fixture
def checked(tmp_path: Path) -> Callable[[str], Report]:
    """The report of a text."""

    def run(text: str) -> Report:
        path = tmp_path / "spec.wf"
        path.write_text(text, encoding="utf-8")
        report = check([path], timeout=6.0)
        errors = [d.message for d in report.diagnostics if d.severity.value == "error"]
        assert not errors, errors
        return report

    return run


@pytest.fixture
def verdict(checked: Callable[[str], Report]) -> Callable[[str, str], Result]:
    """The one result of a rule of a text."""

    def run(text: str, rule: str) -> Result:
        (found,) = [r for r in checked(text).results if r.rule == rule]
        assert found.workflow is None
        return found

    return run
