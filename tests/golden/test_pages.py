"""Every code has a page, and every page tells the truth: its bad example yields the code, its good one does not.

A fenced block says in its first line what it is: `LANGUAGE bad`, `LANGUAGE good`, or `LANGUAGE file=NAME` for what lies beside
both. `wf` blocks are loaded, `hex` blocks are the bytes of such a file, `path` blocks name one to read and parse; `toml` blocks are
configurations; `json` and `jsonl` blocks are traces, `trace` blocks name one; `python` blocks leave `diagnostics`;
`console` blocks are commands, with `path=` under an
empty search path, with `path=false` under one whose `dot` fails. `repeat=N` writes the text of a file N times."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import attrs
import pytest

from wfcheck.checker import config
from wfcheck.checker.explain import page, pages
from wfcheck.cli.main import main
from wfcheck.dsl.codes import CODES, STAGES
from wfcheck.dsl.diagnostic import Diagnostic, Severity, WfError

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"\b(error|warning|note)\[(WF\d{3})\]")


@attrs.frozen
class Block:
    language: str
    role: str | None
    file: str | None
    text: str
    repeat: int = 1
    path: str | None = None

    @property
    def data(self) -> bytes:
        return (bytes.fromhex(self.text) if self.language == "hex" else self.text.encode()) * self.repeat


def blocks(code: str) -> list[Block]:
    found = []
    for info, text in BLOCK.findall(page(code) or ""):
        language, *words = info.split()
        role = next((w for w in words if w in ("bad", "good")), None)
        file = next((w[5:] for w in words if w.startswith("file=")), None)
        repeat = next((int(w[7:]) for w in words if w.startswith("repeat=")), 1)
        path = next((w[5:] for w in words if w.startswith("path=")), None)
        found.append(Block(language, role, file, text, repeat, path))
    return found


def write(folder: Path, name: str, data: bytes) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def of_spec(folder: Path, block: Block) -> set[tuple[str, str]]:
    from wfcheck import load

    file = write(folder, block.file or "spec.wf", block.data)
    try:
        return marks(load(str(file.relative_to(folder))).diagnostics)
    except WfError as error:
        return marks(error.diagnostics)


def search_path(folder: Path, kind: str) -> Path:
    """A folder with nothing in it, or with a `dot` that fails."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    if kind == "false":
        program = place / "dot"
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
    return place


def of_path(block: Block) -> set[tuple[str, str]]:
    from wfcheck.dsl.parsing.parser import parse
    from wfcheck.dsl.parsing.reading import read_source

    found = read_source(Path(block.text.strip()))
    return marks((found,) if isinstance(found, Diagnostic) else parse(found)[1])


def of_program(block: Block) -> set[tuple[str, str]]:
    """Runs the block, which leaves its `diagnostics`."""
    names: dict[str, tuple[Diagnostic, ...]] = {}
    exec(compile(block.text, "<page>", "exec"), names)
    return marks(names["diagnostics"])


def of_config(folder: Path, block: Block) -> set[tuple[str, str]]:
    write(folder, "wfcheck.toml", block.text.encode())
    try:
        config.load(folder)
    except WfError as error:
        return marks(error.diagnostics)
    return set()


def of_trace(folder: Path, block: Block) -> set[tuple[str, str]]:
    from wfcheck.checker.traces.registry import read_traces
    from wfcheck.checker.traces.trace import Problem

    named = block.language == "trace"
    file = block.text.strip() if named else write(folder, f"run.{block.language}", block.data)
    return {(p.code, p.severity.value) for p in read_traces([file]) if isinstance(p, Problem)}


def of_commands(block: Block, capsys: pytest.CaptureFixture[str]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for line in block.text.splitlines():
        assert line.startswith("$ wfcheck "), line
        code = main(shlex.split(line)[2:])
        shown = "".join(capsys.readouterr())
        assert code in (0, 1, 2, 3), shown
        found |= {(mark, severity) for severity, mark in MARK.findall(shown)}
    return found


def marks(diagnostics: tuple[Diagnostic, ...]) -> set[tuple[str, str]]:
    return {(d.code, d.severity.value) for d in diagnostics}


def outcome(folder: Path, block: Block, capsys: pytest.CaptureFixture[str]) -> set[tuple[str, str]]:
    match block.language:
        case "wf" | "hex":
            return of_spec(folder, block)
        case "path":
            return of_path(block)
        case "python":
            return of_program(block)
        case "toml":
            return of_config(folder, block)
        case "json" | "jsonl" | "trace":
            return of_trace(folder, block)
        case "console":
            return of_commands(block, capsys)
    raise AssertionError(f"no way to run a `{block.language}` block")


@pytest.mark.parametrize("code", sorted(CODES))
@pytest.mark.parametrize("role", ["bad", "good"])
def test_examples_of_a_page(
    code: str, role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    listed = blocks(code)
    for beside in listed:
        if beside.role is None and beside.file:
            write(tmp_path, beside.file, beside.data)
    shown = [block for block in listed if block.role == role]
    assert shown, f"{code} has no {role} example"
    for block in shown:
        if block.path is not None:
            monkeypatch.setenv("PATH", str(search_path(tmp_path, block.path)))
        found = outcome(tmp_path, block, capsys)
        if role == "bad":
            assert (code, CODES[code].severity.value) in found
        else:
            assert code not in {mark for mark, _ in found}
            assert "error" not in {severity for _, severity in found}, found


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_head_of_a_page_is_its_entry_in_the_registry(code: str) -> None:
    text = page(code)
    assert text is not None, f"{code} has no page"
    assert text.startswith(f"# {code}: {CODES[code].title}\n")
    assert CODES[code].summary[1:] in text
    assert CODES[code].summary[0].islower() or CODES[code].summary[0] == "`"
    assert not CODES[code].summary.endswith(".")
    assert "## Why" in text


def test_there_is_no_page_without_a_code() -> None:
    assert {name for name in pages() if name.startswith("WF")} == set(CODES)


def test_every_verdict_and_every_built_in_rule_has_a_page() -> None:
    from wfcheck.checker.result import Verdict
    from wfcheck.checker.tasks import BUILTIN

    others = {name for name in pages() if not name.startswith("WF")}
    assert {f"builtin.{name}" for name in BUILTIN} | {verdict.value for verdict in Verdict} <= others


def used() -> dict[str, set[str]]:
    """Every code in the source as a text of its own, and the files it is in."""
    found: dict[str, set[str]] = {}
    for folder in ("dsl", "checker", "solver", "stdlib", "src"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if file != ROOT / "dsl" / "codes.py":
                for code in re.findall(r"""["'](WF\d{3})["']""", file.read_text(encoding="utf-8")):
                    found.setdefault(code, set()).add(str(file.relative_to(ROOT)))
    return found


def test_every_code_in_the_source_is_registered() -> None:
    assert {code: files for code, files in used().items() if code not in CODES} == {}


def test_every_registered_code_is_in_the_source() -> None:
    assert set(CODES) - set(used()) == set()


def test_codes_are_well_formed() -> None:
    for code, entry in CODES.items():
        assert code == entry.code
        assert re.fullmatch(r"WF\d{3}", code)
        assert entry.stage == STAGES[code[2]]
        assert isinstance(entry.severity, Severity)
        assert len(entry.title) <= 50


def test_a_name_that_is_no_code_has_no_page() -> None:
    for name in ("WF999", "../codes", "WF201.md", "", "__init__"):
        assert page(name) is None
