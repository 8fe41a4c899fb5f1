"""Formal verification of AI-agent workflows: prove a policy, replay recorded runs, name the assumption that broke.

    report = wfcheck.check("refunds.wf")
    report.ok; report.results; report.raise_for_violations()
    run = wfcheck.replay("refunds.wf", "run.jsonl")
    spec = wfcheck.load("refunds.wf")
    spec.workflows["handle"].graph

Bad input raises nothing but `WfError` and its subclasses. Names are imported when first used, so that `import wfcheck` is cheap.
"""

from __future__ import annotations

TYPE_CHECKING = (
    False  # as type checkers know it; `typing` itself would be most of what `import wfcheck` costs
)
if TYPE_CHECKING:
    from typing import Any

    from wfcheck._api import Spec, SpecWorkflow, check, fix, load, replay
    from wfcheck._guard import Guard, compile_guard
    from wfcheck.checker.guard.answers import Allow, Answer, Ask, Breach, Deny
    from wfcheck.checker.guard.policy import GuardPolicy
    from wfcheck.checker.repair.fixing import Fixed
    from wfcheck.checker.replay.result import ReplayReport, ReplayResult
    from wfcheck.checker.result import (
        NotProvedError,
        PathStep,
        Report,
        Result,
        UndecidedError,
        Verdict,
        ViolatedError,
        Witness,
    )
    from wfcheck.checker.traces.event import Event, EventSource
    from wfcheck.dsl.diagnostic import Diagnostic, Label, Severity, WfError
    from wfcheck.dsl.source import Span

__version__ = "0.1.0"

__all__ = [
    "Allow",
    "Answer",
    "Ask",
    "Breach",
    "Deny",
    "Diagnostic",
    "Event",
    "EventSource",
    "Fixed",
    "Guard",
    "GuardPolicy",
    "Label",
    "NotProvedError",
    "PathStep",
    "ReplayReport",
    "ReplayResult",
    "Report",
    "Result",
    "Severity",
    "Span",
    "Spec",
    "SpecWorkflow",
    "UndecidedError",
    "Verdict",
    "ViolatedError",
    "WfError",
    "Witness",
    "__version__",
    "check",
    "compile_guard",
    "fix",
    "load",
    "replay",
]

_HOMES = {
    "wfcheck._api": ("Spec", "SpecWorkflow", "check", "fix", "load", "replay"),
    "wfcheck._guard": ("Guard", "compile_guard"),
    "wfcheck.checker.guard.answers": ("Allow", "Answer", "Ask", "Breach", "Deny"),
    "wfcheck.checker.guard.policy": ("GuardPolicy",),
    "wfcheck.checker.repair.fixing": ("Fixed",),
    "wfcheck.checker.replay.result": ("ReplayReport", "ReplayResult"),
    "wfcheck.checker.result": (
        "NotProvedError",
        "PathStep",
        "Report",
        "Result",
        "UndecidedError",
        "Verdict",
        "ViolatedError",
        "Witness",
    ),
    "wfcheck.checker.traces.event": ("Event", "EventSource"),
    "wfcheck.dsl.diagnostic": ("Diagnostic", "Label", "Severity", "WfError"),
    "wfcheck.dsl.source": ("Span",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
