"""An answer is served while nothing it rests on has changed, and never otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wfcheck.checker.cache import answers, own, packing, witness
from wfcheck.checker.inputs import expand

SPEC = 'import "tools.wf"\n\nworkflow go(topic: text from {user}) {\n  post(body: topic)\n}\n'
TOOLS = "tool post(body: text) -> text { effect write  emits nothing  returns {} }\n"
RULE = "policy p {\n  quiet: forbid post\n}\n"
LATER = 1 << 62


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "go.wf").write_text(SPEC, encoding="utf-8")
    (folder / "tools.wf").write_text(TOOLS, encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def wfcheck(*words: str) -> tuple[int, str, set[str]]:
    """Exit code, standard output and the imported modules."""
    command = [sys.executable, "-X", "importtime", "-m", "wfcheck", *words]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    modules = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if "|" in line}
    return run.returncode, run.stdout, modules


def twice(*words: str) -> tuple[tuple[int, str, set[str]], tuple[int, str, set[str]]]:
    """Two runs by the same program: in a checkout somebody may edit it between them."""
    for _ in range(5):
        before = own.fingerprint()
        found = wfcheck(*words), wfcheck(*words)
        if own.fingerprint() == before:
            return found
    pytest.skip("the program changes all the time")


def started(modules: set[str]) -> bool:
    """Whether a process really checked."""
    return "wfcheck.checker.pipeline" in modules


def test_the_second_check_is_answered_by_the_bare_interpreter(home: Path) -> None:
    first, second = twice("check", "--output-format", "json")
    assert started(first[2])
    assert (home / answers.FOLDER).is_dir()
    assert second[:2] == first[:2]
    assert first[1]
    heavy = {"z3", "lark", "networkx", "msgspec", "attrs", "attr", "argparse", "json", "re", "typing"}
    assert not {name.split(".")[0] for name in second[2]} & heavy


def edit(name: str, text: str) -> Callable[[Path], None]:
    def write(home: Path) -> None:
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")

    return write


CHANGES = {
    "the spec": edit("go.wf", SPEC.replace("topic)", 'topic + "!")')),
    "an imported file": edit("tools.wf", TOOLS.replace("write", "irreversible")),
    "one more file in the folder": edit("more.wf", "workflow idle() {\n}\n"),
    "one more file below": edit("below/x.wf", ""),
    "a configuration": edit("wfcheck.toml", "seed = 1\n"),
    "a configuration above": edit("../pyproject.toml", "[tool.wfcheck]\nseed = 1\n"),
    "a folder that becomes an environment": edit("pyvenv.cfg", ""),
}


@pytest.fixture
def kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """An answer that rests on the folder; whether it is still served."""
    assert home.is_dir()
    monkeypatch.setattr(answers, "fingerprint", lambda: b"this very program")
    name = answers.question(["check"])
    assert name is not None
    answers.Keeper(name, LATER).keep(0, b"report", [".", "go.wf", "tools.wf"])
    return lambda: answers.recall(answers.question(["check"]) or "") == (0, b"report")


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_noticed(home: Path, kept: Callable[[], bool], change: str) -> None:
    assert kept()
    CHANGES[change](home)
    assert not kept()


def test_a_change_that_is_taken_back_is_none(home: Path, kept: Callable[[], bool]) -> None:
    edit("go.wf", RULE)(home)
    assert not kept()
    edit("go.wf", SPEC)(home)
    assert kept()


def test_a_link_that_leads_elsewhere_is_a_change(home: Path) -> None:
    (home / "twin.wf").write_text(TOOLS, encoding="utf-8")
    (home / "link.wf").symlink_to("tools.wf")
    before = witness.see("link.wf")
    (home / "link.wf").unlink()
    (home / "link.wf").symlink_to("twin.wf")
    assert witness.see("link.wf") != before


@pytest.mark.parametrize(
    "words",
    [
        ["check", "go.wf"],
        ["check", "-q"],
        ["check", "--timeout", "5s"],
        ["check", "--rule", "p.*"],
        ["replay"],
        [],
    ],
)
def test_other_command_lines_have_other_answers(kept: Callable[[], bool], words: list[str]) -> None:
    assert kept()
    assert answers.question(words) != answers.question(["check"])


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_what_decides_on_colours_counts(
    kept: Callable[[], bool], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "other")
    assert not kept()


@pytest.mark.parametrize("part", ["rules.py", "library.wf", "sub/grammar.tables"])
def test_the_program_itself_counts(tmp_path: Path, part: str) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("rules.py", "library.wf", "sub/grammar.tables", "notes.txt"):
        (tmp_path / name).write_text("a", encoding="utf-8")

    def seen() -> list[bytes]:
        found: list[bytes] = []
        own._folder(str(tmp_path), found)
        return found

    before = seen()
    assert seen() == before
    (tmp_path / part).write_text("ab", encoding="utf-8")
    assert seen() != before


def test_no_cache_neither_serves_nor_keeps(home: Path) -> None:
    assert answers.question(["check", "--no-cache"]) is None
    assert started(wfcheck("check", "--no-cache")[2])
    assert not (home / answers.FOLDER).exists()


def test_bad_input_is_not_kept(home: Path) -> None:
    edit("go.wf", "workflow {")(home)
    assert wfcheck("check")[0] == 2
    assert not (home / answers.FOLDER).exists()


def test_a_violation_is_one_from_the_cache_too(home: Path) -> None:
    edit("go.wf", SPEC + RULE)(home)
    first, second = twice("check")
    assert first[0] == 1, first
    assert second[:2] == first[:2]
    assert not started(second[2])


def test_a_comparison_with_another_file_is_made_again(home: Path) -> None:
    edit("older.wf", TOOLS + "workflow go() {\n}\n" + RULE)(home)
    edit(
        "go.wf",
        (TOOLS + "workflow go() {\n}\n" + RULE).replace(
            "post\n", 'post\n  c: check policy at most "older.wf"\n'
        ),
    )(home)
    assert wfcheck("check", "go.wf")[0] != 2
    assert not (home / answers.FOLDER).exists()


def test_what_changes_meanwhile_is_not_kept(home: Path) -> None:
    name = answers.question(["check"])
    assert name is not None
    answers.Keeper(name, (home / "go.wf").stat().st_mtime_ns).keep(0, b"report", ["go.wf"])
    assert answers.recall(name) is None
    answers.Keeper(name, time.time_ns() + 10**9).keep(0, b"report", ["go.wf"])
    assert answers.recall(name) == (0, b"report")


def entry(home: Path) -> Path:
    [found] = [path for path in (home / answers.FOLDER).iterdir() if path.name != ".gitignore"]
    return found


def test_every_flipped_bit_is_noticed(home: Path, kept: Callable[[], bool]) -> None:
    path = entry(home)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not kept()
    path.write_bytes(whole)
    assert kept()


def test_a_cut_entry_is_none(home: Path, kept: Callable[[], bool]) -> None:
    whole = entry(home).read_bytes()
    for length in range(0, len(whole), 7):
        entry(home).write_bytes(whole[:length])
        assert not kept()


def test_an_answer_to_another_question_is_none(home: Path, kept: Callable[[], bool]) -> None:
    other = answers.question(["check", "-q"])
    assert kept()
    assert other is not None
    entry(home).rename(home / answers.FOLDER / other)
    assert answers.recall(other) is None


def test_a_cache_that_somebody_else_wrote_is_none(
    kept: Callable[[], bool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert not kept()
    os.makedirs(tmp_path / "elsewhere" / "wfcheck")  # noqa: PTH103
    (tmp_path / "elsewhere" / "wfcheck" / "key").write_bytes(b"\0" * 32)
    assert not kept()


def test_without_a_home_nothing_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "go.wf"))
    answers.Keeper(answers.question(["check"]) or "", LATER).keep(0, b"report", [])
    assert not (home / answers.FOLDER).exists()


def test_the_oldest_answers_make_room(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_ENTRIES", 3)
    for number in range(5):
        answers.Keeper(answers.question(["check", str(number)]) or "", LATER).keep(0, b"", [])
    assert len(list((home / answers.FOLDER).glob("[0-9a-f]*"))) == 3


@given(st.lists(st.binary(max_size=40)))
def test_packed_parts_come_back(parts: list[bytes]) -> None:
    assert packing.unpack(packing.pack(parts)) == parts


NAMES = st.sampled_from(["a.wf", "b.wf", ".c.wf", "x", "y", "node_modules", ".git", "pyvenv.cfg", "note.txt"])
TREES = st.sets(st.tuples(NAMES, NAMES) | st.tuples(NAMES), max_size=6)


def _make(root: Path, tree: set[tuple[str, ...]]) -> None:
    for path in sorted(tree):
        place = root.joinpath(*path)
        if place.parent == root or not place.parent.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                place.touch()


@settings(max_examples=60, deadline=None)
@given(TREES, TREES)
def test_folders_with_other_specs_look_different(
    tmp_path_factory: pytest.TempPathFactory, first: set[tuple[str, ...]], second: set[tuple[str, ...]]
) -> None:
    home = tmp_path_factory.mktemp("trees")
    found = []
    for tree in (first, second):
        root = home / "root"
        root.mkdir()
        _make(root, tree)
        found.append((expand([root])[0], witness.see(str(root))))
        root.rename(home / str(len(found)))
    if found[0][0] != found[1][0]:
        assert found[0][1] != found[1][1]
