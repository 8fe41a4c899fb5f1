"""Texts become programs; `# expect: WF401` at the end of a line says which diagnostics belong there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.elaboration.elaborate import load

PRELUDE = (Path(__file__).parent / "prelude.wf").read_text(encoding="utf-8")
Loaded = tuple[core.Program, tuple[Diagnostic, ...]]


def _library(_: tuple[str, ...]) -> None:
    return None


@pytest.fixture
def program(tmp_path) -> Callable[[str], Loaded]:
    """Loads a text below the prelude."""

    def run(text: str) -> Loaded:
        (tmp_path / "prelude.wf").write_text(PRELUDE, encoding="utf-8")
        file = tmp_path / "w.wf"
        file.write_text('import "prelude.wf"\n' + text, encoding="utf-8")
        made, diagnostics = load([file], library=_library)
        return made, tuple(d for d in diagnostics if d.code != "WF208")

    return run


@pytest.fixture
def clean(program) -> Callable[[str], core.Program]:
    """Loads a text that is right."""

    def run(text: str) -> core.Program:
        made, diagnostics = program(text)
        assert [(d.code, d.message, d.span) for d in diagnostics] == []
        return made

    return run


@pytest.fixture
def marked(program) -> Callable[[str], list[Diagnostic]]:
    """Loads a text and compares its diagnostics with its marks."""

    def run(text: str) -> list[Diagnostic]:
        _, diagnostics = program(text)
        found = sorted((d.span.line - 1, d.code) for d in diagnostics if d.span is not None)
        assert found == sorted(_marks(text)), [(d.code, d.message, d.span) for d in diagnostics]
        return list(diagnostics)

    return run


def _marks(text: str) -> list[tuple[int, str]]:
    return [
        (number, code)
        for number, line in enumerate(text.split("\n"), 1)
        if (mark := re.search(r"# expect: (.*)", line))
        for code in mark.group(1).split()
    ]
