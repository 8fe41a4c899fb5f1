"""Surface syntax trees: frozen, located, exactly what was written. Spans never take part in equality,
so `parse(print(parse(text))) == parse(text)` compares what a file says and not where it says it."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

import attrs

from wfcheck.dsl.node import Node
from wfcheck.dsl.source import Span


def _span() -> Span:
    return attrs.field(eq=False, repr=False, kw_only=True)  # type: ignore[no-any-return]


@attrs.frozen(eq=False, repr=False)
class Ident(Node):
    """A name as written (without back-quotes)."""

    text: str
    span: Span = _span()


# ---------------------------------------------------------------- expressions


@attrs.frozen(eq=False, repr=False)
class BoolLit(Node):
    value: bool
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class IntLit(Node):
    value: int
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class DecimalLit(Node):
    value: Fraction
    text: str = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class DurationLit(Node):
    """`seconds` is exact; `text` keeps the unit."""

    seconds: Fraction
    text: str = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class DateLit(Node):
    """ISO text, `2024-05-15`."""

    text: str
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TimeLit(Node):
    """ISO text, `2024-05-15T15:00-05:00`, or a clock `12:00:05` in tests."""

    text: str
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TextLit(Node):
    value: str
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class RegexLit(Node):
    """The text between the slashes; only after `matches`."""

    pattern: str
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class NoneLit(Node):
    """`none`, the absent option."""

    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Name(Node):
    text: str
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Member(Node):
    """`base.name`"""

    base: Expr
    name: Ident
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Subscript(Node):
    """`base[index]`; `base[]` (any element, in paths only) has no index."""

    base: Expr
    index: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Argument(Node):
    """`value` or `name: value`."""

    name: Ident | None
    value: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Apply(Node):
    """`function(arguments)`: built-ins, tools, releases, defines, workflows, `known(v[k])`, `last(input)` ..."""

    function: Expr
    arguments: tuple[Argument, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Unary(Node):
    """operator: `-` or `not`."""

    operator: str
    operand: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Binary(Node):
    """operator: + - * / == != < <= > >= and or implies in startswith endswith contains like matches, `not in`."""

    operator: str
    left: Expr
    right: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class IfExpr(Node):
    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ListLit(Node):
    items: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class SetLit(Node):
    """`{a, b}`; `{}` is the empty set or map, as its type says."""

    items: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class FieldInit(Node):
    name: Ident
    value: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class RecordLit(Node):
    """`{name: value, "odd name": value}`"""

    fields: tuple[FieldInit, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Quantifier(Node):
    """`any x in xs: body`, `all a, b in zip(xs, ys): body`; kind: any, all, count, sum, min, max."""

    kind: str
    names: tuple[Ident, ...]
    source: Expr
    body: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Earlier(Node):
    """`any earlier EVENT: body`, heuristic layer and history."""

    event: Event
    body: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Via(Node):
    """`via d` inside a set."""

    name: Ident
    span: Span = _span()


Expr: TypeAlias = (
    BoolLit
    | IntLit
    | DecimalLit
    | DurationLit
    | DateLit
    | TimeLit
    | TextLit
    | RegexLit
    | NoneLit
    | Name
    | Member
    | Subscript
    | Apply
    | Unary
    | Binary
    | IfExpr
    | ListLit
    | SetLit
    | RecordLit
    | Quantifier
    | Earlier
    | Via
)


# ---------------------------------------------------------------- types


@attrs.frozen(eq=False, repr=False)
class TypeName(Node):
    """A scalar or a declared type."""

    name: Ident
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TypeList(Node):
    item: TypeExpr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TypeMap(Node):
    key: TypeExpr
    value: TypeExpr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TypeOption(Node):
    base: TypeExpr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class FieldType(Node):
    name: Ident
    type: TypeExpr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TypeRecord(Node):
    fields: tuple[FieldType, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TypeEnum(Node):
    members: tuple[Ident, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TypeRefined(Node):
    """`base where condition over it`"""

    base: TypeExpr
    condition: Expr
    span: Span = _span()


TypeExpr: TypeAlias = TypeName | TypeList | TypeMap | TypeOption | TypeRecord | TypeEnum | TypeRefined


# ---------------------------------------------------------------- events and patterns


@attrs.frozen(eq=False, repr=False)
class LiteralPattern(Node):
    """A literal, or an enum member / principal / set given by a plain lower-case name."""

    value: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ComparePattern(Node):
    """`> 1000`, `!= x`, `in {..}`, `like ".."`, `matches /../`, `startswith ".."` ..."""

    operator: str
    value: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class SamePattern(Node):
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ArgsPattern(Node):
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class BinderPattern(Node):
    """An upper-case name."""

    name: Ident
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class AnyPattern(Node):
    """`_`"""

    span: Span = _span()


Pattern: TypeAlias = LiteralPattern | ComparePattern | SamePattern | ArgsPattern | BinderPattern | AnyPattern


@attrs.frozen(eq=False, repr=False)
class EventArgument(Node):
    name: Ident | None
    pattern: Pattern
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class EventCall(Node):
    """`name(arguments) -> result by P`; a bare name has `arguments=None`. `name` may be dotted (`org.pay`)."""

    name: Expr
    arguments: tuple[EventArgument, ...] | None
    result: Pattern | None
    by: Ident | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class EventChoice(Node):
    """`{EVENT, ...} [by P]`"""

    events: tuple[Event, ...]
    by: Ident | None
    span: Span = _span()


Event: TypeAlias = EventCall | EventChoice


# ---------------------------------------------------------------- statements


@attrs.frozen(eq=False, repr=False)
class Block(Node):
    statements: tuple[Statement, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Contract(Node):
    """`[name:] condition` of requires / ensures / invariant."""

    name: Ident | None
    condition: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Assign(Node):
    """`x = e`: an expression, or a call of a tool, a release or a workflow."""

    target: Ident
    value: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class CallStatement(Node):
    """A call whose result is not kept."""

    call: Apply
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class LlmStatement(Node):
    """`[x =] llm name(ctx, ...) [-> T] [ensures [n:] c]...`"""

    target: Ident | None
    name: Ident
    context: tuple[Argument, ...]
    type: TypeExpr | None
    ensures: tuple[Contract, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class IfStatement(Node):
    """`arms` are (condition, block); `otherwise` is the last else."""

    arms: tuple[tuple[Expr, Block], ...]
    otherwise: Block | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class CasePattern(Node):
    """One alternative of a `case`: an enum member, a literal, `none`, `_`, or a binder (`case some x`
    is written `case x`: a lower-case name that is no member binds)."""

    value: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Case(Node):
    """`case p1, p2 { block }`"""

    patterns: tuple[CasePattern, ...]
    block: Block
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class MatchStatement(Node):
    subject: Expr
    cases: tuple[Case, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ForStatement(Node):
    item: Ident
    source: Expr
    maximum: Expr | None
    body: Block
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class RepeatStatement(Node):
    maximum: Expr | None
    condition: Expr
    invariants: tuple[Contract, ...]
    body: Block
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ParallelStatement(Node):
    branches: tuple[Block, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class MayItem(Node):
    """`tool [when cond]`, or the built-in acts `say`, `ask`, `send` ..."""

    name: Expr
    condition: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class AgentStatement(Node):
    target: Ident | None
    name: Ident
    context: tuple[Argument, ...]
    principal: Ident | None
    may: tuple[MayItem, ...]
    hides: tuple[Expr, ...]
    steps: Expr
    type: TypeExpr | None
    ensures: tuple[Contract, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Within(Node):
    """`within n steps` or `within duration`; `steps` is None for a duration."""

    steps: Expr | None
    duration: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ApproveStatement(Node):
    call: Apply | None
    principal: Ident
    shows: tuple[Expr, ...]
    within: Within | None
    otherwise: Block | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class RetryStatement(Node):
    attempts: Expr
    body: Block
    handler: Block | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class SayStatement(Node):
    value: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class AskStatement(Node):
    """`[x =] ask p e [-> T]`"""

    target: Ident | None
    principal: Ident
    value: Expr
    type: TypeExpr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class SendStatement(Node):
    values: tuple[Expr, ...]
    principal: Ident
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ReceiveStatement(Node):
    target: Ident | None
    principal: Ident | None
    type: TypeExpr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class RememberStatement(Node):
    """`remember e into s` or, for a partitioned store, `into s[key]`."""

    value: Expr
    store: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class RecallStatement(Node):
    """`x = recall s [where cond]`, `recall s[key]`."""

    target: Ident | None
    store: Expr
    condition: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class StopStatement(Node):
    reason: TextLit | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ReturnStatement(Node):
    value: Expr | None
    span: Span = _span()


Statement: TypeAlias = (
    Assign
    | CallStatement
    | LlmStatement
    | IfStatement
    | MatchStatement
    | ForStatement
    | RepeatStatement
    | ParallelStatement
    | AgentStatement
    | ApproveStatement
    | RetryStatement
    | SayStatement
    | AskStatement
    | SendStatement
    | ReceiveStatement
    | RememberStatement
    | RecallStatement
    | StopStatement
    | ReturnStatement
)


# ---------------------------------------------------------------- rules


@attrs.frozen(eq=False, repr=False)
class Annotation(Node):
    """`@name(value, ...)`"""

    name: Ident
    values: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class AllowRule(Node):
    principal: Ident
    calls: tuple[Event, ...]
    condition: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ForbidRule(Node):
    event: Event
    condition: Expr | None
    after: Event | None
    until: Event | None
    duration: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class FlowEnd(Node):
    """A side of a flow rule: a path (`get_contacts[].email`), a set, or an event with arguments."""

    value: Expr | Event
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class FlowRule(Node):
    source: FlowEnd
    target: FlowEnd
    influence: Expr | None
    via: tuple[Ident, ...]
    explicit: bool
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class SourceItem(Node):
    """One allowed source; gated by a condition or designated by another `from only`."""

    value: Expr
    gate: Expr | FromOnly | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class FromOnly(Node):
    """`path from only {sources}`"""

    value: Expr
    sources: tuple[SourceItem, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class FromOnlyRule(Node):
    claim: FromOnly
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class DecisionRule(Node):
    call: Event
    sources: tuple[SourceItem, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ForEach(Node):
    name: Ident
    source: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class BeforeRule(Node):
    evidence: Event
    since: Event | None
    judged: Event
    each: ForEach | None
    condition: Expr | None
    within: Within | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class AfterRule(Node):
    """`within` None means `before end`."""

    evidence: Event
    judged: Event
    each: ForEach | None
    condition: Expr | None
    within: Within | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class DistinctRule(Node):
    events: tuple[Event, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class LimitRule(Node):
    """kind: count, consecutive, bits (of an event), sum, distinct (of an expression over a call's arguments)."""

    kind: str
    subject: Event | Expr
    condition: Expr | None
    bound: Expr
    scopes: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class AlwaysRule(Node):
    condition: Expr
    event: Event | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class NoUnusedGrants(Node):
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class NoShadowedRules(Node):
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class NoVacuousRules(Node):
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class NoAgentHas(Node):
    events: tuple[Event, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class EffectiveAtMost(Node):
    lower: Ident
    upper: Ident
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class PolicyAtMost(Node):
    location: TextLit
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class DepthAtLeast(Node):
    """`depth(rule) >= n`; the operator is kept as written."""

    rule: Expr
    operator: str
    bound: Expr
    span: Span = _span()


Meta: TypeAlias = (
    NoUnusedGrants
    | NoShadowedRules
    | NoVacuousRules
    | NoAgentHas
    | EffectiveAtMost
    | PolicyAtMost
    | DepthAtLeast
)


@attrs.frozen(eq=False, repr=False)
class CheckRule(Node):
    meta: Meta
    span: Span = _span()


RuleBody: TypeAlias = (
    AllowRule
    | ForbidRule
    | FlowRule
    | FromOnlyRule
    | DecisionRule
    | BeforeRule
    | AfterRule
    | DistinctRule
    | LimitRule
    | AlwaysRule
    | CheckRule
)


@attrs.frozen(eq=False, repr=False)
class Rule(Node):
    """`[docs] [annotations] [name:] body [per session]`"""

    name: Ident | None
    body: RuleBody
    per_session: bool
    doc: str | None
    annotations: tuple[Annotation, ...]
    span: Span = _span()


# ---------------------------------------------------------------- declarations


@attrs.frozen(eq=False, repr=False)
class TagsDecl(Node):
    """`secrecy a, b` or `influence a, b`; kind: secrecy, influence."""

    kind: str
    names: tuple[Ident, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class GroupDecl(Node):
    """operator: `=`, `+=`, or None for an open group."""

    name: Ident
    operator: str | None
    members: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TypeDecl(Node):
    name: Ident
    type: TypeExpr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class PrincipalDecl(Node):
    """kind: human, agent, service. A clause that is not written is None."""

    name: Ident
    kind: Ident
    clears: tuple[Expr, ...] | None
    trusts: tuple[Expr, ...] | None
    acts_for: Ident | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ChannelDecl(Node):
    name: Ident
    clears: tuple[Expr, ...] | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class StoreDecl(Node):
    name: Ident
    type: TypeExpr
    partition: Ident | None
    holds: tuple[Expr, ...] | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Parameter(Node):
    """`name: T [from {sources}]`"""

    name: Ident
    type: TypeExpr
    sources: tuple[Expr, ...] | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class EffectClause(Node):
    effect: Ident
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ReadsClause(Node):
    stores: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class WritesClause(Node):
    stores: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class EmitsClause(Node):
    """`emits c [(args)] [when cond]`; `emits nothing` has `channel=None`; `arguments=None` means all."""

    channel: Expr | None
    arguments: tuple[Ident, ...] | None
    condition: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class PathTags(Node):
    """`path: {tags}`; `path` starts at the result: `items[].body`, `[].email`."""

    path: Path
    tags: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Path(Node):
    """Steps of a field path; `[]` stands for any element."""

    steps: tuple[str, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ReturnsClause(Node):
    """`returns {tags} [when c]` has `tags`; `returns { path: {tags}, ... } [when c]` has `paths`."""

    tags: tuple[Expr, ...] | None
    paths: tuple[PathTags, ...]
    condition: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class RequiresClause(Node):
    contract: Contract
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class EnsuresClause(Node):
    contract: Contract
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class IndependentClause(Node):
    """`independent of a, b`"""

    arguments: tuple[Ident, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class AcceptsClause(Node):
    argument: Ident
    tags: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class FreshClause(Node):
    """`fresh id, number`"""

    paths: tuple[Path, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class AliasClause(Node):
    names: tuple[TextLit, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class PureClause(Node):
    span: Span = _span()


Clause: TypeAlias = (
    EffectClause
    | ReadsClause
    | WritesClause
    | EmitsClause
    | ReturnsClause
    | RequiresClause
    | EnsuresClause
    | IndependentClause
    | AcceptsClause
    | FreshClause
    | AliasClause
    | PureClause
)


@attrs.frozen(eq=False, repr=False)
class ToolDecl(Node):
    """`tool t(args) [-> T] [{ clauses }]`"""

    name: Ident
    parameters: tuple[Parameter, ...]
    result: TypeExpr | None
    clauses: tuple[Clause, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class ReleaseDecl(Node):
    name: Ident
    parameters: tuple[Parameter, ...]
    result: TypeExpr
    removes: tuple[Expr, ...]
    by: Ident | None
    condition: Expr | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TrackUpdate(Node):
    """`on EVENT [for each x in xs] [when c]: [v[K] :=] expr`; `key` is set for `v[K] := expr`."""

    event: Event
    each: ForEach | None
    condition: Expr | None
    key: Expr | None
    value: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TrackDecl(Node):
    name: Ident
    type: TypeExpr
    initial: Expr
    updates: tuple[TrackUpdate, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TableDecl(Node):
    name: Ident
    fields: tuple[FieldType, ...]
    rows: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class DefineDecl(Node):
    name: Ident
    parameters: tuple[Ident, ...]
    body: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class AssumeDecl(Node):
    name: Ident
    condition: Expr
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class WorkflowDecl(Node):
    name: Ident
    parameters: tuple[Parameter, ...]
    principal: Ident | None
    guarded: bool
    once_per_session: bool
    result: TypeExpr | None
    requires: tuple[Contract, ...]
    ensures: tuple[Contract, ...]
    body: Block
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class PolicyDecl(Node):
    name: Ident
    workflows: tuple[Expr, ...]
    rules: tuple[Rule, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TestLine(Node):
    """`verb` is one of input, call, fail, approve, deny, message, say, session, run, end.
    `subject`: the principal of `input`, the call of call/fail/approve/deny, the (from, to) pair of a message."""

    verb: str
    call: Apply | None
    principal: Ident | None
    to: Ident | None
    value: Expr | None
    at: TimeLit | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Expectation(Node):
    """`kind`: ok, violated, insufficient, blocked, blame, reachable, unreachable.
    `name` is the rule, assumption or workflow; `index` the event; `events` for (un)reachable."""

    kind: str
    name: Expr | None
    index: IntLit | None
    events: tuple[Event, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class TestDecl(Node):
    title: TextLit
    lines: tuple[TestLine, ...]
    expectations: tuple[Expectation, ...]
    span: Span = _span()


Declaration: TypeAlias = (
    TagsDecl
    | GroupDecl
    | TypeDecl
    | PrincipalDecl
    | ChannelDecl
    | StoreDecl
    | ToolDecl
    | ReleaseDecl
    | TrackDecl
    | TableDecl
    | DefineDecl
    | AssumeDecl
    | WorkflowDecl
    | PolicyDecl
    | TestDecl
)


@attrs.frozen(eq=False, repr=False)
class ImportedName(Node):
    name: Ident
    alias: Ident | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class LibraryImport(Node):
    """`import std.mail`, `import std.mail (read_inbox, send_email as mail)`; `names=None` brings in all."""

    path: tuple[str, ...]
    names: tuple[ImportedName, ...] | None
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class FileImport(Node):
    """`import "org/policy.wf" as org` (or, as for libraries, with a list of names)"""

    path: TextLit
    alias: Ident | None
    names: tuple[ImportedName, ...] | None
    span: Span = _span()


Import: TypeAlias = LibraryImport | FileImport


@attrs.frozen(eq=False, repr=False)
class Item(Node):
    """A declaration with its documentation and annotations."""

    declaration: Declaration
    doc: str | None
    annotations: tuple[Annotation, ...]
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Comment(Node):
    """`text` includes the `#`; `own_line` tells a comment on a line of its own from a trailing one."""

    text: str
    own_line: bool
    span: Span = _span()


@attrs.frozen(eq=False, repr=False)
class Module(Node):
    """One parsed file. `comments` are all comments in order, outside of tree equality."""

    path: str
    doc: str | None
    imports: tuple[Import, ...]
    items: tuple[Item, ...]
    comments: tuple[Comment, ...] = attrs.field(eq=False, repr=False)
    span: Span = _span()
