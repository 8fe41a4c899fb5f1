"""Random events over the tools of `short.wf`: calls and what answers them, in a few runs, sometimes strange."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

from wfcheck.checker.traces.event import Completeness, Event

ODD = (None, True, 1.5, Decimal("2.5"), "2", "None", "x", [], {}, ["a"], 10**30, -2, "2026-01-01")


class Events:
    """Calls and what answers them, in a few runs, sometimes strange."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.odd = rng.choice((0.0, 0.0, 0.02, 0.3))
        self.open: list[dict[str, Any]] = []
        self.number = 0
        self.clock = 0

    def next(self) -> Event:
        rng = self.rng
        self.number += 1
        self.clock += rng.choice((5, 5, 60, -30 if rng.random() < self.odd else 20))
        made: dict[str, Any] = {
            "seq": self.number,
            "session": rng.choice(("s1", "s1", "s2", None if rng.random() < self.odd else "s1")),
            "run": rng.choice(("r1", "r1", "r2", "" if rng.random() < self.odd else "r1")),
        }
        if rng.random() > self.odd:
            made["time"] = (
                f"2026-01-01T{self.clock // 3600 % 24:02}:{self.clock // 60 % 60:02}:{self.clock % 60:02}"
            )
        made.update(self._answer() if self.open and rng.random() < 0.4 else self._other())
        if rng.random() < self.odd:
            made["id"] = f"e{self.number}"
            made["parent"] = f"e{rng.randrange(self.number + 1)}"
        return Event(**made)

    def _answer(self) -> dict[str, Any]:
        call = self.open.pop(self.rng.randrange(len(self.open)))
        kind = self.rng.choice(("result", "result", "fail"))
        about = {key: call[key] for key in ("tool", "call", "session", "run") if key in call}
        if self.rng.random() < self.odd:
            about.pop("call", None)
        return {"kind": kind, "result": ["a"] if kind == "result" else None, **about}

    def _other(self) -> dict[str, Any]:
        rng = self.rng
        kind = rng.choice(("call",) * 12 + ("input", "llm", "say", "end", "approve", "approve", "deny"))
        if kind in ("input", "llm", "say"):
            return {"kind": kind, "text": "hello", "actor": "user" if kind == "input" else self._actor()}
        if kind == "end":
            return {"kind": kind, "error": rng.choice((None, "no"))}
        tool = rng.choice(("pay", "pay", "pay", "log", "log", "fetch", "wipe", "unheard"))
        made: dict[str, Any] = {"kind": kind, "tool": tool}
        arguments = {name: self._value(value) for name, value in self._arguments(tool).items()}
        where = "args_executed" if rng.random() < 0.1 else "args_requested"
        if rng.random() > self.odd:
            made[where] = arguments
        if rng.random() < self.odd:
            hidden: dict[str, Completeness] = {
                rng.choice(("args_requested", "args_requested.to", "time")): "redacted"
            }
            made["completeness"] = hidden
        made["actor"] = rng.choice(("boss", "boss", "clerk")) if kind != "call" else self._actor()
        if kind == "call":
            made["call"] = f"c{self.number}" if rng.random() > self.odd else None
            self.open.append(made)
        return made

    def _actor(self) -> str | None:
        return None if self.rng.random() < self.odd else self.rng.choice(("clerk", "clerk", "intern"))

    def _arguments(self, tool: str) -> dict[str, Any]:
        rng = self.rng
        match tool:
            case "pay":
                rate = rng.choice((1, 2, 0.5, 2.5, Decimal("1.5"), Fraction(3), "3.5"))
                made: dict[str, Any] = {"to": rng.choice("abc"), "amount": rng.randint(1, 5), "rate": rate}
                if rng.random() < 0.3:
                    made["note"] = rng.choice("xy")
                return made | ({"urgent": rng.random() < 0.5} if rng.random() < 0.5 else {})
            case "log":
                return {"to": rng.choice("abc")} | (
                    {"level": rng.randint(0, 4)} if rng.random() < 0.6 else {}
                )
            case "fetch":
                return {"who": ["a"]}
            case _:
                return {}

    def _value(self, value: Any) -> Any:
        return self.rng.choice(ODD) if self.rng.random() < self.odd / 3 else value
