"""Scores as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from wfcheck.checker.report.escape import counted, visible
from wfcheck.checker.report.plain import plain
from wfcheck.checker.scoring.joined import Joined, RuleScore
from wfcheck.checker.scoring.metrics import Scores, Share, score

SCHEMA = "wfcheck.score/1"
_WORDS = {
    "step_accuracy": "step named exactly",
    "exact_precision": "alarms that name it exactly",
    "in_time": "alarm at it or before it",
    "detected": "failed runs with any alarm",
    "false_alarms": "safe runs with any alarm",
    "agent_accuracy": "agent at fault named",
    "goal_recall": "alarm at the harm or before it",
    "effect_named": "first unwanted side effect named",
}


def write_scores(joined: Joined, shown: str, version: str) -> str:
    """The whole report; `shown` is `text` or `json`."""
    return _json(joined, version) if shown == "json" else "\n".join(_text(joined)) + "\n"


def _text(joined: Joined) -> Iterator[str]:
    scores = score(joined.cases)
    left = f", {counted(joined.unlabelled, 'run')} without a label left out" if joined.unlabelled else ""
    yield f"{counted(scores.runs, 'labelled run')}{left}"
    yield f"  {'exact F1':<34} {_number(scores.exact_f1, 3)}"
    for name, words in _WORDS.items():
        share: Share = getattr(scores, name)
        if share.of:
            yield f"  {words:<34} {share.hits}/{share.of} ({percent(share)})"
    yield f"  {'mean step error':<34} {_number(scores.mean_step_error, 2)}"
    if joined.rules:
        yield ""
        yield f"  {'rule':<40} {'runs':>5} {'exact':>6} {'safe':>5}"
        yield from (_row(rule) for rule in joined.rules)


def _row(rule: RuleScore) -> str:
    return f"  {visible(rule.rule, limit=40):<40} {rule.runs:>5} {rule.exact:>6} {rule.false:>5}"


def percent(share: Share) -> str:
    """A share as a percentage with one decimal; `-` of nothing."""
    return "-" if share.value is None else f"{float(100 * share.value):.1f} %"


def _number(value: Fraction | None, places: int) -> str:
    return "-" if value is None else f"{float(value):.{places}f}"


def _json(joined: Joined, version: str) -> str:
    scores = score(joined.cases)
    value = {
        "schema": SCHEMA,
        "version": version,
        "summary": _summary(scores, joined.unlabelled),
        "rules": [
            {"rule": plain(r.rule), "runs": r.runs, "exact": r.exact, "false": r.false} for r in joined.rules
        ],
        "runs": [
            {"trace": plain(c.trace), "named": c.first, "step": c.step, "failed": c.failed, "exact": c.exact}
            for c in joined.cases
        ],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _summary(scores: Scores, unlabelled: int) -> dict[str, Any]:
    shares = {
        name: {"hits": (share := getattr(scores, name)).hits, "of": share.of, "value": _rounded(share.value)}
        for name in _WORDS
    }
    f1, error = _rounded(scores.exact_f1), _rounded(scores.mean_step_error)
    return {"runs": scores.runs, "unlabelled": unlabelled, "exact_f1": f1, "mean_step_error": error, **shares}


def _rounded(value: Fraction | None) -> float | None:
    return None if value is None else round(float(value), 6)
