"""The body of one workflow while it is being elaborated: its names, its node ids, its open block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.context import Context, Entity, Env
from wfcheck.dsl.elaboration.expression import constant, elaborate_condition, elaborate_expression, narrow
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import (
    ANY,
    ListType,
    MapType,
    OptionType,
    RecordType,
    RefinedType,
    Type,
)
from wfcheck.dsl.walk import locals_of

MAX_STATEMENTS = 20_000
"""Statements of one workflow after inlining; inlining can double at every level."""

MAX_NESTING = 80
"""Blocks inside blocks, a chain of `else if` counting as one block each; keeps every later walk off the stack limit."""


RESERVED = frozenset(".#~")
"""Signs that made-up names hold, and names of the source therefore cannot."""


@attrs.define
class Shared:
    """What a workflow shares with the workflows that are inlined in it."""

    statements: int = 0
    reported: bool = False
    depth: int = 0
    inlined: dict[str, int] = attrs.field(factory=dict)


@attrs.define
class Frame:
    """`ids` and `locals` are the prefixes of node ids and of local names (empty, but for inlined workflows).
    `variables` maps the names of the source to core variables; `often` holds those assigned more than once."""

    context: Context
    module: str
    ids: str
    locals: str
    chain: tuple[str, ...]
    principal: str | None
    result: Type | None
    often: frozenset[str]
    shared: Shared = attrs.field(factory=Shared)
    variables: dict[str, core.Expr] = attrs.field(factory=dict)
    places: dict[str, Span] = attrs.field(factory=dict)
    steps: dict[str, Span] = attrs.field(factory=dict)
    returned: list[Type] = attrs.field(factory=list)
    out: list[core.Statement] = attrs.field(factory=list)
    present: frozenset[core.Expr] = frozenset()
    _counter: int = 0

    # ------------------------------------------------------------ emitting

    def fresh(self) -> core.NodeId:
        """The next node id."""
        self._counter += 1
        return f"{self.ids}n{self._counter}"

    def emit(self, statement: core.Statement) -> None:
        """Adds a statement to the open block."""
        if self.room(1, statement.span):
            self.out.append(statement)

    def room(self, count: int, span: Span) -> bool:
        """Counts statements; reports, and says no, where they are too many."""
        self.shared.statements += count
        if self.shared.statements <= MAX_STATEMENTS:
            return True
        if not self.shared.reported:
            self.shared.reported = True
            self.context.report(
                "WF443",
                f"the workflow has more than {MAX_STATEMENTS} statements after inlining",
                span,
                help="call fewer workflows from inside each other",
            )
        return False

    @property
    def full(self) -> bool:
        """No more statements are taken."""
        return self.shared.statements > MAX_STATEMENTS

    @contextmanager
    def opened(self, span: Span) -> Iterator[list[core.Statement]]:
        """A nested block: what is emitted inside goes to the list."""
        before, self.out = self.out, []
        self.shared.depth += 1
        if self.shared.depth == MAX_NESTING + 1:
            self.context.report(
                "WF442",
                f"blocks are nested more than {MAX_NESTING} deep here",
                span,
                help="use `match`, or move inner blocks into a workflow of their own",
            )
        try:
            yield self.out
        finally:
            self.out = before
            self.shared.depth -= 1

    @property
    def too_deep(self) -> bool:
        """The limit of nesting is passed."""
        return self.shared.depth > MAX_NESTING

    # ------------------------------------------------------------ names

    def local(self, name: str) -> str:
        """The core name of a source variable."""
        return self.locals + name

    def bind(self, target: syntax.Ident, type_: Type) -> str:
        """Assigns a variable: a new one takes the type, a known one must agree with it (checked by the caller's
        expected type where there is an expression). Gives the core name."""
        name = target.text
        self.forget({name})
        known = self.variables.get(name)
        if set(name) & RESERVED:
            self.context.report(
                "WF427",
                f"a variable cannot be called `{name}`",
                target.span,
                notes=["`.`, `#` and `~` tell apart the variables of inlined workflows"],
                help="use another name",
            )
        if known is None:
            shown = unrefined(type_) if name in self.often else type_
            self.variables[name] = core.Variable(self.local(name), "local", shown, span=target.span)
            self.places[name] = target.span
        return self.local(name)

    def forget(self, names: Iterable[str]) -> None:
        """Drops what is known of variables that are assigned again."""
        changed = {self.local(name) for name in names}
        if self.present:
            self.present = frozenset(
                fact for fact in self.present if not any(name in changed for name, _ in locals_of(fact))
            )

    @contextmanager
    def knowing(self, condition: core.Expr | None, holds: bool) -> Iterator[None]:
        """An arm in which the condition is known to hold, or not to hold."""
        before = self.present
        if condition is not None:
            self.present = narrow(self.env(), condition, holds).present
        yield
        self.present = self.present & before

    def learn(self, condition: core.Expr, holds: bool, changed: frozenset[str]) -> None:
        """After a branch one arm of which leaves: what the condition says of variables that the other arm did not change."""
        found = narrow(self.env(), condition, holds).present - self.present
        self.present |= {fact for fact in found if not any(name in changed for name, _ in locals_of(fact))}

    def expected(self, target: syntax.Ident | None) -> Type | None:
        """The type that the variable already has."""
        known = None if target is None else self.variables.get(target.text)
        return None if known is None else known.type

    def temporary(self, name: str, identifier: str, type_: Type, span: Span) -> core.Variable:
        """A variable that the source does not name; `#` keeps it apart from all that it can."""
        return core.Variable(f"{self.locals}{name}#{identifier}", "local", type_, span=span)

    # ------------------------------------------------------------ expressions

    def env(self, what: str = "an expression", names: Mapping[str, core.Expr] | None = None) -> Env:
        """Where expressions of this body stand. Calls inside them become statements before."""
        from wfcheck.dsl.elaboration.call import Hoist

        known = self.variables if names is None else {**self.variables, **names}
        return Env(self.module, names=known, call=Hoist(self), what=what, present=self.present)

    def pure(self, what: str, names: Mapping[str, core.Expr] | None = None) -> Env:
        """The same place, where no step may be called."""
        return attrs.evolve(self.env(what, names), call=None)

    def expression(self, expression: syntax.Expr, expected: Type | None = None) -> core.Expr:
        return elaborate_expression(self.context, self.env(), expression, expected)

    def condition(self, expression: syntax.Expr) -> core.Expr:
        return elaborate_condition(self.context, self.env("a condition"), expression)

    def count(self, expression: syntax.Expr, what: str) -> int:
        """A constant whole number of at least 1, or 1 after a report."""
        known = constant(elaborate_expression(self.context, self.pure(what), expression, None))
        value = None if known is None else known.value
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        self.context.report(
            "WF423",
            f"{what} is a constant whole number of at least 1",
            expression.span,
            help="write a number",
        )
        return 1

    def contracts(
        self, contracts: tuple[syntax.Contract, ...], owner: str, kind: str, names: Mapping[str, core.Expr]
    ) -> tuple[core.Condition, ...]:
        """Named conditions; a nameless one is called after its owner, kind and position."""
        found: dict[str, core.Condition] = {}
        for index, contract in enumerate(contracts, 1):
            name = f"{owner}.{contract.name.text if contract.name else f'{kind}{index}'}"
            if name in found:
                self.context.report(
                    "WF405",
                    f"`{name}` is declared twice",
                    contract.span,
                    labels=[(found[name].span, "first declared here")],
                    help="give one of them another name",
                )
            env = self.pure(f"a condition of `{kind}`", names)
            condition = elaborate_condition(self.context, env, contract.condition)
            found[name] = core.Condition(name, condition, span=contract.span)
        return tuple(found.values())

    def step(self, name: syntax.Ident) -> str:
        """The name of an llm or agent step, which only one step of a workflow may bear."""
        first = self.steps.get(name.text)
        if first is not None:
            self.context.report(
                "WF404",
                f"another step of this workflow is called `{name.text}`",
                name.span,
                labels=[(first, "the first one is here")],
                help="give every llm and agent step a name of its own",
            )
        self.steps.setdefault(name.text, name.span)
        return name.text

    def person(self, name: syntax.Ident | None) -> str | None:
        """The principal of that name; None after a report, or when there is no name."""
        if name is None:
            return None
        entity = resolve_ref(self.context, self.module, name, frozenset({"principal"}), "a principal")
        return None if entity is None else entity.symbol


def resolve_ref(
    context: Context, module: str, name: syntax.Ident, kinds: frozenset[str], what: str
) -> Entity | None:
    """The entity of a reference; `org.x` is a name with the prefix of an import."""
    return context.resolve(module, reference(context, module, name), kinds, what)


def reference(context: Context, module: str, name: syntax.Ident) -> syntax.Expr | syntax.Ident:
    """The name as an expression: a dotted one is a member of an import, unless a declaration bears it with its dot."""
    prefix, dot, rest = name.text.partition(".")
    if not dot or context.names[module].find(name.text, frozenset({"principal"})) is not None:
        return name
    base = syntax.Name(prefix, span=name.span)
    return syntax.Member(base, syntax.Ident(rest, span=name.span), span=name.span)


def unrefined(type_: Type) -> Type:
    """The type without any refinement, at any level: what a variable keeps when it is assigned again."""
    match type_:
        case RefinedType(base=inner):
            return unrefined(inner)
        case ListType(item=item):
            return ListType(unrefined(item))
        case MapType(key=key, value=value):
            return MapType(unrefined(key), unrefined(value))
        case OptionType(base=inner):
            return OptionType(unrefined(inner))
        case RecordType(name=name, fields=fields):
            return RecordType(name, tuple((n, unrefined(t)) for n, t in fields))
        case _:
            return type_


def joined(types: list[Type]) -> Type:
    """The type of a value that has one of these types: theirs if they agree, else `any`."""
    if all(type_ == types[0] for type_ in types):
        return types[0]
    bare = {unrefined(type_) for type_ in types}
    return bare.pop() if len(bare) == 1 else ANY
