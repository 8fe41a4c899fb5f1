from __future__ import annotations

import io
from pathlib import Path

import pytest

from wfcheck.cli.main import main

TIDY = "tool ping() -> text { pure }\n"
UNTIDY = "tool   ping( )->text{pure}\n"


@pytest.fixture(autouse=True, name="folder")
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_are_formatted_in_place_and_a_second_run_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.wf").write_text(UNTIDY)
    (folder / "b.wf").write_text(TIDY)
    assert main(["fmt"]) == 0
    assert (folder / "a.wf").read_text() == TIDY
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "formatted a.wf\n")
    assert main(["fmt"]) == 0
    assert capsys.readouterr().err == ""


def test_check_changes_nothing_and_says_what_would_change(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.wf").write_text(UNTIDY)
    assert main(["fmt", "--check"]) == 1
    assert (folder / "a.wf").read_text() == UNTIDY
    assert "would format a.wf" in capsys.readouterr().err
    assert main(["fmt", "--check", "-q", "a.wf"]) == 1
    assert capsys.readouterr().err == ""
    (folder / "a.wf").write_text(TIDY)
    assert main(["fmt", "--check"]) == 0


def test_a_file_that_does_not_parse_is_left_alone_and_the_others_are_done(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.wf").write_text("tool tool x\n")
    (folder / "b.wf").write_text(UNTIDY)
    (folder / "c.wf").write_bytes(b"tool \xff")
    assert main(["fmt", "a.wf", "b.wf", "c.wf", "missing.wf"]) == 2
    assert (folder / "a.wf").read_text() == "tool tool x\n"
    assert (folder / "b.wf").read_text() == TIDY
    shown = capsys.readouterr().err
    for code in ("WF101", "WF004", "WF001"):
        assert f"error[{code}]" in shown
    assert " --> a.wf:1:11" in shown


def test_a_dash_filters_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def typed(text: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))

    typed(UNTIDY.encode())
    assert main(["fmt", "-"]) == 0
    assert capsys.readouterr().out == TIDY
    typed(UNTIDY.encode())
    assert main(["fmt", "--check", "-"]) == 1
    assert capsys.readouterr().out == ""
    typed(b"tool tool x")
    assert main(["fmt", "-"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "<stdin>:1:11" in shown.err
    typed(b"\xff")
    assert main(["fmt", "-"]) == 2


def test_folders_are_searched_without_hidden_ones_and_environments(folder: Path) -> None:
    for name in ("a/b/c.wf", ".hidden/x.wf", "venv/x.wf", "node_modules/x.wf", "a/.x.wf", "a/readme.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(UNTIDY)
    (folder / "venv" / "pyvenv.cfg").touch()
    assert main(["fmt", "-q"]) == 0
    changed = {str(p.relative_to(folder)) for p in folder.rglob("*.wf") if p.read_text() == TIDY}
    assert changed == {"a/b/c.wf"}


def test_a_folder_without_specs_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    assert main(["fmt", "empty"]) == 2
    assert "error[WF804]" in capsys.readouterr().err


def test_a_folder_that_cannot_be_listed_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from wfcheck.checker.inputs import expand

    listed = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    (folder / "closed").mkdir()
    (folder / "a.wf").write_text(TIDY)
    monkeypatch.setattr(os, "scandir", refusing)
    files, problems = expand([str(folder)])
    assert [Path(file).name for file in files] == ["a.wf"]
    assert [(p.code, p.notes) for p in problems] == [("WF003", ("permission denied",))]
