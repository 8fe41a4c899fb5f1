"""What a host would do with a guard, at random: attempts, results of those that were allowed, people who approve or not."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from wfcheck import Allow, Ask, Event
from wfcheck.checker.guard.answers import Answer
from wfcheck.checker.guard.guard import Guard

NAMES = ("a", "b")
ATTEMPTED = ("pay", "pay", "pay", "log", "log", "fetch", "wipe", "say", "release", "end")


class Host:
    """Runs events past a guard; `trace` is what happened, `answers` what the guard said, with the index that the event had."""

    def __init__(self, guard: Guard, seed: int) -> None:
        self.guard = guard
        self.rng = random.Random(seed)
        self.trace: list[Event] = []
        self.answers: list[tuple[Event, Answer, int]] = []
        self.clock = datetime(2026, 1, 1, 12)
        self.waiting: list[Event] = []
        self.number = 0
        self.vague = self.rng.random() < 0.3

    def run(self, length: int) -> None:
        """So many decisions of the host."""
        for _ in range(length):
            self.clock += timedelta(seconds=self.rng.choice((10, 60, 200)))
            if self.waiting and self.rng.random() < 0.7:
                self.come_back(self.waiting.pop(0))
            elif self.rng.random() < 0.25:
                self.learn(
                    self.event("input", actor="user", text=self.rng.choice(("pay a", "pay b", "hello")))
                )
            else:
                self.attempt(self.attempted())

    def event(self, kind: Any, **fields: Any) -> Event:
        """An event that happens now."""
        timed = not (self.vague and self.rng.random() < 0.2)
        where = {"session": "s", "run": self.rng.choice(("r1", "r1", "r1", "r2")), **fields}
        return Event(kind=kind, seq=0, time=self.clock.isoformat() if timed else None, **where)

    def attempted(self) -> Event:
        """Something that an agent wants to do."""
        rng, tool = self.rng, self.rng.choice(ATTEMPTED)
        self.number += 1
        actor = rng.choice(("clerk", "clerk", "intern")) if not self.vague else rng.choice(("clerk", None))
        if tool == "end":
            return self.event("end")
        if tool == "say":
            return self.event("say", text="done", actor=actor)
        if tool == "release":
            return self.event("release", step="hint", actor=actor, args_requested={"x": "a"}, result=True)
        args: dict[str, Any] = {"to": rng.choice(NAMES)}
        if tool == "pay":
            args["amount"] = rng.randint(1, 5)
        elif tool != "log":
            args = {} if tool == "wipe" else {"who": [rng.choice(NAMES)]}
        if self.vague and args and rng.random() < 0.2:
            args.pop(rng.choice(sorted(args)))
        return self.event("call", tool=tool, call=f"c{self.number}", args_requested=args, actor=actor)

    def attempt(self, event: Event) -> None:
        """Ask the guard, and do as it says."""
        answer = self.guard.before(event)
        self.answers.append((event, answer, len(self.trace)))
        if isinstance(answer, Allow):
            self.happens(event)
            if event.kind == "call":
                self.waiting.append(event)
        elif isinstance(answer, Ask):
            yes = self.rng.random() < 0.8
            who = {"actor": answer.approver, "tool": answer.tool, "args_requested": dict(answer.shows)}
            self.learn(self.event("approve" if yes else "deny", run=event.run, **who))
            if yes and self.rng.random() < 0.8:
                self.attempt(event)
        elif event.kind == "call":
            self.happens(self.denied(event))

    def denied(self, event: Event) -> Event:
        """What the denied call left behind."""
        return Event(
            kind="deny", seq=0, session=event.session, run=event.run, time=event.time, actor="guard",
            tool=event.tool, args_requested=event.args_requested,
        )  # fmt: skip

    def come_back(self, call: Event) -> None:
        """A call returns or fails."""
        about = {"tool": call.tool, "call": call.call, "run": call.run}
        if self.rng.random() < 0.85:
            self.learn(
                self.event(
                    "result", result=[self.rng.choice(NAMES)] if call.tool == "fetch" else "ok", **about
                )
            )
        else:
            self.learn(self.event("fail", error="no", **about))

    def learn(self, event: Event) -> None:
        """Something that no guard decides."""
        self.guard.after(event)
        self.happens(event)

    def happens(self, event: Event) -> None:
        """It is part of the run."""
        self.trace.append(Event(**{**_fields(event), "seq": len(self.trace)}))


def _fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.__struct_fields__}
