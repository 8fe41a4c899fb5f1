"""A bad file costs the good ones nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.cli.main import main


@pytest.mark.usefixtures("folder")
def test_tests_of_good_files_run_beside_bad_ones(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "zeros.wf").write_bytes(b"\0")
    (folder / "broken.wf").write_text("tool t(\n", encoding="utf-8")
    assert main(["test", "zeros.wf", "safe.wf", "broken.wf", "gone.wf"]) == 2
    shown = capsys.readouterr()
    assert "1 passed" in shown.out
    for code in ("WF001", "WF005", "WF10"):
        assert code in shown.out + shown.err


@pytest.mark.usefixtures("folder")
def test_a_mistake_far_to_the_right_is_shown_on_a_short_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "long.wf").write_text('workflow w() { say "' + "x" * 300_000, encoding="utf-8")
    assert main(["check", "long.wf"]) == 2
    assert max(map(len, capsys.readouterr().out.splitlines())) < 1_000
