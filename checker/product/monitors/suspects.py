"""The judged event as a rigid one: any fixed arguments, to which evidence is compared when it happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import attrs

from wfcheck.checker.encoding.encode import Environment, encode
from wfcheck.checker.encoding.encoded import stripped
from wfcheck.checker.product.monitors.form import Setting
from wfcheck.checker.product.monitors.matching import Bound
from wfcheck.checker.product.monitors.moments import Moment, MomentKind, supposed
from wfcheck.checker.product.monitors.shapes import one_of, pinned, symbols_of
from wfcheck.checker.product.monitors.slots import Holding
from wfcheck.checker.rules.symbolic_match import Truth, both
from wfcheck.checker.symbolic.types import item_type
from wfcheck.checker.symbolic.value import SymbolicValue
from wfcheck.dsl import core, types
from wfcheck.dsl.walk import subexpressions
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term

_ABOUT_CALLS = frozenset({"call", "fail", "emit", "write", "read"})
_UNCALLED: Mapping[str, tuple[MomentKind, ...]] = MappingProxyType(
    {
        "write": ("remember",),
        "read": ("input", "recall"),
        "step": ("step", "llm", "ask", "recall", "release"),
    }
)


@attrs.frozen
class Row:
    """The rigid element of `for each`; `place`: its index, in a list whose elements are not known one by one. `there`: that the rigid
    list, of which the value is then a part, has such a place; None: the value is a rigid one of its own."""

    binder: str
    source: core.Expr
    value: SymbolicValue
    symbols: tuple[Symbol, ...]
    place: Symbol
    there: Term | None = None

    @property
    def bound(self) -> Bound:
        """As patterns and conditions name it."""
        return {("binder", self.binder): self.value, ("bound", self.binder): self.value}


@attrs.frozen
class Suspect:
    """A judged event. `like`: the rigid event that it equals (None: nothing is compared with it). `binders`: what the pattern binds of
    it. `pattern`: the judged pattern, as far as this suspect goes."""

    setting: Setting
    pattern: core.EventPattern
    like: Moment | None = None
    binders: Bound = attrs.field(factory=dict)
    rigid: tuple[Symbol, ...] = ()
    row: Row | None = None

    def matches(
        self, moment: Moment, condition: core.Expr | None, before: Holding, *, evidence: bool = False
    ) -> Truth:
        """It is this event: the pattern matches, its `when` does not hold it back, its arguments (and element) are the rigid ones."""
        matching = self.setting.matching
        parts = []
        for match in matching.matches(self.pattern, moment, evidence=evidence):
            env = matching.environment(moment, match.binders)
            holds = self.setting.registers.holds(condition, moment, env, before)
            pins = b.and_(
                self.setting.registers.pins(condition, env, before),
                self.same(moment),
                self._listed(env, before),
            )
            truth = both(match.truth, holds)
            parts.append(Truth(b.and_(truth.sure, pins), b.and_(truth.maybe, pins)))
        return Truth(b.or_(*(p.sure for p in parts)), b.or_(*(p.maybe for p in parts)))

    def same(self, moment: Moment) -> Term:
        """Its arguments are the rigid ones."""
        if self.like is None:
            return b.TRUE
        if moment.event.tool != self.like.event.tool or moment.kind != self.like.kind:
            return b.FALSE
        real = self.setting.matching.arguments(moment)
        rigid = self.like.event.arguments.items()
        pairs = [(value, real["argument", name]) for name, value in rigid if ("argument", name) in real]
        return b.and_(*(pinned(mine, theirs) for mine, theirs in pairs), self._same_result(moment))

    def _same_result(self, moment: Moment) -> Term:
        mine, theirs = None if self.like is None else self.like.event.result, moment.event.result
        if mine is None or theirs is None:
            return b.TRUE
        return b.or_(b.not_(moment.event.returned), pinned(mine, theirs))

    def _listed(self, env: Environment, before: Holding) -> Term:
        """The rigid element is one of the list, as far as is known."""
        if self.row is None:
            return b.TRUE
        registers = self.setting.registers
        found = registers.value(self.row.source, env, before)
        whole = stripped(found)
        member = one_of(self.row.value, whole.value)
        if self.row.there is not None:
            member = b.and_(self.row.there, b.TRUE if member is None else member)
        elif member is None and self.setting.element is not None:
            item, there = self.setting.element(whole.value, self.row.place, item_type(self.row.source.type))
            member = b.and_(there, pinned(self.row.value, item))
        pins = registers.pins(self.row.source, env, before)
        return b.and_(pins, b.or_(b.not_(whole.defined), b.TRUE if member is None else member))


def suspects(
    setting: Setting,
    pattern: core.EventPattern,
    compared: bool,
    *,
    evidence: bool = False,
    binder: str | None = None,
    source: core.Expr | None = None,
) -> Iterator[Suspect]:
    """All that may be judged. `compared`: other events are compared with it, so that its arguments matter; then one for each
    choice of the pattern and each tool. `evidence`: a call is judged when it has returned."""
    setting.registers.prepare(source)
    if not compared:
        yield Suspect(setting, pattern)
        return
    for number, choice in enumerate(pattern.choices):
        for kind, tool in _records(setting, choice, evidence):
            like, rigid = _like(setting, choice, kind, tool, f"{number}.{tool or kind}")
            single = attrs.evolve(pattern, choices=(choice,))
            if tool is None or setting.matching.concerns(single, like, evidence=evidence):
                binders = setting.matching.binders(choice, like)
                row = _row(setting, binder, source, like)
                if row is not None:
                    binders, rigid = {**binders, **row.bound}, (*rigid, *row.symbols, row.place)
                yield Suspect(setting, single, like, binders, rigid, row)


def _row(setting: Setting, binder: str | None, source: core.Expr | None, like: Moment) -> Row | None:
    if binder is None or source is None:
        return None
    type_ = item_type(source.type)
    place = setting.symbol(f"each {binder} place", Sort.INT)
    parts = subexpressions(source)
    own = all(part.kind == "argument" for part in parts if isinstance(part, core.Variable))
    if setting.element is not None and own:
        whole = stripped(encode(source, setting.matching.arguments(like), setting.notes))
        value, there = setting.element(whole.value, place, type_)
        return Row(binder, source, value, (), place, b.and_(whole.defined, there))
    value, symbols = symbols_of(type_, f"{setting.prefix}each {binder}")
    return Row(binder, source, value, symbols, place)


def _records(
    setting: Setting, choice: core.EventChoice, evidence: bool
) -> Iterator[tuple[MomentKind, str | None]]:
    """The kinds of records, and the tools that anything in scope calls, that a choice may be about."""
    tools = setting.anywhere.tools
    called: MomentKind = "result" if evidence and choice.kind != "fail" else "call"
    match choice.kind:
        case "call" | "fail" | "approve" | "deny":
            kind = called if choice.kind == "call" else choice.kind
            for tool in (t for t in tools if not choice.subjects or t in choice.subjects):
                yield kind, tool
            if choice.kind in ("approve", "deny") and not choice.subjects:
                yield kind, None
        case "emit" | "write" | "read":
            for tool in tools:
                yield called, tool
            for kind in _UNCALLED.get(choice.kind, ()):
                yield kind, None
        case "step":
            for kind in _UNCALLED["step"]:
                yield kind, None
            for tool in tools:
                yield "result", tool
        case _:
            yield choice.kind, None


def _like(
    setting: Setting, choice: core.EventChoice, kind: MomentKind, tool: str | None, name: str
) -> tuple[Moment, tuple[Symbol, ...]]:
    """The rigid event."""
    declared = setting.program.tools.get(tool or "")
    shapes: dict[str, types.Type] = {p.name: p.type for p in declared.parameters} if declared else {}
    if declared is None:
        shapes = {n: types.TEXT if n == "text" else types.ANY for n, _ in choice.tests}
    arguments: dict[str, SymbolicValue] = {}
    rigid: list[Symbol] = []
    for argument, type_ in shapes.items():
        arguments[argument], symbols = symbols_of(type_, f"{setting.prefix}{name}.{argument}")
        rigid += symbols
    as_kind = "call" if kind == "result" else kind
    result = None
    if declared is not None and isinstance(choice.result, core.Bind):
        result, symbols = symbols_of(declared.result, f"{setting.prefix}{name}.result")
        rigid += symbols
    like = supposed(as_kind, tool, arguments, result, choice.by or "", choice.span)
    return attrs.evolve(like, kind=kind), tuple(rigid)


# ---------------------------------------------------------------- what is compared


def compares(judged: core.EventPattern, *others: core.EventPattern | None) -> bool:
    """Whether a match of the others depends on which event is judged."""
    names = {t.name for c in judged.choices for t in _tests(c) if isinstance(t, core.Bind)}
    calls = any(c.kind in _ABOUT_CALLS for c in judged.choices)
    known = [c for pattern in others if pattern is not None for c in pattern.choices]
    if calls and any(c.kind == "approve" for c in known):
        return True
    if any(isinstance(t, core.Same | core.SameCall) for c in (*judged.choices, *known) for t in _tests(c)):
        return True
    return any(_names(t) & names for c in known for t in _tests(c))


def _tests(choice: core.EventChoice) -> list[core.ArgumentTest]:
    return [*(test for _, test in choice.tests), *(() if choice.result is None else (choice.result,))]


def _names(test: core.ArgumentTest) -> set[str]:
    match test:
        case core.Bind(name=name):
            return {name}
        case core.Compare(value=value):
            return {e.name for e in subexpressions(value) if isinstance(e, core.Variable)}
        case _:
            return set()
