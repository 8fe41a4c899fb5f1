"""What `fix` says: the changes with what each mends, as text, as a patch, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wfcheck.checker.repair.fixing import Fixed, Outcome, unmended
from wfcheck.checker.repair.search import Repair
from wfcheck.checker.report.escape import counted, paragraphs, visible
from wfcheck.checker.report.json import diagnostic_json, dump, summary
from wfcheck.checker.report.plain import span_json
from wfcheck.checker.tasks import plain

SCHEMA = "wfcheck.fix/1"
SHOWN = 3
"""Other ways that are named beside the first."""


def write_json(fixed: Fixed, version: str, *, written: bool) -> str:
    """Everything as one JSON object; every key is always there."""
    return dump(
        {
            "schema": SCHEMA,
            "version": version,
            "written": written,
            "mends": [{**diagnostic_json(m.diagnostic), "title": m.title} for m in fixed.mends],
            "repairs": [_outcome_json(o) for o in fixed.outcomes],
            "diff": fixed.diff,
            "after": summary(fixed.report) if fixed.after.whole else None,
            "diagnostics": [diagnostic_json(d) for d in fixed.diagnostics],
        }
    )


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    result = outcome.result
    return {
        "rule": outcome.rule,
        "workflow": outcome.workflow,
        "verdict": None if outcome.verdict is None else outcome.verdict.value,
        "span": None if result is None else span_json(result.span),
        "file": None if result is None else result.file,
        "assumption": outcome.assumption,
        "already": outcome.already,
        "repairs": [_repair_json(r) for r in outcome.found.repairs],
        "tried": outcome.found.tried,
        "complete": outcome.found.complete,
    }


def _repair_json(repair: Repair) -> dict[str, Any]:
    return {"title": repair.title, "size": repair.size, "gives_up": list(repair.lost), "diff": repair.diff}


def write_text(fixed: Fixed, *, written: bool) -> str:
    """What was mended and how, the other ways, the changes, and what is left."""
    lines = [
        f"mended    {m.diagnostic.code} {visible(m.diagnostic.message)}: {visible(m.title)}"
        for m in fixed.mends
    ]
    for outcome in fixed.outcomes:
        lines += _outcome(outcome)
    if fixed.diff:
        lines += ["", *paragraphs(fixed.diff.rstrip("\n"))]
    lines += ["", _summary(fixed, written=written)] if lines else [_summary(fixed, written=written)]
    return "\n".join(lines) + "\n"


def _outcome(outcome: Outcome) -> Iterator[str]:
    name = visible(f"{outcome.rule} in {plain(outcome.workflow or '')}" if outcome.workflow else outcome.rule)
    about = "" if outcome.assumption is None else f" without {visible(outcome.assumption)}"
    if outcome.already:
        yield f"repaired  {name}: by what was changed before"
    elif not outcome.found.repairs:
        why = "no change that was tried proves it" if outcome.found.complete else "time was up"
        yield f"left      {name}{about}: {why} ({counted(outcome.found.tried, 'change')} tried)"
    else:
        first, *others = outcome.found.repairs
        yield f"repaired  {name}{about}: {visible(first.title, limit=200)}{_price(first)}"
        for other in others[:SHOWN]:
            yield f"          or: {visible(other.title, limit=200)}{_price(other)}"


def _price(repair: Repair) -> str:
    return f" (gives up {visible(', '.join(map(plain, repair.lost)))})" if repair.lost else ""


def _summary(fixed: Fixed, *, written: bool) -> str:
    done = sum(1 for o in fixed.outcomes if o.already or o.found.repairs)
    left = len(unmended(fixed.outcomes))
    parts = [f"{counted(len(fixed.mends), 'finding')} mended"] if fixed.mends else []
    parts += [f"{counted(done, 'rule')} repaired"] if done else []
    parts += [f"{counted(left, 'rule')} left"] if left else []
    if not parts:
        return "nothing to mend" if fixed.after.whole else "nothing could be mended"
    changed = counted(len(fixed.changes), "file")
    verb = f"{changed} written" if written else f"`--write` changes {changed}"
    return ", ".join(parts) + ("; " + verb if fixed.changes else "")
