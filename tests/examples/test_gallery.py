"""The index of the gallery is complete, and every command that a page shows does what the page says."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from wfcheck.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))
SYSTEMS = (
    "lean4agent", "harness-audit", "agentforesight", "session-risk-memory", "survivability", "cik-bench", "memorygraft",
    "a3s-bench", "atbench", "aoi", "contamination", "agentlens", "claw-eval", "evoflux", "correct", "signals", "harness-bench",
    "webstep", "agentrx", "query-pipelines", "claims", "metaclaw", "skillforge", "trace2skill",
)  # fmt: skip
RUNS = {"check": {0, 1, 2, 3}, "replay": {0, 1, 3}, "graph": {0}, "triage": {0}, "tracediff": {0, 1}}


@attrs.frozen
class Command:
    """A command that a page shows, and where it is to be run: the root of the project, or where a `cd` above it leads."""

    page: str
    place: Path
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def commands(folder: str) -> Iterator[Command]:
    text = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        place = ROOT
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["cd"]:
                place = place / words[1]
            elif words:
                assert words[0] == "wfcheck", line
                yield Command(folder, place, tuple(words[1:]))


def expected(command: Command) -> set[int]:
    """The exit code of the tested command of the folder that is the same but for its folder; any that the command may have, if there
    is none."""
    cases = tomllib.loads((EXAMPLES / command.page / "cases.toml").read_text(encoding="utf-8"))["case"]
    inside = EXAMPLES / command.page
    found = {
        case["exit"]
        for case in cases
        if [_place(inside, word) for word in case["command"]]
        == [_place(command.place, w) for w in command.words]
    }
    return found or RUNS.get(command.words[0], {0, 1})


def _place(folder: Path, word: str) -> str:
    return str((folder / word).resolve()) if (folder / word).exists() else word


def test_every_folder_is_in_the_index() -> None:
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [folder for folder in FOLDERS if f"]({folder}/README.md)" not in index] == []
    linked = re.findall(r"\]\(([\w-]+)/README\.md\)", index)
    assert sorted(set(linked)) == FOLDERS
    assert len(linked) == len(set(linked))


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_has_a_spec_that_holds_one_that_does_not_and_a_blamed_run(system: str) -> None:
    cases = tomllib.loads((EXAMPLES / system / "cases.toml").read_text(encoding="utf-8"))["case"]
    found = {(case["command"][0], case["exit"]) for case in cases}
    assert {("check", 0), ("check", 1), ("replay", 0), ("replay", 1)} <= found
    blamed = [case["output"] for case in cases if case["command"][0] == "replay" and case["exit"] == 1]
    assert all(
        "blame" in (EXAMPLES / system / "expected" / name).read_text(encoding="utf-8") for name in blamed
    )
    page = (EXAMPLES / system / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^Sources?: ", page, re.MULTILINE)
    assert "What this does not show" in page


@pytest.mark.parametrize("page", FOLDERS)
def test_the_commands_of_a_page_run_as_they_are_written(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = list(commands(page))
    assert shown
    for command in shown:
        monkeypatch.chdir(command.place if command.place == ROOT else _copy(command.place, tmp_path))
        patience = ["--timeout", "60s"] if command.words[0] == "check" else []
        code = main([*command.words, *patience])
        told = capsys.readouterr()
        assert code in expected(command), f"{command}\n{told.out}{told.err}"
        assert "Traceback" not in told.err
        assert told.out or "--output" in command.words, str(command)


def _copy(folder: Path, place: Path) -> Path:
    """Where a page goes into its folder, its commands may write there."""
    made = place / folder.name
    if not made.exists():
        shutil.copytree(folder, made)
    return made
