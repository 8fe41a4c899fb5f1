"""Events as rules see them: tools resolved through aliases, arguments and results typed, calls joined with their answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import attrs

from wfcheck.checker.conditions.compiled import UNKNOWN, Frame, Known, Moment
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.core import Effect

SYSTEM = "system"


class Reading(Protocol):
    """What a view asks of whoever made it, when its arguments or its result are first looked at."""

    def arguments_of(self, view: View) -> Mapping[str, Known]:
        """The typed arguments."""
        ...

    def result_of(self, view: View) -> Known:
        """The typed result."""
        ...

    def moment_of(self, event: Event) -> Moment:
        """The time of an event."""
        ...

    def hides(self, event: Event, field: str) -> bool:
        """Whether a field of an event was left out, cut or blackened."""
        ...

    def converses(self) -> bool:
        """Whether the record is a whole conversation."""
        ...


@attrs.define(eq=False)
class View:
    """One event. `call` is the view of the call that a result, failure or denial answers. `turn` and `steps` count model answers
    and calls of the run, `session_steps` calls of the session, up to and with this event. `on_behalf`: the actors of the steps
    around it. A call knows its recorded result, and the kinds of the later events that tell how it ended (`outcomes`).
    Arguments, result and time are typed when first asked for."""

    index: int
    event: Event
    kind: str
    name: str
    tool: core.Tool | None
    actor: str | None
    session: str
    run: str
    turn: int
    steps: int
    session_steps: int
    call: View | None
    on_behalf: tuple[str | None, ...]
    outcomes: frozenset[str]
    reading: Reading = attrs.field(repr=False)
    _arguments: Mapping[str, Known] | None = None
    _result: Known = None
    _seen: bool = False
    _moment: Moment | None = None
    answer: Event | None = None
    """Of a call the result, where it was read already."""
    frame: Frame | None = None
    """What conditions without binders may use, made by the first that is asked of the event."""

    @property
    def arguments(self) -> Mapping[str, Known]:
        """The arguments by name."""
        if self._arguments is None:
            self._arguments = self.reading.arguments_of(self)
        return self._arguments

    @property
    def result(self) -> Known:
        """What the event brings; of a call, what it will."""
        if not self._seen:
            self._result, self._seen = self.reading.result_of(self), True
        return self._result

    @property
    def moment(self) -> Moment:
        """When it happened."""
        if self._moment is None:
            self._moment = self.reading.moment_of(self.event)
        return self._moment

    @property
    def text(self) -> Known:
        """What was said or entered."""
        return (
            UNKNOWN if self.event.text is None or self.reading.hides(self.event, "text") else self.event.text
        )

    def steps_since(self, earlier: View, per_session: bool) -> int:
        """How many calls of the run (or session) begin after an earlier event of it, up to and with this one."""
        if per_session:
            return self.session_steps - earlier.session_steps
        return self.steps - earlier.steps

    @property
    def side_effect(self) -> bool:
        """Whether the call may change something; an undeclared tool may."""
        return self.tool is None or self.tool.effect is not Effect.READ

    def record(self) -> dict[str, Known]:
        """The event as conditions name it: `text`, `time`, `result`, and the arguments by name."""
        return {"text": self.text, "time": self.moment, "result": self.result, **self.arguments}


@attrs.define
class Catalogue:
    """The tools of a program by every name that traces may use."""

    tools: Mapping[str, core.Tool]
    actor: str | None

    @staticmethod
    def of(program: core.Program) -> Catalogue:
        """Symbols, plain names and aliases; an ambiguous plain name names none."""
        names: dict[str, core.Tool | None] = {}
        for symbol, tool in program.tools.items():
            plain_name = symbol.partition("@")[0]
            names[plain_name] = None if plain_name in names else tool
        names.update(program.tools)
        for tool in program.tools.values():
            names.update(dict.fromkeys(tool.aliases, tool))
        return Catalogue({name: tool for name, tool in names.items() if tool is not None}, _actor(program))

    def name_of(self, name: str) -> str:
        """The symbol of the tool of that name, or the name itself."""
        tool = self.tools.get(name)
        return name if tool is None else tool.symbol


def _actor(program: core.Program) -> str | None:
    """Who acts where a trace does not say: the principal of all workflows, or the only agent."""
    acting = {workflow.principal or "user" for workflow in program.workflows.values()}
    agents = [p.symbol for p in program.principals.values() if p.kind == "agent"]
    if len(acting) == 1:
        return acting.pop()
    return agents[0] if len(agents) == 1 and not acting else None
