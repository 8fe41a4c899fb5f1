"""Mends of diagnostics that name one: misspelt names, imports that are missing or not needed, variables that nobody reads."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache

import attrs

from wfcheck import stdlib
from wfcheck.checker.repair.edits import Candidate, Edit
from wfcheck.checker.repair.naming import declares, new_import, quoted
from wfcheck.checker.repair.places import before, out, places, spread
from wfcheck.checker.repair.trying import Spec
from wfcheck.checker.suppress import suppress
from wfcheck.dsl import syntax
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.parsing.parser import parse
from wfcheck.dsl.source import Source, Span

MOST = 200
"""Mends of one spec."""
_MEANT = re.compile(r"did you mean `([^`]+)`\?")
_QUOTED = re.compile(r"`([^`]*)`")
_ARGUMENTS = frozenset({"WF406", "WF407"})
_MISSING = frozenset({"WF201", "WF211", "WF212", "WF317"})


@attrs.frozen
class Mend:
    """What was mended, and how."""

    diagnostic: Diagnostic
    title: str


def mended(spec: Spec, deadline: float) -> tuple[Spec, tuple[Mend, ...]]:
    """The spec with everything mended that can be, one thing after the other. Each leaves fewer findings, and no new error."""
    found: list[Mend] = []
    passed: set[tuple[str, str, int]] = set()
    while len(found) < MOST and time.monotonic() < deadline:
        step = _next(spec, passed)
        if step is None:
            break
        spec, mend = step
        found.append(mend)
    return spec, tuple(found)


def _next(spec: Spec, passed: set[tuple[str, str, int]]) -> tuple[Spec, Mend] | None:
    for diagnostic in _found(spec):
        key = (diagnostic.code, diagnostic.message, diagnostic.span.start if diagnostic.span else -1)
        if key in passed:
            continue
        for candidate in _ways(spec, diagnostic):
            new = spec.changed(candidate)
            if new is not None and _better(spec, new, diagnostic):
                return new, Mend(diagnostic, candidate.title)
        passed.add(key)
    return None


def _found(spec: Spec) -> tuple[Diagnostic, ...]:
    """What is wrong in the files that may be changed, and is not silenced."""
    listed = [d for d in spec.made.diagnostics if d.span is not None and d.span.file in spec.own]
    if not spec.whole:  # what seems to be of no use may be what an error is about
        return tuple(d for d in listed if d.severity is Severity.ERROR)
    return suppress(listed, sorted(spec.own), spec.made.sources.get)


def _better(old: Spec, new: Spec, mended_: Diagnostic) -> bool:
    """Whether what was to be mended is gone, and nothing came instead."""
    before = Counter((d.code, d.message) for d in old.made.diagnostics)
    now = Counter((d.code, d.message) for d in new.made.diagnostics)
    key = (mended_.code, mended_.message)
    return now[key] < before[key] and _errors(new) <= _errors(old)


def _errors(spec: Spec) -> int:
    return sum(d.severity is Severity.ERROR for d in spec.made.diagnostics)


# ---------------------------------------------------------------- the ways


def _ways(spec: Spec, diagnostic: Diagnostic) -> Iterator[Candidate]:
    assert diagnostic.span is not None
    source = spec.made.sources[diagnostic.span.file]
    match diagnostic.code:
        case "WF208":
            yield from _unimported(spec, source, diagnostic.span)
        case "WF441":
            yield from _unread(spec, source, diagnostic)
        case "WF115":
            yield from _moved_up(spec, source, diagnostic.span)
        case "WF407" if diagnostic.help is None:
            yield from _renamed(spec, source, diagnostic)
        case "WF304":
            yield from _present(spec, source, diagnostic.span)
        case "WF122":
            yield from _spelt(source, diagnostic, re.compile(r"write `([^`]+)`"))
        case code:
            if code in _MISSING:
                yield from _imported(spec, source, diagnostic)
            yield from _spelt(source, diagnostic, _MEANT)


def _spelt(source: Source, diagnostic: Diagnostic, meant: re.Pattern[str]) -> Iterator[Candidate]:
    """The name that was meant, where the wrong one stands."""
    found = meant.fullmatch(diagnostic.help or "")
    span = diagnostic.span
    if found is None or span is None:
        return
    text = source.text[span.start : span.end]
    for wrong in _QUOTED.findall(diagnostic.message):
        spots = (
            [m.start() for m in re.finditer(rf"(?<![\w.]){re.escape(wrong)}(?!\w)", text)] if wrong else []
        )
        if len(spots) == 1:
            start = span.start + spots[0]
            inside = text[: spots[0]].endswith(('"', "`", "/"))
            word = found[1] if inside or "." in found[1] else quoted(found[1])
            edit = Edit(span.file, start, start + len(wrong), word)
            yield Candidate(f"write `{found[1]}` instead of `{wrong}`", (edit,))
            return


def _renamed(spec: Spec, source: Source, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """The one argument that does not exist is the one that is missing."""
    span = diagnostic.span
    assert span is not None
    for other in spec.made.diagnostics:
        whole = other.span
        if other.code != "WF406" or whole is None or whole.file != span.file:
            continue
        alike = [d for d in spec.made.diagnostics if d.code in _ARGUMENTS and _inside(d.span, whole)]
        lacking = _QUOTED.findall(other.message)
        if _inside(span, whole) and len(alike) == 2 and len(lacking) == 2:
            edit = Edit(span.file, span.start, span.end, quoted(lacking[1]))
            yield Candidate(f"write `{lacking[1]}` instead of `{_text(source, span)}`", (edit,))


def _inside(span: Span | None, whole: Span) -> bool:
    return (
        span is not None and span.file == whole.file and whole.start <= span.start and span.end <= whole.end
    )


def _present(spec: Spec, source: Source, span: Span) -> Iterator[Candidate]:
    """The run stops before a statement that needs a value which is not there."""
    name = _text(source, span)
    around = [p for p in places(spec.made).values() if _inside(span, p.statement.span)]
    if name.isidentifier() and around:
        place = max(around, key=lambda p: p.statement.span.start)
        stop = spread(f"if {name} == none", place.indent, [f'stop "there is no `{name}`"'])
        yield Candidate(f"stop if `{name}` is `none`", (before(place, stop),))


def _imported(spec: Spec, source: Source, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """An import of what is declared in exactly one module of the library, or one file of the spec."""
    for name in _QUOTED.findall(diagnostic.message)[:1]:
        homes = [path for path, m in spec.made.modules.items() if path != source.path and declares(m, name)]
        homes += [home for home in _homes(name) if home not in homes]
        if len(homes) == 1:
            edit = new_import(spec.made, source.path, homes[0], name)
            yield Candidate(f"import `{name}` from `{homes[0]}`", (edit,))


@cache
def _homes(name: str) -> tuple[str, ...]:
    """The modules of the library that declare a name."""
    return tuple(home for home in stdlib.names() if declares(_library(home), name))


@cache
def _library(home: str) -> syntax.Module:
    text = stdlib.load(tuple(home.split(".")))
    return parse(Source(home, text or ""))[0]


def _unimported(spec: Spec, source: Source, span: Span) -> Iterator[Candidate]:
    """A name, or a whole import, that nothing uses is taken out."""
    for item in spec.made.modules[source.path].imports:
        if item.span.start <= span.start and span.end <= item.span.end:
            listed = item.names or ()
            index = next((i for i, n in enumerate(listed) if n.span == span), None)
            if index is not None and len(listed) > 1:
                start = span.start if index + 1 < len(listed) else listed[index - 1].span.end
                end = listed[index + 1].span.start if index + 1 < len(listed) else span.end
                yield Candidate(
                    f"leave the import of `{_text(source, span)}` out", (Edit(source.path, start, end, ""),)
                )
            else:
                yield Candidate("leave the import out", (_line(source, _import_span(source, item)),))


def _import_span(source: Source, item: syntax.Import) -> Span:
    """An import without the documentation above it."""
    found = re.compile(r"^[ \t]*import\b", re.MULTILINE).search(source.text, item.span.start)
    return source.span(item.span.start if found is None else found.start(), item.span.end)


def _line(source: Source, span: Span) -> Edit:
    """What stands there is taken out, with its line end where it has the line to itself."""
    end = span.end
    if source.text[end : end + 1] == "\n":
        end += 1
    return Edit(span.file, span.start, end, "")


def _unread(spec: Spec, source: Source, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """A variable that nobody reads: the assignment goes, and the call stays."""
    span = diagnostic.span
    assert span is not None
    if diagnostic.help == "leave the statement out":
        for place in places(spec.made).values():
            whole = place.statement.span
            if whole.file == span.file and whole.start == span.start and len(place.block.statements) > 1:
                yield Candidate(f"leave the assignment of `{_text(source, span)}` out", (out(place),))
        return
    found = re.compile(r"\s*=\s*").match(source.text, span.end)
    if found is not None:
        yield Candidate(
            f"leave `{_text(source, span)} =` out", (Edit(span.file, span.start, found.end(), ""),)
        )


def _moved_up(spec: Spec, source: Source, span: Span) -> Iterator[Candidate]:
    """A late import goes to where imports stand."""
    edit = new_import(spec.made, source.path, None, _text(source, span))
    yield Candidate("move the import to the others", (edit, _line(source, span)))


def _text(source: Source, span: Span) -> str:
    return source.text[span.start : span.end]
