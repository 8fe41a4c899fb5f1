"""The table by risk, failure and harm, as text."""

from __future__ import annotations

from collections.abc import Iterable

from wfcheck.checker.annotations import Group
from wfcheck.checker.report.escape import visible, width
from wfcheck.checker.report.style import Style

_MOST_RULES = 4


def write_annotations(groups: Iterable[Group], style: Style) -> str:
    """One line per value that a rule in force bears; with a quiet style only those that need attention."""
    rows = [_row(group) for group in groups if group.attention or (style.verbosity >= 0 and _in_force(group))]
    if not rows:
        return ""
    wide = [max(width(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join(_padded(cell, size) for cell, size in zip(row, (*wide, 0), strict=True)) for row in rows
    ]
    title = style.paint("bold", "by risk, failure and harm:")
    return "\n".join([title, *(f"  {line}".rstrip() for line in lines)]) + "\n"


def _in_force(group: Group) -> bool:
    return any(verdict.upper() != "NOT-APPLICABLE" for verdict in group.counts)


def _row(group: Group) -> tuple[str, str, str, str]:
    counts = ", ".join(f"{number} {_word(verdict)}" for verdict, number in group.counts.items())
    shown = [visible(rule) for rule in group.attention[:_MOST_RULES]]
    more = len(group.attention) - len(shown)
    return (
        group.axis,
        visible(group.value, limit=80),
        counts,
        ", ".join([*shown, *([f"{more} more"] if more else [])]),
    )


def _word(verdict: str) -> str:
    return "hold" if verdict == "holds" else verdict.lower().replace("-", " ")


def _padded(cell: str, size: int) -> str:
    return cell + " " * (size - width(cell))
