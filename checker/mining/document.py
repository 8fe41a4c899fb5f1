"""An automaton as JSON, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from wfcheck.checker.mining.automaton import Automaton, Counted, State, Transition
from wfcheck.checker.mining.symbols import Abstraction, Events, Outcome, Symbol
from wfcheck.checker.report.plain import plain
from wfcheck.dsl.diagnostic import Diagnostic, WfError

SCHEMA: Final = "wfcheck.automaton/1"
LARGEST: Final = 64 * 2**20


class _Symbol(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    kind: str
    name: str = ""
    outcome: Outcome = ""
    shape: dict[str, str] = {}


class _Transition(msgspec.Struct, forbid_unknown_fields=True, rename={"source": "from", "target": "to"}):
    source: int
    symbol: _Symbol
    target: int
    runs: int
    times: int


class _State(msgspec.Struct, forbid_unknown_fields=True):
    runs: int
    ends: int


class _Abstraction(msgspec.Struct, forbid_unknown_fields=True):
    events: Events
    by: list[tuple[str, str]]
    without: list[str]


class _Counted(msgspec.Struct, forbid_unknown_fields=True):
    passing: int
    accepted: int
    failing: int
    failing_accepted: int
    inseparable: int


class _Document(msgspec.Struct):
    schema: str
    version: str
    abstraction: _Abstraction
    tail: int
    counted: _Counted
    states: list[_State]
    transitions: list[_Transition]


def write_automaton(automaton: Automaton, version: str) -> str:
    """The automaton as JSON, schema `wfcheck.automaton/1`. State 0 is the start."""
    a, c = automaton.abstraction, automaton.counted
    value = _Document(
        SCHEMA, version, _Abstraction(a.events, list(a.by), list(a.without)), automaton.tail,
        _Counted(c.passing, c.accepted, c.failing, c.failing_accepted, c.inseparable),
        [_State(s.runs, s.ends) for s in automaton.states],
        [_Transition(t.source, _symbol(t.symbol), t.target, t.runs, t.times) for t in automaton.transitions],
    )  # fmt: skip
    return json.dumps(plain(msgspec.to_builtins(value)), indent=2, ensure_ascii=False) + "\n"


def symbol_json(symbol: Symbol) -> dict[str, Any]:
    """A symbol as in the machine format."""
    made: dict[str, Any] = plain(msgspec.to_builtins(_symbol(symbol)))
    return made


def _symbol(symbol: Symbol) -> _Symbol:
    return _Symbol(symbol.kind, symbol.name, symbol.outcome, dict(symbol.shape))


def read_automaton(file: str) -> Automaton:
    """The automaton in a file.

    Raises:
        WfError: it cannot be read, or is no automaton that this version understands (WF717).
    """
    try:
        with Path(file).open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise _bad(file, (getattr(error, "strerror", None) or "it cannot be opened").lower()) from None
    if len(data) > LARGEST:
        raise _bad(file, f"it is larger than {LARGEST} bytes")
    try:
        found = msgspec.json.decode(data, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _bad(file, str(error)[:200]) from None
    if found.schema != SCHEMA:
        raise _bad(file, f"its schema is not {SCHEMA}")
    return _checked(_automaton(found), file)


def _automaton(found: _Document) -> Automaton:
    a, c = found.abstraction, found.counted
    return Automaton(
        Abstraction(a.events, tuple(a.by), tuple(a.without)),
        found.tail,
        tuple(State(s.runs, s.ends) for s in found.states),
        tuple(_transition(t) for t in found.transitions),
        Counted(c.passing, c.accepted, c.failing, c.failing_accepted, c.inseparable),
    )


def _transition(found: _Transition) -> Transition:
    s = found.symbol
    symbol = Symbol(s.kind, s.name, s.outcome, tuple(s.shape.items()))
    return Transition(found.source, symbol, found.target, found.runs, found.times)


def _checked(made: Automaton, file: str) -> Automaton:
    places = range(len(made.states))
    if not made.states or any(t.source not in places or t.target not in places for t in made.transitions):
        raise _bad(file, "a transition leads from or to a state that is not there")
    if len({(t.source, t.symbol) for t in made.transitions}) < len(made.transitions):
        raise _bad(file, "two transitions lead from one state by one act")
    return made


def _bad(file: str, why: str) -> WfError:
    help_ = "make one with `wfcheck mine TRACE... --output-format json --output FILE`"
    return WfError(
        Diagnostic("WF717", f"`{file}` is no automaton", None, notes=(why,), help=help_, file=file)
    )
