"""A folder that cannot take certificates loses no result."""

from __future__ import annotations

from pathlib import Path

import wfcheck

SPEC = """
secrecy pii
channel out
tool look() -> text { effect read  emits nothing  returns {pii} }
tool tell(what: text) { effect write  emits out  returns {} }
workflow w(name: text from {user}) { x = look()  tell(what: name) }
policy p { r: forbid flow pii -> out  s: forbid tell after tell }
"""


def test_results_are_kept_and_the_problem_is_told_once(tmp_path: Path) -> None:
    spec = tmp_path / "spec.wf"
    spec.write_text(SPEC)
    folder = tmp_path / "folder"
    folder.write_text("a file where the folder should be")
    report = wfcheck.check(spec, certificates=folder)
    assert [r.verdict.value for r in report.results] == ["PROVED", "PROVED"]
    assert [d.code for d in report.diagnostics if d.severity.value == "error"] == ["WF807"]
    assert report.exit_code == 2
