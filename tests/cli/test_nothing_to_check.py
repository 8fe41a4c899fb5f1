from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.cli.main import main


def test_a_file_without_rules_says_that_nothing_was_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "spec.wf"
    spec.write_text('workflow w() { say "hello" }\n')
    assert main(["check", str(spec)]) == 0
    assert capsys.readouterr().out == "nothing was checked: no rule applies to a workflow of these files\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("workflow w() { pya(1) }\n", "no tool, workflow, release or function is called `pya`"),
        ("define d(x) = pya(x)\n", "no function is called `pya`"),
    ],
)
def test_an_unknown_name_is_called_what_might_stand_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    spec = tmp_path / "spec.wf"
    spec.write_text("tool pay(n: int)\n" + text)
    assert main(["check", str(spec)]) == 2
    assert f"error[WF212]: {message}\n" in capsys.readouterr().out
