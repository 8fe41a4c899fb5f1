"""Programs from texts: `load_text("tool t() ...")`, or several files at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from wfcheck import stdlib
from wfcheck.dsl.elaboration.elaborate import Elaborated, load_all

LoadText = Callable[..., Elaborated]


@pytest.fixture
def load_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadText:
    """Writes `main.wf` (and `files`) into an empty folder and elaborates it; `roots` and `policies` name other files."""

    def load(
        text: str,
        files: Mapping[str, str] | None = None,
        roots: tuple[str, ...] = ("main.wf",),
        policies: tuple[str, ...] = (),
    ) -> Elaborated:
        monkeypatch.chdir(tmp_path)
        for name, content in {"main.wf": text, **(files or {})}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content, encoding="utf-8")
        return load_all(roots, policies=policies, library=stdlib.load, library_names=stdlib.names())

    return load
