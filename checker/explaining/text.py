"""An explained rule as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from wfcheck.checker.explaining.carried import carried
from wfcheck.checker.explaining.expansion import Expansion
from wfcheck.checker.explaining.explained import Explained
from wfcheck.checker.explaining.runs import Run, Runs
from wfcheck.checker.explaining.states import Automaton
from wfcheck.checker.report.escape import counted, visible
from wfcheck.checker.report.text_events import describe

_WIDTH = 100
_SHOWN = 30


def write_text(explained: Explained) -> str:
    """The explanation; every line is inert."""
    lines = chain_sections(
        _head(explained),
        _section("in prose", wrapped(explained.prose)),
        _section("as a formula", _formula(explained)),
        _section(f"as a monitor ({explained.automaton.form})", _automaton(explained.automaton)),
        _section("what it stands for here", _expansions(explained.expansions)),
        _section("shortest allowed run", _run(explained.runs, explained.runs.allowed)),
        _section("shortest forbidden run", _run(explained.runs, explained.runs.forbidden)),
    )
    return "".join(f"{visible(explained.plain(line))}\n" for line in lines)


def chain_sections(*sections: list[str]) -> Iterator[str]:
    """Sections that are not empty, with an empty line between."""
    first = True
    for section in sections:
        if section:
            yield from () if first else ("",)
            yield from section
            first = False


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return [f"{title}:", *(f"  {line}" for line in found)] if found else []


def wrapped(text: str, indent: str = "") -> list[str]:
    """The text in lines of about 100 columns; `indent` before all but the first."""
    return wrap(text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [
        text
    ]


def _head(explained: Explained) -> list[str]:
    span = explained.span
    where = f"{span.file}:{span.line}:{span.column}"
    lines = [f"{explained.rule}  ({where}, severity {explained.severity})"]
    lines += [f"  {line}" for line in (explained.doc or "").split("\n") if line]
    scope = ", ".join(explained.workflows) or "none"
    lines.append(f"  workflows in scope: {scope}")
    if explained.not_applicable is not None:
        lines.append(f"  not applicable: {explained.not_applicable}")
    if explained.heuristic:
        lines.append("  heuristic: it reads texts, which a proof takes as arbitrary")
    return lines


def _formula(explained: Explained) -> Iterator[str]:
    yield from wrapped(explained.formula.text, "    ")
    if explained.formula.legend:
        yield "where"
        for _, meaning in explained.formula.legend:
            yield from (f"  {line}" for line in wrapped(meaning, "  "))


def _automaton(made: Automaton) -> Iterator[str]:
    for state in made.states:
        mark = " (start)" if state.start else ""
        yield from wrapped(f"{state.name}{mark}: {state.meaning}", "    ")
    for step in made.transitions:
        yield from wrapped(f"{step.source} -> {step.target}: {step.on}", "    ")
    if made.copies is not None:
        yield from wrapped(f"a copy of its own for {made.copies}", "    ")
    for note in made.notes:
        yield from wrapped(note, "    ")


def _expansions(found: tuple[Expansion, ...]) -> Iterator[str]:
    for one in found:
        groups = f" (the group {', '.join(f'`{g}`' for g in one.groups)})" if one.groups else ""
        yield from wrapped(f"{one.what}: {_members(one)}{groups}", "    ")


def _members(one: Expansion) -> str:
    shown = _listed(one.kind, one.members) if one.members else f"any {one.kind}"
    return f"{shown}; by the tools {', '.join(one.tools)}" if one.tools else shown


def _listed(kind: str, members: tuple[str, ...]) -> str:
    more = f", and {len(members) - _SHOWN} more" if len(members) > _SHOWN else ""
    return f"{counted(len(members), kind)}: {', '.join(members[:_SHOWN])}{more}"


def _run(runs: Runs, run: Run | None) -> Iterator[str]:
    if runs.reason is not None:
        yield f"none: {runs.reason}"
        return
    if run is None:
        yield f"none was found among {counted(runs.tried, 'small run')} of up to {counted(runs.longest, 'event')}"
        if runs.doubt is not None:
            yield from wrapped(f"others were undecided: {runs.doubt}", "    ")
        return
    if not run.shortest:
        yield "(not every shorter run was tried)"
    for number, event in enumerate(run.events):
        broken = "   <-- the rule breaks here" if number == run.index else ""
        clock = (
            f"{event.time[11:19] if event.time[:10] == '2024-01-01' else event.time}  " if event.time else ""
        )
        labels = carried(event, runs.marks)
        yield f"{number}  {clock}{describe(event)}{f'   [{labels}]' if labels else ''}{broken}"
