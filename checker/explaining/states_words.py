"""Words that the monitors of several forms share."""

from __future__ import annotations

from wfcheck.checker import monitor as compiled
from wfcheck.checker.explaining import patterns
from wfcheck.checker.explaining.expressions import alone
from wfcheck.checker.explaining.formula_events import binders
from wfcheck.checker.explaining.patterns import enumerated
from wfcheck.dsl import core


def history(per_session: bool) -> str:
    """What is looked back at."""
    return "session" if per_session else "run"


def judged(form: compiled.Monitor | compiled.Response, *, evidence: bool = False) -> str:
    """The judged event with its condition."""
    text = patterns.event(form.judged, evidence=evidence)
    return text if form.when is None else f"{text}, unless `{alone(form.when)}` is false"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 <= number % 100 <= 20 else last}"


def scope(form: compiled.Monitor | compiled.Response, *notes: str) -> tuple[str, ...]:
    """The note on what is looked back at, and others."""
    return (f"it is kept per {history(form.per_session)}", *notes)


def copies(
    *related: core.EventPattern,
    each: tuple[str | None, core.Expr | None] = (None, None),
    binding: bool = False,
) -> str | None:
    """For what the monitor keeps a copy of its own. `binding`: approvals are for one call."""
    found: dict[str, None] = {}
    for pattern in related:
        for choice in pattern.choices:
            if any(isinstance(t, core.SameCall) for _, t in choice.tests) or (
                binding and choice.kind == "approve"
            ):
                found["each tool with its arguments"] = None
            found.update((f"each `{n}`", None) for n, t in choice.tests if isinstance(t, core.Same))
    first, *others = related
    shared = {name for pattern in others for name in binders(pattern)}
    found.update((f"each value of {name}", None) for name in binders(first) if name in shared)
    if each[0] is not None and each[1] is not None:
        found[f"each {each[0]} in `{alone(each[1])}`"] = None
    return enumerated(found, "and") or None
