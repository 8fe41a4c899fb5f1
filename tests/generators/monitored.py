"""Sequences of events twice: as symbolic events with constant arguments, and as the records of the run that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from wfcheck.checker.product.lists import element_of
from wfcheck.checker.product.monitors.compile import monitor_for
from wfcheck.checker.product.monitors.monitor import SymbolicMonitor
from wfcheck.checker.symbolic.constants import lift
from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.checker.symbolic.value import Leaf, Option, Sequence, SymbolicValue
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core, types
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.walk import statements
from wfcheck.solver import build as b
from wfcheck.solver.backend import solve
from wfcheck.solver.term import Symbol, Term
from wfcheck.solver.transition import substitute
from wfcheck.solver.verdict import Sat

AUTHORS = ("helper", "alice", "bob")

DECLARATIONS = """
principal alice is human
principal bob is human
principal helper is agent
secrecy pii
channel bank
store memo: text holds {}
type Size = enum { small, large, huge }
tool pay(to: text, amount: int) -> text { effect irreversible emits bank returns {} }
tool check(to: text, limit: int?) -> text { effect read emits nothing returns {pii} when to == "a" }
tool note(names: list<text>) -> int { effect write emits nothing returns {} writes memo }
release shrink(x: text) -> Size removes {pii} by alice
release show(x: text) -> text removes {pii} by bob
table limits: {k: text, most: int} = [ {k: "a", most: 1}, {k: "b", most: 2} ]
"""

WORKFLOW = """
workflow w(request: text from {user}) as helper once per session {
  pay(to: request, amount: 1)
  check(to: request)
  note(names: [request])
  approve pay(to: request, amount: 1) by alice
  approve pay(to: request, amount: 1) by bob within 2 steps
  approve check(to: request) by alice within 5m
  say request
  y = llm think(request)
  size = shrink(request)
  shown = show(request)
}
"""


@attrs.frozen
class Happening:
    """Something that happens. `outcome` of a call: its result, or None where it fails."""

    kind: str
    name: str = ""
    actor: str = "helper"
    arguments: Mapping[str, Any] = attrs.field(factory=dict)
    outcome: Any = None
    within: int | None = None


def program_of(rule: str, *, tracks: str = "", header: str = "", body: str = WORKFLOW) -> core.Program:
    """The declarations above with one rule, `p.r`."""
    text = f"{DECLARATIONS}\n{tracks}\n{body}\npolicy p {header} {{\n{rule}\n}}\n"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "case.wf"
        path.write_text(text, encoding="utf-8")
        program, diagnostics = elaborate.load([path], library=lambda _: None)
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    assert not errors, "\n".join(f"{d.code} {d.message} {d.span}" for d in errors)
    return program


def records(
    happenings: Iterable[Happening], *, run: str = "r", session: str = "s", start: int = 0
) -> list[list[Event]]:
    """What is recorded of each."""
    found: list[list[Event]] = []
    count = start
    for at in happenings:
        made = [
            Event(trace="t", session=session, run=run, id=f"e{count + i}", seq=count + i, **fields)
            for i, fields in enumerate(_fields(at, f"{run}.{count}"))
        ]
        count += len(made)
        found.append(made)
    return found


def _fields(at: Happening, call: str) -> Iterator[dict[str, Any]]:
    given = dict(at.arguments)
    match at.kind:
        case "call":
            yield {"kind": "call", "tool": at.name, "actor": at.actor, "call": call, "args_executed": given}
            base = {"tool": at.name, "actor": at.actor, "call": call}
            yield (
                {"kind": "fail", **base}
                if at.outcome is None
                else {"kind": "result", **base, "result": at.outcome}
            )
        case "approve" | "deny":
            yield {
                "kind": at.kind, "tool": at.name, "actor": at.actor, "args_requested": given, "valid_steps": at.within
            }  # fmt: skip
        case "say" | "input":
            yield {"kind": at.kind, "actor": at.actor, "text": given["text"], "labels": []}
        case "release":
            yield {"kind": "release", "step": at.name, "actor": at.actor, "args_requested": given}
        case _:
            yield {"kind": at.kind, "actor": at.actor, "step": at.name or None}


def symbolic(program: core.Program, happenings: Iterable[Happening]) -> list[SymbolicEvent]:
    """The same as symbolic events."""
    return [_event(program, i, at) for i, at in enumerate(happenings)]


def _event(program: core.Program, index: int, at: Happening) -> SymbolicEvent:
    tool = program.tools.get(at.name)
    release = program.releases.get(at.name)
    parameters = tool.parameters if tool else release.parameters if release else ()
    shapes = {p.name: p.type for p in parameters}
    arguments: dict[str, SymbolicValue] = {
        name: lift(_value(at.arguments.get(name)), type_) for name, type_ in shapes.items()
    }
    if "text" in at.arguments:
        arguments["text"] = lift(at.arguments["text"], types.TEXT)
    result = None if tool is None or at.outcome is None else lift(at.outcome, tool.result)
    approval = _approval(program, at) if at.kind == "approve" else None
    span = program.workflows["w"].span if approval is None else approval.span
    return SymbolicEvent(
        index, at.kind, "" if at.kind == "input" else "n", 0, index, at.name or None, None if tool is None else at.name,  # type: ignore[arg-type]
        at.name or at.actor, arguments, b.TRUE, b.boolean(at.kind != "call" or at.outcome is not None), {}, result,
        (at.actor,), True, (), span,
    )  # fmt: skip


def _value(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given


def _approval(program: core.Program, at: Happening) -> core.Approve:
    """The statement that gives an approval with this bound."""
    known = (s for s in statements(program.workflows["w"].body) if isinstance(s, core.Approve))
    return next(s for s in known if s.within_steps == at.within and s.within_time is None)


def bad(
    program: core.Program, happenings: Iterable[Happening], monitor: SymbolicMonitor, *, vague: bool = False
) -> list[Term]:
    """By number of the happening: when the monitor says bad. `vague`: it sees symbols instead of constants, whose values are put in
    afterwards."""
    state = tuple(cell.initial for cell in monitor.cells)
    values: dict[Symbol, Term] = {}
    found: list[Term] = []
    for event in symbolic(program, happenings):
        broken: Term = b.FALSE
        if monitor.relevant(event):
            state, broken = monitor.step(blurred(event, values) if vague else event, state)
        found.append(substitute(broken, values))
    return found


def possible(*formulas: Term) -> bool:
    """Whether one of them is true for some values of the rigid symbols, and of what is not known."""
    some = b.or_(*formulas)
    return some is b.TRUE or (some is not b.FALSE and isinstance(solve(some), Sat))


def blurred(event: SymbolicEvent, values: dict[Symbol, Term]) -> SymbolicEvent:
    """The event with a symbol for every scalar, and for whether it happens and returns; their values go to `values`."""

    def blur(term: Term) -> Term:
        symbol = b.symbol(f"event.{len(values)}", term.sort)
        assert isinstance(symbol, Symbol)
        values[symbol] = term
        return symbol

    guard = blur(event.guard)
    return attrs.evolve(
        event,
        guard=guard,
        returned=b.and_(guard, blur(event.returned)),
        arguments={name: _blurred(value, blur) for name, value in event.arguments.items()},
        result=None if event.result is None else _blurred(event.result, blur),
    )


def _blurred(value: SymbolicValue, blur: Callable[[Term], Term]) -> SymbolicValue:
    match value:
        case Leaf(term=term):
            return Leaf(blur(term))
        case Option(present=present, value=inner):
            return Option(blur(present), _blurred(inner, blur))
        case Sequence(length=length, items=items):
            return Sequence(blur(length), tuple(_blurred(item, blur) for item in items))
        case _:
            return value


def monitored(program: core.Program, rule: core.Rule, *, indexed: bool = False) -> SymbolicMonitor:
    """The monitor of a rule over the one workflow. `indexed`: it may ask for the elements of a list by their index."""
    made = monitor_for(rule, program, program.workflows["w"], element=element_of if indexed else None)
    assert not isinstance(made, str), made
    return made


OTHERS = [
    Happening("say", "", "helper", {"text": "a"}),
    Happening("say", "", "helper", {"text": "b"}),
    Happening("input", "", "user", {"text": "a"}),
    Happening("llm", "think"),
    Happening("release", "shrink", "alice", {"x": "a"}),
    Happening("release", "show", "bob", {"x": "a"}),
]
KINDS: list[str | Happening] = [
    "pay",
    "pay",
    "pay",
    "check",
    "check",
    "note",
    "approve",
    "approve",
    "deny",
    *OTHERS,
]


def happenings(rng: Random, most: int, rule: str) -> list[Happening]:
    """Some things that happen: mostly what the rule speaks of, a few of them several times, and mostly about the same."""
    usual = {"to": rng.choice("ab"), "amount": rng.randint(0, 3)}
    spoken = [kind for kind in KINDS if _name(kind) in rule]
    kinds = spoken if spoken and rng.random() < 0.8 else KINDS
    few = [_happening(rng, usual, kinds) for _ in range(rng.randint(2, 4))]
    found = [rng.choice(few) for _ in range(rng.randint(1, most))]
    return [*found, *([Happening("end")] if rng.random() < 0.5 else [])]


def _name(kind: str | Happening) -> str:
    return kind if isinstance(kind, str) else "turn" if kind.kind == "llm" else kind.kind


def _happening(rng: Random, usual: dict[str, Any], kinds: list[str | Happening]) -> Happening:
    kind = rng.choice(kinds)
    if isinstance(kind, Happening):
        return kind
    about = dict(usual)
    if rng.random() < 0.25:
        about = {"to": rng.choice("ab"), "amount": rng.randint(0, 3)}
    who, outcome = rng.choice(["helper", "alice"]), rng.choice(["ok", "ok", "no", "a", None])
    match kind:
        case "pay":
            return Happening("call", "pay", who, about, outcome)
        case "check":
            return Happening("call", "check", who, {"to": about["to"], "limit": None}, outcome)
        case "note":
            names = rng.choice([[], [about["to"]], ["a", "b"], ["b", "b"]])
            return Happening("call", "note", who, {"names": names}, None if outcome is None else 1)
        case "approve":
            by, within = rng.choice([("alice", None), ("bob", 2)])
            return Happening("approve", "pay", by, about, None, within)
        case _:
            return Happening("deny", "pay", "bob", about)
