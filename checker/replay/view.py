"""Events as rules see them: tools resolved through aliases, arguments and results typed, calls joined with their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from wfcheck.checker.conditions.coercion import coerce, parse_time, plain
from wfcheck.checker.conditions.compiled import UNKNOWN, Known, Moment
from wfcheck.checker.traces.event import Completeness, Event, Json
from wfcheck.dsl import core
from wfcheck.dsl.core import Effect

SYSTEM = "system"
_VALUED = frozenset({"result", "recall", "release", "llm", "remember"})
_OUTCOMES = frozenset({"result", "fail", "deny"})
_HIDDEN = frozenset({"redacted", "truncated", "absent"})


@attrs.define
class View:
    """One event. `call` is the view of the call that a result, failure or denial answers. `turn` and `steps` count model answers
    and calls of the run, `session_steps` calls of the session, up to and with this event. `on_behalf`: the actors of the steps
    around it. A call knows its recorded result, and the kinds of the later events that tell how it ended (`outcomes`)."""

    index: int
    event: Event
    kind: str
    name: str
    tool: core.Tool | None
    actor: str | None
    arguments: Mapping[str, Known]
    result: Known
    moment: Moment
    session: str
    run: str
    turn: int
    steps: int
    session_steps: int
    call: View | None = None
    on_behalf: tuple[str | None, ...] = ()
    outcomes: frozenset[str] = frozenset()

    @property
    def text(self) -> Known:
        """What was said or entered."""
        return UNKNOWN if self.event.text is None else self.event.text

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


@attrs.define
class _Reader:
    """What is remembered while the views of one trace are made."""

    catalogue: Catalogue
    completeness: Mapping[str, Completeness]
    answers: Mapping[str, Event]
    outcomes: Mapping[tuple[str, bool], Mapping[str, int]]
    open_calls: dict[str, View] = attrs.field(factory=dict)
    latest: dict[str, View] = attrs.field(factory=dict)
    by_id: dict[str, View] = attrs.field(factory=dict)
    coerced: dict[str, Known] = attrs.field(factory=dict)
    turns: dict[tuple[str, str], int] = attrs.field(factory=dict)
    steps: dict[tuple[str, ...], int] = attrs.field(factory=dict)

    def view(self, index: int, event: Event) -> View:
        run = (event.session or "", event.run or "")
        turn = self.turns[run] = self.turns.get(run, 0) + (event.kind in ("llm", "input"))
        steps = self._step(run, event)
        session_steps = self._step(run[:1], event)
        call = self._call_of(event)
        tool = self.catalogue.tools.get(event.tool) if event.tool else None
        name = tool.symbol if tool else event.tool or ""
        shown: dict[str, Completeness] = {**self.completeness, **(event.completeness or {})}
        own = event.args_requested is not None or event.args_executed is not None
        moment = parse_time(event.time) if shown.get("time") not in _HIDDEN else UNKNOWN
        view = View(
            index, event, event.kind, name, tool, self._actor(event, call),
            call.arguments if call and not own else _arguments(event, tool, shown),
            self._result(event, tool, shown), moment, *run, turn, steps, session_steps, call, self._behalf(event),
            self._outcomes(index, event),
        )  # fmt: skip
        self._remember(view, event)
        return view

    def _step(self, scope: tuple[str, ...], event: Event) -> int:
        count = self.steps[scope] = self.steps.get(scope, 0) + (event.kind == "call")
        return count

    def _remember(self, view: View, event: Event) -> None:
        if event.id:
            self.by_id[event.id] = view
        if event.kind == "call":
            self.latest[view.name] = view
            if event.call:
                self.open_calls[event.call] = view

    def _call_of(self, event: Event) -> View | None:
        if event.kind not in ("result", "fail") or event.tool is None:
            return None
        if event.call:
            return self.open_calls.get(event.call)
        return self.latest.get(self.catalogue.name_of(event.tool))

    def _actor(self, event: Event, call: View | None) -> str | None:
        if event.actor is not None:
            return event.actor
        if call is not None:
            return call.actor
        return self.catalogue.actor if event.kind in ("call", "llm", "say", "ask", "message") else None

    def _behalf(self, event: Event) -> tuple[str | None, ...]:
        found: list[str | None] = []
        at = self.by_id.get(event.parent or "")
        while at is not None and len(found) < 100:
            found.append(at.actor)
            at = self.by_id.get(at.event.parent or "")
        return tuple(found)

    def _outcomes(self, index: int, event: Event) -> frozenset[str]:
        if event.kind != "call":
            return frozenset()
        last = self.outcomes.get(_joint(event, self.catalogue), {})
        return frozenset(kind for kind, at in last.items() if at > index)

    def _result(self, event: Event, tool: core.Tool | None, shown: Mapping[str, Completeness]) -> Known:
        if event.kind == "call":
            answer = self.answers.get(event.call or "")
            return UNKNOWN if answer is None else self._answered(answer, tool)
        if event.kind == "result" and event.call in self.coerced:
            return self.coerced.pop(event.call)
        if event.kind not in _VALUED or shown.get("result") in _HIDDEN:
            return UNKNOWN
        if event.kind == "result" and tool is not None:
            return coerce(event.result, tool.result)
        return plain(event.result)

    def _answered(self, answer: Event, tool: core.Tool | None) -> Known:
        """The result of a call, kept for when its event comes."""
        shown: dict[str, Completeness] = {**self.completeness, **(answer.completeness or {})}
        value = self._result(answer, tool, shown)
        if answer.call:
            self.coerced[answer.call] = value
        return value


def views(
    events: Sequence[Event], catalogue: Catalogue, completeness: Mapping[str, Completeness]
) -> Iterator[View]:
    """The views of one trace, in order."""
    answers = {event.call: event for event in events if event.kind == "result" and event.call}
    outcomes: dict[tuple[str, bool], dict[str, int]] = {}
    for index, event in enumerate(events):
        if event.kind in _OUTCOMES:
            outcomes.setdefault(_joint(event, catalogue), {})[event.kind] = index
    reader = _Reader(catalogue, completeness, answers, outcomes)
    for index, event in enumerate(events):
        yield reader.view(index, event)


def _joint(event: Event, catalogue: Catalogue) -> tuple[str, bool]:
    """What joins a call with its outcome: the id of the call, or without one the tool."""
    return (event.call, True) if event.call else (catalogue.name_of(event.tool or ""), False)


def _arguments(
    event: Event, tool: core.Tool | None, shown: Mapping[str, Completeness]
) -> Mapping[str, Known]:
    field = "args_requested" if event.args_executed is None else "args_executed"
    given = event.args_requested if event.args_executed is None else event.args_executed
    made: dict[str, Known] = {}
    if given is not None and shown.get(field) not in _HIDDEN:
        made = dict(_typed_arguments(given, tool))
        made.update({name: UNKNOWN for name in made if shown.get(f"{field}.{name}") in _HIDDEN})
    elif tool is not None:
        made = {parameter.name: UNKNOWN for parameter in tool.parameters}
    if event.text is not None and event.kind != "fail":
        made.setdefault("text", event.text)
    return made


def _typed_arguments(given: Mapping[str, Json], tool: core.Tool | None) -> Iterator[tuple[str, Known]]:
    for parameter in tool.parameters if tool else ():
        if parameter.name in given:
            yield parameter.name, coerce(given[parameter.name], parameter.type)
        else:
            yield parameter.name, None if parameter.optional else UNKNOWN
    for name, value in given.items():
        if tool is None or tool.parameter(name) is None:
            yield name, plain(value)
