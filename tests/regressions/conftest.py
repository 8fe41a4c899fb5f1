"""Verdicts of small specs: what was once proved wrongly, each beside its repaired twin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check

Verdicts = Callable[[str], dict[str, str]]


@pytest.fixture
def verdicts(tmp_path: Path) -> Verdicts:
    """By rule: the verdict of the one workflow that a spec has (of several: of `w`)."""

    def of(text: str) -> dict[str, str]:
        path = tmp_path / "spec.wf"
        path.write_text(text)
        report = check([path], timeout=8.0)
        assert not [d for d in report.diagnostics if d.severity.value == "error"], report.diagnostics
        return {r.rule: r.verdict.value for r in report.results if r.workflow in ("w", None)}

    return of
