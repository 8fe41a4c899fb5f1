"""Random event lists over the tools of `rules.wf`: a handful of values, calls with and without answers, two runs, two sessions."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from wfcheck.checker.traces.event import Event

NAMES = ("a", "b", "c")


def random_events(rng: random.Random, length: int) -> list[Event]:
    """A trace of about `length` events; sometimes it lacks times, actors or arguments."""
    events: list[Event] = []
    clock = datetime(2026, 1, 1, 12)
    timed, acted, gaps = rng.random() < 0.8, rng.random() < 0.8, rng.random() < 0.3
    while len(events) < length:
        clock += timedelta(seconds=rng.choice((10, 60, 120)))
        shared: dict[str, Any] = {
            "time": clock.isoformat() if timed and not (gaps and rng.random() < 0.1) else None,
            "session": rng.choice(("s1", "s1", "s2")),
            "run": rng.choice(("r1", "r1", "r2")),
        }
        for made in _some(rng, acted, gaps, len(events)):
            events.append(Event(seq=len(events), **{**shared, **made}))
    return events


def _some(rng: random.Random, acted: bool, gaps: bool, number: int) -> list[dict[str, Any]]:
    actor = rng.choice(("clerk", "intern", "boss")) if acted else None
    kind = rng.choice(("call",) * 11 + ("approve",) * 3 + ("release", "input", "llm", "say", "deny", "end"))
    tool, args = _call(rng, gaps)
    match kind:
        case "call":
            return _called(rng, tool, args, actor, f"c{number}")
        case "approve":
            person = rng.choice(("boss", "boss", "clerk"))
            return [{"kind": "approve", "tool": tool, "args_requested": args, "actor": person}]
        case "deny":
            return [{"kind": "deny", "tool": tool, "args_requested": args, "actor": "boss"}]
        case "input":
            return [{"kind": "input", "actor": "user", "text": rng.choice(("yes", "no", "pay a"))}]
        case "end":
            return [{"kind": "end"}]
        case "release":
            step = rng.choice(("hint", "hint", "grade", "quote"))
            return [{"kind": "release", "step": step, "actor": actor, "args_requested": {"x": "a"}}]
        case _:
            return [{"kind": kind, "text": "hello", "actor": actor}]


def _call(rng: random.Random, gaps: bool) -> tuple[str, dict[str, Any]]:
    tool = rng.choice(("pay", "pay", "pay", "log", "log", "fetch", "wipe"))
    args: dict[str, Any] = {}
    if tool == "pay":
        args = {"to": rng.choice(NAMES), "amount": rng.randint(1, 5)}
        if rng.random() < 0.4:
            args["note"] = rng.choice(("x", "y"))
    elif tool == "log":
        args = {"to": rng.choice(NAMES)}
    elif tool == "fetch":
        args = {"who": rng.sample(NAMES, rng.randint(0, 2))}
    if gaps and args and rng.random() < 0.15:
        args.pop(rng.choice(sorted(args)))
    return tool, args


def _called(
    rng: random.Random, tool: str, args: dict[str, Any], actor: str | None, call: str
) -> list[dict[str, Any]]:
    about = {"tool": tool, "call": call}
    made = [{"kind": "call", "args_requested": args, "actor": actor, **about}]
    chance = rng.random()
    if chance < 0.75:
        result = (
            {"id": "o", "amount": rng.randint(1, 5)} if tool == "pay" else ["a"] if tool == "fetch" else None
        )
        made.append({"kind": "result", "result": result, **about})
    elif chance < 0.9:
        made.append({"kind": "fail", "error": "no", **about})
    return made
