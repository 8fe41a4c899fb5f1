"""Files that are missing, no text, or too large are located diagnostics."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.parsing import reading
from wfcheck.dsl.source import Source


def refused(path: Path) -> Diagnostic:
    result = reading.read_source(path)
    assert isinstance(result, Diagnostic)
    assert result.help
    return result


def test_missing_files_and_folders(tmp_path: Path) -> None:
    assert refused(tmp_path / "no.wf").code == "WF001"
    assert refused(tmp_path / "no.wf").file == str(tmp_path / "no.wf")
    assert refused(tmp_path).code == "WF002"
    (tmp_path / "file").write_text("x")
    assert refused(tmp_path / "file" / "below.wf").code == "WF003"
    assert refused(Path("a\x00b")).code == "WF003"
    assert refused(Path("a" * 5000)).code == "WF003"


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"tool t()\n# caf\xe9\n", "WF004", 2, 6),
        (b"# \xc3\xa9\xff", "WF004", 1, 4),
        (b"\xc3", "WF004", 1, 1),
        (b"tool t()\n\x00", "WF005", 2, 1),
        (b"tool\x1b[31m", "WF005", 1, 5),
        ("# a\u202eb".encode(), "WF005", 1, 4),
    ],
)
def test_bytes_that_are_no_text_are_located(
    tmp_path: Path, data: bytes, code: str, line: int, column: int
) -> None:
    path = tmp_path / "a.wf"
    path.write_bytes(data)
    found = refused(path)
    assert found.span is not None
    assert (found.code, found.span.line, found.span.column, found.span.file) == (
        code,
        line,
        column,
        str(path),
    )


def test_utf16_is_named() -> None:
    found = reading.decode("tool t()".encode("utf-16"), "a.wf")
    assert isinstance(found, Diagnostic)
    assert "UTF-16" in found.message


def test_large_files_are_refused_and_good_ones_read(tmp_path: Path) -> None:
    path = tmp_path / "a.wf"
    path.write_bytes(b"#" * (reading.MAX_BYTES + 1))
    assert refused(path).code == "WF006"
    path.write_bytes(b"\xef\xbb\xbftool t()\r\n")
    assert reading.read_source(path) == Source(str(path), "tool t()\r\n")
