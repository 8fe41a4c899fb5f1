"""Events as rules see them: tools resolved through aliases, arguments and results typed, calls joined with their answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from wfcheck.checker.coercion import coerce, parse_time, plain
from wfcheck.checker.conditions import UNKNOWN, Known, Moment
from wfcheck.checker.traces.event import Completeness, Event, Json
from wfcheck.dsl import core
from wfcheck.dsl.core import Effect
from wfcheck.dsl.types import OptionType, base

SYSTEM = "system"
_HIDDEN = frozenset({"redacted", "truncated", "absent"})


@attrs.define
class View:
    """One event. `call` is the view of the call that a result, failure or denial answers. `turn` and `steps` count model
    answers and calls up to and with this event."""

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
    call: View | None = None
    allowed: bool = attrs.field(default=True, eq=False)

    @property
    def text(self) -> Known:
        """What was said or entered."""
        return UNKNOWN if self.event.text is None else self.event.text

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


def views(
    events: Iterable[Event], catalogue: Catalogue, completeness: Mapping[str, Completeness]
) -> Iterator[View]:
    """The views of one trace, in order."""
    open_calls: dict[str, View] = {}
    latest: dict[str, View] = {}
    turn = steps = 0
    for index, event in enumerate(events):
        turn += event.kind in ("llm", "input")
        steps += event.kind == "call"
        call = _call_of(event, open_calls, latest, catalogue)
        view = _view(index, event, call, catalogue, completeness, turn, steps)
        if event.kind == "call":
            latest[view.name] = view
            if event.call:
                open_calls[event.call] = view
        yield view


def _call_of(
    event: Event, open_calls: dict[str, View], latest: dict[str, View], catalogue: Catalogue
) -> View | None:
    if event.kind not in ("result", "fail") or event.tool is None:
        return None
    if event.call:
        return open_calls.get(event.call)
    return latest.get(catalogue.name_of(event.tool))


def _view(
    index: int,
    event: Event,
    call: View | None,
    catalogue: Catalogue,
    completeness: Mapping[str, Completeness],
    turn: int,
    steps: int,
) -> View:
    tool = catalogue.tools.get(event.tool) if event.tool else None
    name = tool.symbol if tool else event.tool or ""
    shown = {**completeness, **(event.completeness or {})}
    own = event.args_requested is not None or event.args_executed is not None
    arguments = call.arguments if call and not own else _arguments(event, tool, shown)
    actor = event.actor or (
        catalogue.actor if event.kind in ("call", "llm", "say", "ask", "message") else None
    )
    if event.kind in ("result", "fail") and event.actor is None and call is not None:
        actor = call.actor
    return View(
        index, event, event.kind, name, tool, actor, arguments, _result(event, tool, shown),
        parse_time(event.time) if shown.get("time") not in _HIDDEN else UNKNOWN,
        event.session or "", event.run or "", turn, steps, call,
    )  # fmt: skip


def _arguments(
    event: Event, tool: core.Tool | None, shown: Mapping[str, Completeness]
) -> Mapping[str, Known]:
    given = event.arguments
    field = "args_executed" if event.args_executed else "args_requested"
    if shown.get(field) in _HIDDEN:
        return {}
    if tool is None:
        return {name: plain(value) for name, value in given.items()}
    return dict(_typed_arguments(given, tool))


def _typed_arguments(given: Mapping[str, Json], tool: core.Tool) -> Iterator[tuple[str, Known]]:
    for parameter in tool.parameters:
        if parameter.name in given:
            yield parameter.name, coerce(given[parameter.name], parameter.type)
        elif parameter.optional or isinstance(base(parameter.type), OptionType):
            yield parameter.name, None
    for name, value in given.items():
        if tool.parameter(name) is None:
            yield name, plain(value)


def _result(event: Event, tool: core.Tool | None, shown: Mapping[str, Completeness]) -> Known:
    if event.kind not in ("result", "recall", "release", "llm") or shown.get("result") in _HIDDEN:
        return UNKNOWN
    if event.kind == "result" and tool is not None:
        return coerce(event.result, tool.result)
    return plain(event.result)
