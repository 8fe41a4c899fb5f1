"""Step labels out of CSV or JSON Lines: what people, or a benchmark, say of recorded runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from wfcheck.checker.traces.reading import MalformedError, decode
from wfcheck.dsl.diagnostic import Diagnostic, WfError
from wfcheck.dsl.source import Span

SIZE_LIMIT = 64 * 2**20
_COLUMNS = frozenset({"trace", "step", "agent", "success", "goal", "effect"})
_TRUTHS: Mapping[str, bool | None] = {
    "true": True,
    "1": True,
    "yes": True,
    "false": False,
    "0": False,
    "no": False,
    "": None,
}
_DIGITS = 9


@attrs.frozen
class Label:
    """What is said of one run: see `metrics.Case`. `line` of its file counts from 1."""

    trace: str
    line: int
    step: int | None = None
    agent: str | None = None
    failed: bool = False
    goal: int | None = None
    effect: int | None = None


def read_labels(path: str | Path) -> tuple[Label, ...]:
    """The labels in a file, CSV with a head line or one JSON object a line: `trace`, and of `step`, `agent`, `success`, `goal`,
    `effect` what is known. No step, or -1, says that no error is known: the run is safe unless `success` is false.

    Raises:
        WfError: WF721, the file cannot be read or a line is no label."""
    text = _text(Path(path))
    first = next((line for line in text.splitlines() if line.strip()), "")
    rows = _json_rows if first.lstrip().startswith("{") else _csv_rows
    return tuple(_label(row, line, str(path)) for line, row in rows(text, str(path)))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise _unusable("the file is too large", str(path))
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _unusable(f"it cannot be read: {(error.strerror or 'unknown').lower()}", str(path)) from None
    except UnicodeDecodeError:
        raise _unusable("it is not UTF-8", str(path)) from None


def _csv_rows(text: str, file: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if "trace" not in (reader.fieldnames or ()):
            raise _unusable("there is no column `trace`", file, 1)
        for row in reader:
            if None in row or None in row.values():
                raise _unusable("the line has not as many fields as the first one", file, reader.line_num)
            yield reader.line_num, row
    except csv.Error as error:
        raise _unusable(f"it is no CSV: {error}", file, reader.line_num) from None


def _json_rows(text: str, file: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = decode(line.encode())
        except MalformedError as error:
            raise _unusable(str(error), file, number) from None
        if not isinstance(value, dict):
            raise _unusable("the line is no JSON object", file, number)
        yield number, value


def _label(row: Mapping[str, Any], line: int, file: str) -> Label:
    unknown = sorted(str(key) for key in row.keys() - _COLUMNS)
    if unknown:
        raise _unusable(f"`{unknown[0][:60]}` is nothing that is said of a run", file, line)
    trace = row.get("trace")
    if not isinstance(trace, str) or not trace:
        raise _unusable("`trace` must name a run", file, line)
    agent = row.get("agent") or None
    if not isinstance(agent, str | None):
        raise _unusable("`agent` must be a name", file, line)
    steps = {key: _step(row.get(key), key, line, file) for key in ("step", "goal", "effect")}
    success = _truth(row.get("success"), line, file)
    return Label(trace, line, agent=agent, failed=steps["step"] is not None or success is False, **steps)


def _step(value: Any, key: str, line: int, file: str) -> int | None:
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else value
    if text is None or text in ("", "-1"):
        return None
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise _unusable(f"`{key}` must be a whole number from 0, or -1", file, line)
    return int(text)


def _truth(value: Any, line: int, file: str) -> bool | None:
    text = "" if value is None else str(value).strip().lower()
    if text not in _TRUTHS:
        raise _unusable("`success` must be true or false", file, line)
    return _TRUTHS[text]


def _unusable(why: str, file: str, line: int | None = None) -> WfError:
    span = None if line is None else Span(file, 0, 0, line, 1, line, 1)
    message = f"`{file}` holds no usable step labels"
    columns = ", ".join(f"`{name}`" for name in sorted(_COLUMNS - {"trace"}))
    help_ = f"give CSV with a head line, or JSON Lines: `trace`, and any of {columns}"
    return WfError(Diagnostic("WF721", message, span, notes=(why,), help=help_, file=file))
