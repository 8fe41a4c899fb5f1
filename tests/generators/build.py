"""Short constructors of core trees for tests: `from generators import build as b`. Spans count lines of a made-up file."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import count
from typing import Any

import attrs

from wfcheck.dsl import core, types
from wfcheck.dsl.source import Span

FILE = "made.wf"
SPAN = Span(FILE, 0, 0, 1, 1, 1, 1)
TEXT, INT, BOOL, DECIMAL, ANY = types.TEXT, types.INT, types.BOOL, types.DECIMAL, types.ANY


def span(line: int) -> Span:
    """A span on a line."""
    return Span(FILE, 0, 0, line, 1, line, 2)


# ---------------------------------------------------------------- expressions


def type_of(value: core.Value) -> types.Type:
    """The plain type of a constant."""
    match value:
        case bool():
            return BOOL
        case int():
            return INT
        case Fraction():
            return DECIMAL
        case tuple():
            return types.ListType(type_of(value[0]) if value else ANY)
        case dict():
            return types.RecordType(None, tuple((k, type_of(v)) for k, v in value.items()))
        case str():
            return TEXT
        case _:
            return ANY


def lit(value: core.Value) -> core.Literal:
    """A constant."""
    return core.Literal(value, type_of(value), span=SPAN)


def expr(value: Any) -> core.Expr:
    """An expression as it is; a text `$x` is the local x; anything else a constant."""
    if isinstance(value, str) and value.startswith("$"):
        return path(value[1:])
    if value is None or isinstance(value, bool | int | str | Fraction | tuple | dict):
        return lit(value)
    return value  # type: ignore[no-any-return]


def path(text: str) -> core.Expr:
    """`x.f.g` over a local x."""
    name, *fields = text.split(".")
    made: core.Expr = core.Variable(name, "local", ANY, span=SPAN)
    for field in fields:
        made = core.Field(made, field, ANY, span=SPAN)
    return made


def var(name: str, kind: core.VariableKind = "local", type_: types.Type = ANY) -> core.Variable:
    """A variable."""
    return core.Variable(name, kind, type_, span=SPAN)


def arg(name: str) -> core.Variable:
    """An argument, in clauses and rules."""
    return var(name, "argument")


def op(name: str, *args: Any, type_: types.Type = BOOL) -> core.Apply:
    """An operator."""
    return core.Apply(name, tuple(expr(a) for a in args), type_, span=SPAN)


# ---------------------------------------------------------------- statements


class Maker:
    """Makes the statements of one workflow; ids and lines count up."""

    def __init__(self) -> None:
        self._ids = count(1)

    def _new(self) -> tuple[str, Span]:
        number = next(self._ids)
        return f"n{number}", span(number)

    def let(self, target: str, value: Any) -> core.Let:
        """target = value"""
        id_, where = self._new()
        return core.Let(id_, target, expr(value), span=where)

    def call(self, tool: str, target: str | None = None, **arguments: Any) -> core.Call:
        """target = tool(arguments)"""
        id_, where = self._new()
        given = tuple((name, expr(value)) for name, value in arguments.items())
        return core.Call(id_, target or tool, target, tool, given, span=where)

    def llm(self, target: str, *context: Any, type_: types.Type = TEXT, step: str | None = None) -> core.Llm:
        """target = llm target(context) -> type"""
        id_, where = self._new()
        return core.Llm(id_, step or target, target, tuple(map(expr, context)), type_, (), span=where)

    def if_(self, condition: Any, then: list[Any], otherwise: list[Any] | None = None) -> core.If:
        """if condition { then } else { otherwise }"""
        id_, where = self._new()
        return core.If(id_, expr(condition), tuple(then), tuple(otherwise or ()), span=where)

    def for_(self, item: str, source: Any, body: list[Any], maximum: int | None = None) -> core.For:
        """for item in source { body }"""
        id_, where = self._new()
        return core.For(id_, item, expr(source), maximum, tuple(body), span=where)

    def while_(self, condition: Any, body: list[Any], maximum: int | None = None) -> core.While:
        """repeat while condition { body }"""
        id_, where = self._new()
        return core.While(id_, expr(condition), maximum, (), tuple(body), span=where)

    def parallel(self, *branches: list[Any]) -> core.Parallel:
        """parallel { branch .. }"""
        id_, where = self._new()
        return core.Parallel(id_, tuple(tuple(branch) for branch in branches), span=where)

    def may(self, act: str, condition: core.Expr | None = None) -> core.May:
        """An act: say, ask, send, or a tool's name."""
        if act in ("say", "ask", "send"):
            return core.May(act, None, condition, span=SPAN)  # type: ignore[arg-type]
        return core.May("tool", act, condition, span=SPAN)

    def agent(
        self,
        step: str,
        may: list[Any],
        *context: Any,
        target: str | None = None,
        principal: str | None = None,
        hides: set[str] | None = None,
        maximum: int = 3,
        type_: types.Type = TEXT,
    ) -> core.Agent:
        """target = agent step(context) as principal may { .. } hides { .. } max n steps -> type"""
        id_, where = self._new()
        acts = tuple(self.may(m) if isinstance(m, str) else m for m in may)
        return core.Agent(
            id_,
            step,
            target,
            tuple(map(expr, context)),
            principal,
            acts,
            frozenset(hides or ()),
            maximum,
            type_,
            (),
            span=where,
        )

    def approve(
        self,
        principal: str,
        tool: str | None = None,
        *shows: Any,
        otherwise: list[Any] | None = None,
        within_steps: int | None = None,
        **arguments: Any,
    ) -> core.Approve:
        """approve tool(arguments) by principal shows .. else { otherwise }"""
        id_, where = self._new()
        given = tuple((name, expr(value)) for name, value in arguments.items())
        block = None if otherwise is None else tuple(otherwise)
        shown = tuple(map(expr, shows))
        return core.Approve(id_, tool, given, principal, shown, within_steps, None, block, span=where)

    def release(self, name: str, target: str, **arguments: Any) -> core.ReleaseCall:
        """target = name(arguments)"""
        id_, where = self._new()
        given = tuple((n, expr(value)) for n, value in arguments.items())
        return core.ReleaseCall(id_, target, target, name, given, span=where)

    def scope(
        self,
        workflow: str,
        target: str | None,
        body: list[Any],
        principal: str | None = None,
        **parameters: Any,
    ) -> core.Scope:
        """target = workflow(parameters), inlined"""
        id_, where = self._new()
        given = tuple((name, expr(value)) for name, value in parameters.items())
        sources = tuple((name, None) for name in parameters)
        return core.Scope(
            id_, target or workflow, target, workflow, principal, given, sources, tuple(body), ANY, span=where
        )

    def retry(self, attempts: int, body: list[Any], handler: list[Any] | None = None) -> core.Retry:
        """retry n { body } on error { handler }"""
        id_, where = self._new()
        return core.Retry(id_, attempts, tuple(body), None if handler is None else tuple(handler), span=where)

    def say(self, value: Any) -> core.Say:
        """say value"""
        id_, where = self._new()
        return core.Say(id_, expr(value), span=where)

    def ask(self, target: str, value: Any, principal: str = "user", type_: types.Type = TEXT) -> core.Ask:
        """target = ask principal value -> type"""
        id_, where = self._new()
        return core.Ask(id_, target, target, principal, expr(value), type_, span=where)

    def send(self, principal: str, *values: Any) -> core.Send:
        """send values to principal"""
        id_, where = self._new()
        return core.Send(id_, tuple(map(expr, values)), principal, span=where)

    def receive(self, target: str, principal: str | None = None, type_: types.Type = TEXT) -> core.Receive:
        """target = receive from principal -> type"""
        id_, where = self._new()
        return core.Receive(id_, target, target, principal, type_, span=where)

    def remember(self, store: str, value: Any, key: Any = None) -> core.Remember:
        """remember value into store[key]"""
        id_, where = self._new()
        return core.Remember(id_, expr(value), store, None if key is None else expr(key), span=where)

    def recall(
        self,
        target: str,
        store: str,
        key: Any = None,
        where: core.Expr | None = None,
        type_: types.Type = ANY,
    ) -> core.Recall:
        """target = recall store[key] where condition"""
        id_, place = self._new()
        at = None if key is None else expr(key)
        return core.Recall(id_, target, target, store, at, where, type_, span=place)

    def stop(self, reason: str | None = None) -> core.Stop:
        """stop reason"""
        id_, where = self._new()
        return core.Stop(id_, reason, span=where)

    def return_(self, value: Any = None) -> core.Return:
        """return value"""
        id_, where = self._new()
        return core.Return(id_, None if value is None else expr(value), span=where)


# ---------------------------------------------------------------- declarations


def param(name: str, type_: types.Type = TEXT, sources: set[str] | None = None) -> core.Param:
    """A parameter; `sources` None is every tag."""
    optional = isinstance(type_, types.OptionType)
    return core.Param(name, type_, optional, None if sources is None else frozenset(sources), span=SPAN)


def tool(
    name: str,
    parameters: Mapping[str, types.Type] | None = None,
    result: types.Type = TEXT,
    *,
    effect: core.Effect = core.Effect.READ,
    returns: Mapping[tuple[str, ...], set[str]] | set[str] = frozenset(),  # type: ignore[assignment]
    emits: str | None = None,
    **more: Any,
) -> core.Tool:
    """A tool whose clauses are all declared: it returns no tags and emits nothing unless said."""
    tags = returns if isinstance(returns, Mapping) else {(): set(returns)}
    made = core.Tool(
        symbol=name,
        parameters=tuple(param(n, t) for n, t in (parameters or {}).items()),
        result=result,
        effect=effect,
        reads=frozenset(),
        writes=frozenset(),
        emits=() if emits is None else (core.Emission(emits, None, None, span=SPAN),),
        returns=tuple(core.ReturnTags(p, frozenset(t), None, span=SPAN) for p, t in tags.items() if t),
        requires=(),
        ensures=(),
        independent=frozenset(),
        accepts=(),
        fresh=(),
        aliases=(),
        pure=False,
        declared_effect=True,
        declared_emits=True,
        declared_returns=True,
        span=SPAN,
    )
    return attrs.evolve(made, **more)


def release(
    name: str,
    removes: set[str],
    by: str | None = None,
    type_: types.Type = BOOL,
    condition: core.Expr | None = None,
) -> core.Release:
    """release name(x: any) -> type removes .. by .."""
    bits = types.cardinality(type_)
    return core.Release(
        name,
        (param("x", ANY),),
        type_,
        frozenset(removes),
        by,
        condition,
        None if bits is None else float(bits.bit_length() - 1),
        span=SPAN,
    )


def principal(
    name: str,
    kind: str = "human",
    clears: set[str] | None = None,
    trusts: set[str] | None = None,
    acts_for: str | None = None,
) -> core.Principal:
    """A principal; it trusts itself."""
    return core.Principal(
        name,
        kind,  # type: ignore[arg-type]
        None if clears is None else frozenset(clears),
        frozenset(trusts or ()) | {name},
        acts_for,
        span=SPAN,
    )


def store(
    name: str, type_: types.Type, holds: set[str] | None = None, partition: str | None = None
) -> core.Store:
    """A store; without `holds` it starts with no tags."""
    return core.Store(name, type_, partition, frozenset(holds or ()), span=SPAN)


def channel(name: str, clears: set[str] | None = None) -> core.Channel:
    """A channel; without `clears` it is external."""
    return core.Channel(name, None if clears is None else frozenset(clears), False, span=SPAN)


def workflow(
    name: str,
    body: list[Any],
    parameters: tuple[core.Param, ...] = (),
    principal: str | None = None,
    result: types.Type = ANY,
) -> core.Workflow:
    """A workflow."""
    return core.Workflow(
        name, FILE, parameters, principal, False, False, result, (), (), tuple(body), span=SPAN
    )


def program(
    *,
    tools: tuple[core.Tool, ...] = (),
    workflows: tuple[core.Workflow, ...] = (),
    secrecy: tuple[str, ...] = ("pii",),
    influence: tuple[str, ...] = ("email",),
    principals: tuple[core.Principal, ...] = (),
    channels: tuple[core.Channel, ...] = (),
    stores: tuple[core.Store, ...] = (),
    releases: tuple[core.Release, ...] = (),
    registers: tuple[core.Register, ...] = (),
    tables: tuple[core.Table, ...] = (),
    rules: tuple[core.Rule, ...] = (),
) -> core.Program:
    """A program with all built-in tags."""
    tags = [
        *(core.Tag(t, "secrecy") for t in secrecy),
        *(core.Tag(t, "influence") for t in influence),
        core.Tag("user", "builtin"),
        core.Tag("model", "builtin"),
        *(core.Tag(p.symbol, "principal") for p in principals if p.symbol != "user"),
        *(core.Tag(f"tool({t.symbol})", "tool") for t in tools),
        *(core.Tag(f"via {r.symbol}", "residue") for r in releases),
        core.Tag("via approve", "residue"),
    ]
    known = {c.symbol for c in channels}
    implied = [channel(e.channel) for t in tools for e in t.emits if e.channel not in known]
    return core.Program(
        roots=(FILE,),
        files=(FILE,),
        tags={t.symbol: t for t in tags},
        groups={},
        principals={p.symbol: p for p in (principal("user", trusts={"user"}), *principals)},
        channels={c.symbol: c for c in (*channels, *implied)},
        stores={s.symbol: s for s in stores},
        tools={t.symbol: t for t in tools},
        releases={r.symbol: r for r in releases},
        registers={r.symbol: r for r in registers},
        tables={t.symbol: t for t in tables},
        assumptions=(),
        workflows={w.symbol: w for w in workflows},
        rules=rules,
        tests=(),
    )


# ---------------------------------------------------------------- rules


def compare(operator: str, value: Any) -> core.Compare:
    """An argument test."""
    return core.Compare(operator, expr(value))


def event(
    kind: str, *subjects: str, by: str | None = None, to: tuple[str, ...] = (), **tests: Any
) -> core.EventPattern:
    """One choice; `tests` by argument name, a constant stands for `==`."""
    made = tuple((name, test if _is_test(test) else compare("==", test)) for name, test in tests.items())
    choice = core.EventChoice(
        kind,  # type: ignore[arg-type]
        frozenset(subjects),
        made,
        None,
        by,
        frozenset(to),
        span=SPAN,
    )
    return core.EventPattern((choice,), span=SPAN)


def _is_test(test: Any) -> bool:
    return isinstance(test, core.Compare | core.Same | core.SameCall | core.Bind)


def rule(body: core.RuleBody, name: str = "p.r", per_session: bool = False) -> core.Rule:
    """A rule for every workflow."""
    return core.Rule(name, body, per_session, (), None, {}, None, False, FILE, span=SPAN)
