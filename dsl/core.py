"""The core: what is left of a program after names are resolved, types are checked and sugar is gone.

Labels, symbolic execution, the reference interpreter and the monitors see only this. A *symbol* is the unique name of a
declaration within one program: its plain name, or `name@file` where two files declare the same name. Tags, tools, stores,
channels, principals, releases, registers, tables and workflows are all referred to by symbol.

Values (of literals, runs and traces) are plain Python: bool, int, Fraction (decimal), str (text, enum members, addresses, urls,
paths), datetime.date, datetime.datetime (time), datetime.timedelta (duration), tuple (list), dict (record, map), None (absent).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import Enum
from fractions import Fraction
from typing import Literal as OneOf
from typing import TypeAlias

import attrs

from wfcheck.dsl.node import Node
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import Type

Value: TypeAlias = (
    "bool | int | Fraction | str | date | timedelta | tuple[Value, ...] | dict[str, Value] | None"
)


def _span() -> Span:
    return attrs.field(eq=False, repr=False, kw_only=True)  # type: ignore[no-any-return]


# ---------------------------------------------------------------- expressions

VariableKind = OneOf["local", "argument", "result", "binder", "register", "now", "it", "bound"]
# local: a variable of the workflow. argument: of the judged (or declared) call, `result`: its result. binder: an
# upper-case name of an event pattern. register: a tracked register. it: the value of a refined type, or the recalled
# element in `recall s where`. bound: bound by a quantifier, a `for each`, or an inlined definition.


@attrs.frozen(eq=False, repr=False)
class Literal(Node):
    """A constant (also a set, as a tuple, when the type is a SetType; a regular expression, as its text)."""

    value: Value
    type: Type = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Variable(Node):
    name: str
    kind: VariableKind
    type: Type = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Field(Node):
    """`base.name`; a missing field is an error value."""

    base: Expr
    name: str
    type: Type = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Index(Node):
    """`base[index]` of a list (0-based), a map or a register; out of range is an error value."""

    base: Expr
    index: Expr
    type: Type = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Apply(Node):
    """An operator or built-in function of `operators.OPERATORS`, strict in its arguments unless the table says otherwise."""

    op: str
    args: tuple[Expr, ...]
    type: Type = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class MakeRecord(Node):
    fields: tuple[tuple[str, Expr], ...]
    type: Type = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class MakeList(Node):
    """A list or (when the type is a SetType) a set."""

    items: tuple[Expr, ...]
    type: Type = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Quantified(Node):
    """kind: any, all, count, sum, min, max. One binder per list; several lists are walked in step (zip, to the shortest)."""

    kind: OneOf["any", "all", "count", "sum", "min", "max"]
    binders: tuple[str, ...]
    sources: tuple[Expr, ...]
    body: Expr
    type: Type = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Lookup(Node):
    """`t[k]`: the row of a table whose first field equals the key; none is an error value."""

    table: str
    key: Expr
    type: Type = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Known(Node):
    """`known(v[K])`: the register has an entry at the key."""

    register: str
    key: Expr | None
    type: Type = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class LastEvent(Node):
    """`last(input)`, `last(say)`, `last(t)`: a record (`text`, `time`, arguments, `result`); unknown when there is none."""

    event: EventPattern
    type: Type = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class EarlierEvent(Node):
    """`any earlier EVENT: body`; in the body the arguments of that event by name, `text`, `result` (kind "bound")."""

    event: EventPattern
    body: Expr
    type: Type = attrs.field(eq=False)
    span: Span = _span()


Expr: TypeAlias = (
    Literal
    | Variable
    | Field
    | Index
    | Apply
    | MakeRecord
    | MakeList
    | Quantified
    | Lookup
    | Known
    | LastEvent
    | EarlierEvent
)

FieldPath: TypeAlias = tuple[str, ...]
"""Steps below a value; `[]` is any element of a list or any value of a map."""


# ---------------------------------------------------------------- declarations


@attrs.frozen(eq=False, repr=False)
class Tag(Node):
    """kind: secrecy, influence, principal (influence of who made a value), tool (`tool(t)`), residue (`via d`), builtin
    (`user`, `model`). Symbols: the declared symbol; `user`, `model`; the principal's symbol; `tool(t)`; `via d`; `via approve`."""

    symbol: str
    kind: OneOf["secrecy", "influence", "principal", "tool", "residue", "builtin"]
    span: Span | None = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen(eq=False, repr=False)
class Group(Node):
    """`open` groups without any member make the rules that use them not applicable; one of releases that are excepted is none."""

    symbol: str
    kind: OneOf["tag", "tool", "channel", "principal", "store", "release", "empty"]
    members: frozenset[str]
    open: bool
    span: Span | None = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen(eq=False, repr=False)
class Principal(Node):
    symbol: str
    kind: OneOf["human", "agent", "service"]
    clears: (
        frozenset[str] | None
    )  # secrecy tags; None: nothing was declared, so nothing is promised and `sight` has nothing to check
    trusts: frozenset[str]  # influence tags (always holds the principal itself)
    acts_for: str | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Channel(Node):
    """`clears` None: external. `implied`: made up for a tool without `emits` (its symbol is the tool's)."""

    symbol: str
    clears: frozenset[str] | None
    implied: bool
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Store(Node):
    """`holds`: tags it starts with (every tag when not declared)."""

    symbol: str
    type: Type
    partition: str | None
    holds: frozenset[str]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Condition(Node):
    """A named contract: `name` is what verdicts list (`refund.paid`, or a made-up `refund.requires1`)."""

    name: str
    condition: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Param(Node):
    """`optional`: its type is an option and a call may leave it out. `sources`: tags of `from {..}`; None: worst case, every tag."""

    name: str
    type: Type
    optional: bool
    sources: frozenset[str] | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Emission(Node):
    """`channel` receives `arguments` (None: all) when `condition` (over arguments) holds; None: always."""

    channel: str
    arguments: frozenset[str] | None
    condition: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ReturnTags(Node):
    """The value at `path` below the result carries `tags` when `condition` (over arguments and result) holds."""

    path: FieldPath
    tags: frozenset[str]
    condition: Expr | None
    span: Span = _span()


class Effect(Enum):
    READ = "read"
    WRITE = "write"
    IRREVERSIBLE = "irreversible"


@attrs.frozen(eq=False, repr=False)
class Tool(Node):
    """All silences are resolved to the worst case; the `declared_*` flags remember where the author was silent."""

    symbol: str
    parameters: tuple[Param, ...]
    result: Type
    effect: Effect
    reads: frozenset[str]
    writes: frozenset[str]
    emits: tuple[Emission, ...]
    returns: tuple[ReturnTags, ...]
    requires: tuple[Condition, ...]
    ensures: tuple[Condition, ...]
    independent: frozenset[str]
    accepts: tuple[tuple[str, frozenset[str]], ...]
    fresh: tuple[FieldPath, ...]
    aliases: tuple[str, ...]
    pure: bool
    declared_effect: bool
    declared_emits: bool
    declared_returns: bool
    span: Span = _span()

    def parameter(self, name: str) -> Param | None:
        """The parameter of that name, or None."""
        return next((p for p in self.parameters if p.name == name), None)


@attrs.frozen(eq=False, repr=False)
class Release(Node):
    """`by` None: a sanitiser. `condition` is over the parameters (kind "argument"). `bits`: None when infinite."""

    symbol: str
    parameters: tuple[Param, ...]
    result: Type
    removes: frozenset[str]
    by: str | None
    condition: Expr | None
    bits: float | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class RegisterUpdate(Node):
    event: EventPattern
    binder: str | None  # of `for each`
    source: Expr | None
    condition: Expr | None
    key: Expr | None
    value: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Register(Node):
    symbol: str
    type: Type
    initial: Expr
    updates: tuple[RegisterUpdate, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Table(Node):
    symbol: str
    type: Type  # of a row
    key: str
    rows: tuple[dict[str, Value], ...] = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Assumption(Node):
    name: str
    condition: Expr
    span: Span = _span()


# ---------------------------------------------------------------- statements

NodeId: TypeAlias = str
"""Unique within one (inlined) workflow body and stable: `n3`, and `n3/n1` inside an inlined workflow."""


@attrs.frozen(eq=False, repr=False)
class Let(Node):
    id: NodeId
    target: str
    value: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Call(Node):
    """A tool call; `arguments` by parameter name in declaration order, optional ones possibly left out."""

    id: NodeId
    step: str
    target: str | None
    tool: str
    arguments: tuple[tuple[str, Expr], ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Llm(Node):
    id: NodeId
    step: str
    target: str | None
    context: tuple[Expr, ...]
    type: Type
    ensures: tuple[Condition, ...]  # over `result` and locals
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class If(Node):
    """Surface `if`/`else if` chains and `match` become nests of this. `match` remembers the subject's source form."""

    id: NodeId
    condition: Expr
    then: Block
    otherwise: Block
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class For(Node):
    id: NodeId
    item: str
    source: Expr
    maximum: int | None
    body: Block
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class While(Node):
    id: NodeId
    condition: Expr
    maximum: int | None
    invariants: tuple[Condition, ...]
    body: Block
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Parallel(Node):
    id: NodeId
    branches: tuple[Block, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class May(Node):
    """An act an agent may choose: a tool (symbol), or `say`, `ask`, `send` with `tool` None. `condition` over its arguments."""

    act: OneOf["tool", "say", "ask", "send", "remember", "recall"]
    tool: str | None
    condition: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Agent(Node):
    id: NodeId
    step: str
    target: str | None
    context: tuple[Expr, ...]
    principal: str | None  # `as p`: a delegation
    may: tuple[May, ...]
    hides: frozenset[str]
    maximum: int
    type: Type
    ensures: tuple[Condition, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Approve(Node):
    """`tool`/`arguments` None and () when no call is bound. `otherwise` None: a refusal stops the run."""

    id: NodeId
    tool: str | None
    arguments: tuple[tuple[str, Expr], ...]
    principal: str
    shows: tuple[Expr, ...]
    within_steps: int | None
    within_time: timedelta | None
    otherwise: Block | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ReleaseCall(Node):
    id: NodeId
    step: str
    target: str | None
    release: str
    arguments: tuple[tuple[str, Expr], ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Scope(Node):
    """An inlined workflow: `parameters` are bound, `body` runs, `return` inside ends only it and binds `target`.
    Locals of the callee are renamed apart (`callee.x` style names), so that one environment serves."""

    id: NodeId
    step: str
    target: str | None
    workflow: str
    principal: str | None
    parameters: tuple[tuple[str, Expr], ...]  # renamed local -> argument
    sources: tuple[tuple[str, frozenset[str] | None], ...]  # the `from {..}` of each renamed parameter
    body: Block
    type: Type
    requires: tuple[Condition, ...] = ()  # over the renamed parameters: the caller's obligation
    ensures: tuple[Condition, ...] = ()  # over the renamed parameters and `result`
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Retry(Node):
    id: NodeId
    attempts: int
    body: Block
    handler: Block | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Say(Node):
    id: NodeId
    value: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Ask(Node):
    """Says `value` to the principal and binds the answer (events `ask`, then `input`)."""

    id: NodeId
    step: str
    target: str | None
    principal: str
    value: Expr
    type: Type
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Send(Node):
    id: NodeId
    values: tuple[Expr, ...]
    principal: str
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Receive(Node):
    id: NodeId
    step: str
    target: str | None
    principal: str | None
    type: Type
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Remember(Node):
    id: NodeId
    value: Expr
    store: str
    key: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Recall(Node):
    id: NodeId
    step: str
    target: str | None
    store: str
    key: Expr | None
    condition: Expr | None  # over `it` (an element of the store)
    type: Type
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Stop(Node):
    id: NodeId
    reason: str | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Return(Node):
    id: NodeId
    value: Expr | None
    span: Span = _span()


Statement: TypeAlias = (
    Let
    | Call
    | Llm
    | If
    | For
    | While
    | Parallel
    | Agent
    | Approve
    | ReleaseCall
    | Scope
    | Retry
    | Say
    | Ask
    | Send
    | Receive
    | Remember
    | Recall
    | Stop
    | Return
)
Block: TypeAlias = tuple[Statement, ...]


@attrs.frozen(eq=False, repr=False)
class Workflow(Node):
    """`principal`: who acts; None: the built-in `user`. `file`: where it was declared."""

    symbol: str
    file: str
    parameters: tuple[Param, ...]
    principal: str | None
    guarded: bool
    once_per_session: bool
    result: Type
    requires: tuple[Condition, ...]
    ensures: tuple[Condition, ...]
    body: Block
    span: Span = _span()


# ---------------------------------------------------------------- events and rules

EventKind = OneOf[
    "call", "fail", "approve", "deny", "input", "say", "ask", "llm", "message", "release", "step", "reset", "end",
    "read", "emit", "write", "remember", "recall",
]  # fmt: skip


@attrs.frozen(eq=False, repr=False)
class Compare(Node):
    """The argument compares with a constant expression (binders allowed): ==, !=, <, <=, >, >=, in, like, matches, startswith,
    endswith, contains."""

    op: str
    value: Expr


@attrs.frozen(eq=False, repr=False)
class Same(Node):
    """Equal to the other event's argument of the same name."""


@attrs.frozen(eq=False, repr=False)
class SameCall(Node):
    """`args`: the evidence names the judged call's tool and all its arguments, by name."""


@attrs.frozen(eq=False, repr=False)
class Bind(Node):
    """An upper-case binder: binds at its first occurrence, must agree at the others."""

    name: str


ArgumentTest: TypeAlias = Compare | Same | SameCall | Bind
"""`_` leaves no test."""


@attrs.frozen(eq=False, repr=False)
class EventPattern(Node):
    """Any of `choices`."""

    choices: tuple[EventChoice, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class EventChoice(Node):
    """One kind of event. Groups, `call(effect: ..)` and sets are expanded away.

    `subjects`, by kind: tools of call, fail, deny and (when the pattern names a call) approve; stores of write, remember, recall;
    channels of emit; tags of read; release symbols; step names; sender principals of input and message (`from`). Empty: any.
    `to`: receivers of a message. `by`: the acting principal. `tests` by argument name (`shows` of an approve carries SameCall).
    `result`: a test of the call's result. `unresolved_effect`: the tools had no declared effect, so they were taken as irreversible."""

    kind: EventKind
    subjects: frozenset[str]
    tests: tuple[tuple[str, ArgumentTest], ...] = ()
    result: ArgumentTest | None = None
    by: str | None = None
    to: frozenset[str] = frozenset()
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TagEnd(Node):
    """Values that carry any of the tags (for a residue: `via d`)."""

    tags: frozenset[str]


@attrs.frozen(eq=False, repr=False)
class ResultEnd(Node):
    """The result of a tool, or the part of it at `path`."""

    tool: str
    path: FieldPath


@attrs.frozen(eq=False, repr=False)
class ArgumentEnd(Node):
    """An argument of a tool (as a source: whatever was passed; as a sink: what reaches it)."""

    tool: str
    argument: str
    path: FieldPath


@attrs.frozen(eq=False, repr=False)
class CallEnd(Node):
    """A tool, or an event pattern over calls: any argument, or the decision to call."""

    event: EventPattern


@attrs.frozen(eq=False, repr=False)
class ParameterEnd(Node):
    workflow: str | None  # None: of every workflow in scope that has it
    parameter: str
    path: FieldPath


@attrs.frozen(eq=False, repr=False)
class StoreEnd(Node):
    store: str


@attrs.frozen(eq=False, repr=False)
class ChannelEnd(Node):
    channels: frozenset[str]


@attrs.frozen(eq=False, repr=False)
class AgentEnd(Node):
    """A step: what an llm or agent of that name makes (source) or is shown (sink)."""

    step: str


@attrs.frozen(eq=False, repr=False)
class PrincipalEnd(Node):
    """A principal as sink: what is said, asked, sent or shown to it."""

    principal: str


@attrs.frozen(eq=False, repr=False)
class LiteralEnd(Node):
    """Constants of the workflow text, and table rows (`from only {table}`): provenance only."""

    table: str


FlowEnd: TypeAlias = (
    TagEnd
    | ResultEnd
    | ArgumentEnd
    | CallEnd
    | ParameterEnd
    | StoreEnd
    | ChannelEnd
    | AgentEnd
    | PrincipalEnd
    | LiteralEnd
)


@attrs.frozen(eq=False, repr=False)
class AllowedSource(Node):
    """One source of `from only`. At most one gate: `when` (a condition over `input.text` ... and registers) or `designated`."""

    end: FlowEnd
    via: frozenset[str]  # release symbols through which the value may have come
    when: Expr | None
    designated: FromOnly | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class FromOnly(Node):
    """`target` from only `sources`; the target is an ArgumentEnd, or a ResultEnd inside a designation."""

    target: ArgumentEnd | ResultEnd
    sources: tuple[AllowedSource, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Grant(Node):
    event: EventPattern
    condition: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Allow(Node):
    """All `allow` lines of one principal of one policy."""

    principal: str
    grants: tuple[Grant, ...]


@attrs.frozen(eq=False, repr=False)
class Forbid(Node):
    event: EventPattern
    condition: Expr | None
    after: EventPattern | None
    until: EventPattern | None
    duration: timedelta | None


@attrs.frozen(eq=False, repr=False)
class Flow(Node):
    """`except_via`: release symbols and `approve`. `influence` None: no `when influence meets`."""

    sources: tuple[FlowEnd, ...]
    sinks: tuple[FlowEnd, ...]
    influence: frozenset[str] | None
    except_via: frozenset[str]
    explicit: bool


@attrs.frozen(eq=False, repr=False)
class Decision(Node):
    """`require decision of CALL from only SET`."""

    event: EventPattern
    sources: tuple[AllowedSource, ...]


@attrs.frozen(eq=False, repr=False)
class Before(Node):
    """Evidence must have happened before the judged event (since the last `since`), for each binder value if `each`."""

    evidence: EventPattern
    since: EventPattern | None
    judged: EventPattern
    binder: str | None
    source: Expr | None
    condition: Expr | None
    within_steps: int | None
    within_time: timedelta | None


@attrs.frozen(eq=False, repr=False)
class After(Node):
    """Evidence must follow the judged event, within a bound or (both None) before the end."""

    evidence: EventPattern
    judged: EventPattern
    binder: str | None
    source: Expr | None
    condition: Expr | None
    within_steps: int | None
    within_time: timedelta | None


@attrs.frozen(eq=False, repr=False)
class Distinct(Node):
    events: tuple[EventPattern, ...]


@attrs.frozen(eq=False, repr=False)
class ScopeKey(Node):
    """One `per`: run, session, turn, a window, or an expression over the judged call's arguments."""

    kind: OneOf["run", "session", "turn", "window", "key"]
    window: timedelta | None
    key: Expr | None


LimitKind = OneOf["count", "consecutive", "bits", "sum", "distinct"]


@attrs.frozen(eq=False, repr=False)
class Limit(Node):
    kind: LimitKind
    event: EventPattern
    value: Expr | None  # of sum and distinct, over the call's arguments and result
    condition: Expr | None
    bound: Fraction
    scopes: tuple[ScopeKey, ...]


@attrs.frozen(eq=False, repr=False)
class Always(Node):
    condition: Expr
    event: EventPattern | None


@attrs.frozen(eq=False, repr=False)
class Meta(Node):
    """`check META`. `kind`: unused_grants, shadowed_rules, vacuous_rules, no_agent_has, effective_at_most, policy_at_most,
    depth. The other fields belong to the kinds that need them."""

    kind: str
    events: tuple[EventPattern, ...] = ()
    names: tuple[str, ...] = ()
    bound: int | None = None


RuleBody: TypeAlias = (
    Allow | Forbid | Flow | FromOnly | Decision | Before | After | Distinct | Limit | Always | Meta
)


@attrs.frozen(eq=False, repr=False)
class Rule(Node):
    """`name` is `policy.rule` (`policy.allow(p)` for grants). `annotations`: severity, risk, failure, harm, cite.
    `not_applicable`: why (an open group it uses is still empty), else None. `heuristic`: it reads the text layer."""

    name: str
    body: RuleBody
    per_session: bool
    workflows: tuple[str, ...]  # workflows in scope
    doc: str | None
    annotations: Mapping[str, tuple[Value, ...]] = attrs.field(eq=False)
    not_applicable: str | None
    heuristic: bool
    file: str
    span: Span = _span()

    @property
    def severity(self) -> str:
        """low, medium, high or critical; `medium` when not written."""
        values = self.annotations.get("severity", ("medium",))
        return str(values[0])


# ---------------------------------------------------------------- tests and programs


@attrs.frozen(eq=False, repr=False)
class TestEvent(Node):
    """A line of a `test` block, resolved. `arguments` and `value` are constants. `at` is kept as written."""

    verb: str
    tool: str | None
    arguments: tuple[tuple[str, Value], ...]
    principal: str | None
    to: str | None
    value: Value
    at: str | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Expectation(Node):
    kind: str
    rule: str | None  # rule, assumption or workflow
    index: int | None
    events: tuple[EventPattern, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Test(Node):
    title: str
    events: tuple[TestEvent, ...]
    expectations: tuple[Expectation, ...]
    file: str
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Program(Node):
    """Everything that was declared in a set of files and their imports. Mappings are keyed by symbol and ordered by declaration.

    `roots`: the files that were asked for; results are reported for workflows declared in any file of the program that a
    root names, each once. `influence`/`secrecy` list all tags of that side (influence includes principals, tools and builtins;
    a residue counts on the side(s) of what its release removes)."""

    roots: tuple[str, ...]
    files: tuple[str, ...]
    tags: Mapping[str, Tag]
    groups: Mapping[str, Group]
    principals: Mapping[str, Principal]
    channels: Mapping[str, Channel]
    stores: Mapping[str, Store]
    tools: Mapping[str, Tool]
    releases: Mapping[str, Release]
    registers: Mapping[str, Register]
    tables: Mapping[str, Table]
    assumptions: tuple[Assumption, ...]
    workflows: Mapping[str, Workflow]
    rules: tuple[Rule, ...]
    tests: tuple[Test, ...]
