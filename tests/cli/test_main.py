from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import wfcheck
from wfcheck.cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parent.parent.parent


def run(*words: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    settings = {**os.environ, **environment}
    command = [sys.executable, "-m", "wfcheck", *words]
    return subprocess.run(command, input=stdin, capture_output=True, env=settings, check=False, timeout=60)


def test_the_version_is_that_of_the_package() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    done = run("--version")
    assert done.stdout.decode() == f"wfcheck {wfcheck.__version__}\n"
    assert project["version"] == wfcheck.__version__


def test_a_cold_start_is_cheap() -> None:
    def cost(*words: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)

    bare = min(cost("-c", "pass") for _ in range(5))
    assert min(cost("-m", "wfcheck", "--version") for _ in range(5)) - bare < 0.060


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = "import sys, wfcheck; print([m for m in ('z3', 'lark', 'networkx', 'attrs', 'msgspec') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"


def test_every_public_name_is_there_and_documented() -> None:
    assert wfcheck.__all__ == sorted(wfcheck.__all__)
    for name in wfcheck.__all__:
        value = getattr(wfcheck, name)
        assert name == "__version__" or value.__doc__, name
    assert set(wfcheck.__all__) <= set(dir(wfcheck))
    with pytest.raises(AttributeError):
        wfcheck.nothing  # noqa: B018


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["unknown"],
        ["check", "--output-format", "pdf"],
        ["check", "--timeout", "soon"],
        ["check", "--timeout", "0s"],
        ["check", "--seed", "-1"],
        ["check", "--color", "sometimes"],
        ["check", "-q", "-v"],
        ["check", "--fail-on", "proved"],
        ["check", "--no-such-option"],
        ["check", "--out", "x"],
        ["replay"],
        ["replay", "spec.wf", "run.jsonl", "--provenance", "guessed"],
        ["graph"],
    ],
)
def test_usage_errors_exit_with_2_and_print_nothing_on_stdout(words: list[str]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"usage: wfcheck" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert COMMANDS[command].split()[0] in shown
    assert "exit codes" in shown


def test_explain_prints_the_page_and_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "wf804"]) == 0
    assert capsys.readouterr().out.startswith("# WF804: ")
    assert main(["explain"]) == 0
    assert "WF804  a folder holds no `.wf` file\n" in capsys.readouterr().out
    assert main(["explain", "WF8040"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "did you mean `WF804`?" in shown.err


def test_a_broken_configuration_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wfcheck.toml").write_text("sede = 1\n")
    monkeypatch.chdir(tmp_path)
    assert main(["check"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "error[WF801]" in shown.err
    assert " --> wfcheck.toml:1:1" in shown.err


def test_a_defect_exits_with_70_and_says_how_to_report_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from wfcheck.cli import explain_command

    def broken(_: object) -> int:
        raise ZeroDivisionError("unforeseen \x1b[2J")

    monkeypatch.setattr(explain_command, "run", broken)
    assert main(["explain"]) == 70
    shown = capsys.readouterr().err
    assert "ZeroDivisionError: unforeseen \\x1b[2J" in shown
    assert "\x1b" not in shown
    assert "Please report" in shown


def test_an_interrupt_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    from wfcheck.cli import explain_command

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(explain_command, "run", interrupted)
    assert main(["explain"]) == 130


def test_a_reader_that_leaves_does_not_change_the_exit_code() -> None:
    command = f"'{sys.executable}' -m wfcheck explain | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "0"
    assert done.stderr == b""
