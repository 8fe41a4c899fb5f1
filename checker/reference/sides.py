"""Which tags are secrecy, which influence; a residue is on the sides of what its release removes."""

from __future__ import annotations

from wfcheck.checker.reference.values import NOTHING, Label
from wfcheck.dsl import core

APPROVAL = "via approve"
MODEL = "model"
USER = "user"
MARK = "@"
"""First character of what marks the source of a flow that is no tag; see `marks`."""


def secrecy(program: core.Program, label: Label) -> Label:
    """The secrecy tags of a label, residues included."""
    return frozenset(tag for tag in label if "secrecy" in sides(program, tag))


def influence(program: core.Program, label: Label) -> Label:
    """The influence tags of a label, residues included."""
    return frozenset(tag for tag in label if "influence" in sides(program, tag))


def sides(program: core.Program, tag: str) -> frozenset[str]:
    """`via approve` stands for the secrecy of what was shown; marks are on neither side."""
    if tag.startswith(MARK):
        return NOTHING
    if tag == APPROVAL:
        return frozenset({"secrecy"})
    declared = program.tags.get(tag)
    if declared is None:
        return frozenset({"influence"})
    match declared.kind:
        case "secrecy":
            return frozenset({"secrecy"})
        case "residue":
            release = program.releases[tag.removeprefix("via ")]
            return NOTHING.union(*(sides(program, removed) for removed in release.removes))
        case _:
            return frozenset({"influence"})


def every_tag(program: core.Program) -> Label:
    """What a value of unknown origin carries: every tag that is not a residue."""
    return frozenset(symbol for symbol, tag in program.tags.items() if tag.kind != "residue")


def plain_tags(label: Label) -> list[str]:
    """A label as an event shows it."""
    return sorted(label)
