"""Edits of texts, and what becomes of a file by them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import unified_diff

import attrs

from wfcheck.checker.report.escape import visible
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.source import Source

_WORD = re.compile(r"\w+|[^\w\s]")


@attrs.frozen
class Edit:
    """`[start, end)` of a file, in code points, becomes `text`."""

    file: str
    start: int
    end: int
    text: str


@attrs.frozen
class Candidate:
    """Edits that may mend a rule. `title`: what they do, in words. `lost`: what may no longer be called. `bold`: they change which
    values are used, or what is done, and not only when. `brings`: codes of warnings that come with them.
    `weight`: what makes them larger than their words."""

    title: str
    edits: tuple[Edit, ...]
    lost: frozenset[str] = frozenset()
    bold: bool = False
    brings: frozenset[str] = frozenset()
    weight: int = 0


def edited(texts: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str] | None:
    """The files that the edits change, by path; None where two edits meet."""
    by_file: dict[str, list[Edit]] = {}
    for edit in edits:
        by_file.setdefault(edit.file, []).append(edit)
    changed = {}
    for file, listed in by_file.items():
        text = _applied(texts[file], listed)
        if text is None:
            return None
        changed[file] = text
    return changed


def _applied(text: str, edits: list[Edit]) -> str | None:
    ordered = sorted(dict.fromkeys(edits), key=lambda e: (e.start, e.end))
    parts, place = [], 0
    for edit in ordered:
        if edit.start < place:
            return None
        parts += [text[place : edit.start], edit.text.replace("\n", "\r\n") if "\r\n" in text else edit.text]
        place = edit.end
    return "".join([*parts, text[place:]])


def laid_out(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The changed files, formatted where they were formatted before."""
    return {
        file: _formatted(file, text) if _is_formatted(file, before[file]) else text
        for file, text in after.items()
    }


def _is_formatted(file: str, text: str) -> bool:
    return format_source(Source(file, text)) == text


def _formatted(file: str, text: str) -> str:
    made = format_source(Source(file, text))
    return made if isinstance(made, str) else text


def size(texts: Mapping[str, str], edits: Iterable[Edit]) -> int:
    """How many words and signs the edits take away and bring in; what only moves counts once."""
    gone: list[str] = []
    new: list[str] = []
    for edit in edits:
        gone += _WORD.findall(texts[edit.file][edit.start : edit.end])
        new += _WORD.findall(edit.text)
    rest = list(new)
    kept = 0
    for word in gone:
        if word in rest:
            rest.remove(word)
            kept += 1
    return len(gone) - kept + len(rest) + min(kept, 1) * _moved(kept)


def _moved(kept: int) -> int:
    return max(1, kept // 4)


def diff(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """A unified diff of the files that differ, as `patch -p0` takes it."""
    parts: list[str] = []
    for file in sorted(after):
        old, new = before[file].splitlines(keepends=True), after[file].splitlines(keepends=True)
        name = visible(file, limit=1000)
        for line in unified_diff(old, new, name, name, n=2):
            parts.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return "".join(parts)
