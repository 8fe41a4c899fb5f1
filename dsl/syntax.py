"""Surface syntax trees: frozen, located, exactly what was written. Spans never take part in equality,
so `parse(print(parse(text))) == parse(text)` compares what a file says and not where it says it."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

import attrs

from wfcheck.dsl.source import Span


def _span() -> Span:
    return attrs.field(eq=False, repr=False, kw_only=True)  # type: ignore[no-any-return]


@attrs.frozen
class Ident:
    """A name as written (without back-quotes)."""

    text: str
    span: Span = _span()


# ---------------------------------------------------------------- expressions


@attrs.frozen
class BoolLit:
    value: bool
    span: Span = _span()


@attrs.frozen
class IntLit:
    value: int
    span: Span = _span()


@attrs.frozen
class DecimalLit:
    value: Fraction
    text: str = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen
class DurationLit:
    """`seconds` is exact; `text` keeps the unit."""

    seconds: Fraction
    text: str = attrs.field(eq=False)
    span: Span = _span()


@attrs.frozen
class DateLit:
    """ISO text, `2024-05-15`."""

    text: str
    span: Span = _span()


@attrs.frozen
class TimeLit:
    """ISO text, `2024-05-15T15:00-05:00`, or a clock `12:00:05` in tests."""

    text: str
    span: Span = _span()


@attrs.frozen
class TextLit:
    value: str
    span: Span = _span()


@attrs.frozen
class RegexLit:
    """The text between the slashes; only after `matches`."""

    pattern: str
    span: Span = _span()


@attrs.frozen
class NoneLit:
    """`none`, the absent option."""

    span: Span = _span()


@attrs.frozen
class Name:
    text: str
    span: Span = _span()


@attrs.frozen
class Member:
    """`base.name`"""

    base: Expr
    name: Ident
    span: Span = _span()


@attrs.frozen
class Subscript:
    """`base[index]`; `base[]` (any element, in paths only) has no index."""

    base: Expr
    index: Expr | None
    span: Span = _span()


@attrs.frozen
class Argument:
    """`value` or `name: value`."""

    name: Ident | None
    value: Expr
    span: Span = _span()


@attrs.frozen
class Apply:
    """`function(arguments)`: built-ins, tools, releases, defines, workflows, `known(v[k])`, `last(input)` ..."""

    function: Expr
    arguments: tuple[Argument, ...]
    span: Span = _span()


@attrs.frozen
class Unary:
    """operator: `-` or `not`."""

    operator: str
    operand: Expr
    span: Span = _span()


@attrs.frozen
class Binary:
    """operator: + - * / == != < <= > >= and or implies in startswith endswith contains like matches, `not in`."""

    operator: str
    left: Expr
    right: Expr
    span: Span = _span()


@attrs.frozen
class IfExpr:
    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span = _span()


@attrs.frozen
class ListLit:
    items: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen
class SetLit:
    """`{a, b}`; `{}` is the empty set or map, as its type says."""

    items: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen
class FieldInit:
    name: Ident
    value: Expr
    span: Span = _span()


@attrs.frozen
class RecordLit:
    """`{name: value, "odd name": value}`"""

    fields: tuple[FieldInit, ...]
    span: Span = _span()


@attrs.frozen
class Quantifier:
    """`any x in xs: body`, `all a, b in zip(xs, ys): body`; kind: any, all, count, sum, min, max."""

    kind: str
    names: tuple[Ident, ...]
    source: Expr
    body: Expr
    span: Span = _span()


@attrs.frozen
class Earlier:
    """`any earlier EVENT: body`, heuristic layer and history."""

    event: Event
    body: Expr
    span: Span = _span()


@attrs.frozen
class Via:
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


@attrs.frozen
class TypeName:
    """A scalar or a declared type."""

    name: Ident
    span: Span = _span()


@attrs.frozen
class TypeList:
    item: TypeExpr
    span: Span = _span()


@attrs.frozen
class TypeMap:
    key: TypeExpr
    value: TypeExpr
    span: Span = _span()


@attrs.frozen
class TypeOption:
    base: TypeExpr
    span: Span = _span()


@attrs.frozen
class FieldType:
    name: Ident
    type: TypeExpr
    span: Span = _span()


@attrs.frozen
class TypeRecord:
    fields: tuple[FieldType, ...]
    span: Span = _span()


@attrs.frozen
class TypeEnum:
    members: tuple[Ident, ...]
    span: Span = _span()


@attrs.frozen
class TypeRefined:
    """`base where condition over it`"""

    base: TypeExpr
    condition: Expr
    span: Span = _span()


TypeExpr: TypeAlias = TypeName | TypeList | TypeMap | TypeOption | TypeRecord | TypeEnum | TypeRefined


# ---------------------------------------------------------------- events and patterns


@attrs.frozen
class LiteralPattern:
    """A literal, or an enum member / principal / set given by a plain lower-case name."""

    value: Expr
    span: Span = _span()


@attrs.frozen
class ComparePattern:
    """`> 1000`, `!= x`, `in {..}`, `like ".."`, `matches /../`, `startswith ".."` ..."""

    operator: str
    value: Expr
    span: Span = _span()


@attrs.frozen
class SamePattern:
    span: Span = _span()


@attrs.frozen
class ArgsPattern:
    span: Span = _span()


@attrs.frozen
class BinderPattern:
    """An upper-case name."""

    name: Ident
    span: Span = _span()


@attrs.frozen
class AnyPattern:
    """`_`"""

    span: Span = _span()


Pattern: TypeAlias = LiteralPattern | ComparePattern | SamePattern | ArgsPattern | BinderPattern | AnyPattern


@attrs.frozen
class EventArgument:
    name: Ident | None
    pattern: Pattern
    span: Span = _span()


@attrs.frozen
class EventCall:
    """`name(arguments) -> result by P`; a bare name has `arguments=None`. `name` may be dotted (`org.pay`)."""

    name: Expr
    arguments: tuple[EventArgument, ...] | None
    result: Pattern | None
    by: Ident | None
    span: Span = _span()


@attrs.frozen
class EventChoice:
    """`{EVENT, ...} [by P]`"""

    events: tuple[Event, ...]
    by: Ident | None
    span: Span = _span()


Event: TypeAlias = EventCall | EventChoice


# ---------------------------------------------------------------- statements


@attrs.frozen
class Block:
    statements: tuple[Statement, ...]
    span: Span = _span()


@attrs.frozen
class Contract:
    """`[name:] condition` of requires / ensures / invariant."""

    name: Ident | None
    condition: Expr
    span: Span = _span()


@attrs.frozen
class Assign:
    """`x = e`: an expression, or a call of a tool, a release or a workflow."""

    target: Ident
    value: Expr
    span: Span = _span()


@attrs.frozen
class CallStatement:
    """A call whose result is not kept."""

    call: Apply
    span: Span = _span()


@attrs.frozen
class LlmStatement:
    """`[x =] llm name(ctx, ...) [-> T] [ensures [n:] c]...`"""

    target: Ident | None
    name: Ident
    context: tuple[Argument, ...]
    type: TypeExpr | None
    ensures: tuple[Contract, ...]
    span: Span = _span()


@attrs.frozen
class IfStatement:
    """`arms` are (condition, block); `otherwise` is the last else."""

    arms: tuple[tuple[Expr, Block], ...]
    otherwise: Block | None
    span: Span = _span()


@attrs.frozen
class CasePattern:
    """One alternative of a `case`: an enum member, a literal, `none`, `_`, or a binder (`case some x`
    is written `case x`: a lower-case name that is no member binds)."""

    value: Expr
    span: Span = _span()


@attrs.frozen
class Case:
    """`case p1, p2 { block }`"""

    patterns: tuple[CasePattern, ...]
    block: Block
    span: Span = _span()


@attrs.frozen
class MatchStatement:
    subject: Expr
    cases: tuple[Case, ...]
    span: Span = _span()


@attrs.frozen
class ForStatement:
    item: Ident
    source: Expr
    maximum: Expr | None
    body: Block
    span: Span = _span()


@attrs.frozen
class RepeatStatement:
    maximum: Expr | None
    condition: Expr
    invariants: tuple[Contract, ...]
    body: Block
    span: Span = _span()


@attrs.frozen
class ParallelStatement:
    branches: tuple[Block, ...]
    span: Span = _span()


@attrs.frozen
class MayItem:
    """`tool [when cond]`, or the built-in acts `say`, `ask`, `send` ..."""

    name: Expr
    condition: Expr | None
    span: Span = _span()


@attrs.frozen
class AgentStatement:
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


@attrs.frozen
class Within:
    """`within n steps` or `within duration`; `steps` is None for a duration."""

    steps: Expr | None
    duration: Expr | None
    span: Span = _span()


@attrs.frozen
class ApproveStatement:
    call: Apply | None
    principal: Ident
    shows: tuple[Expr, ...]
    within: Within | None
    otherwise: Block | None
    span: Span = _span()


@attrs.frozen
class RetryStatement:
    attempts: Expr
    body: Block
    handler: Block | None
    span: Span = _span()


@attrs.frozen
class SayStatement:
    value: Expr
    span: Span = _span()


@attrs.frozen
class AskStatement:
    """`[x =] ask p e [-> T]`"""

    target: Ident | None
    principal: Ident
    value: Expr
    type: TypeExpr | None
    span: Span = _span()


@attrs.frozen
class SendStatement:
    values: tuple[Expr, ...]
    principal: Ident
    span: Span = _span()


@attrs.frozen
class ReceiveStatement:
    target: Ident | None
    principal: Ident | None
    type: TypeExpr | None
    span: Span = _span()


@attrs.frozen
class RememberStatement:
    """`remember e into s` or, for a partitioned store, `into s[key]`."""

    value: Expr
    store: Expr
    span: Span = _span()


@attrs.frozen
class RecallStatement:
    """`x = recall s [where cond]`, `recall s[key]`."""

    target: Ident | None
    store: Expr
    condition: Expr | None
    span: Span = _span()


@attrs.frozen
class StopStatement:
    reason: TextLit | None
    span: Span = _span()


@attrs.frozen
class ReturnStatement:
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


@attrs.frozen
class Annotation:
    """`@name(value, ...)`"""

    name: Ident
    values: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen
class AllowRule:
    principal: Ident
    calls: tuple[Event, ...]
    condition: Expr | None
    span: Span = _span()


@attrs.frozen
class ForbidRule:
    event: Event
    condition: Expr | None
    after: Event | None
    until: Event | None
    duration: Expr | None
    span: Span = _span()


@attrs.frozen
class FlowEnd:
    """A side of a flow rule: a path (`get_contacts[].email`), a set, or an event with arguments."""

    value: Expr | Event
    span: Span = _span()


@attrs.frozen
class FlowRule:
    source: FlowEnd
    target: FlowEnd
    influence: Expr | None
    via: tuple[Ident, ...]
    explicit: bool
    span: Span = _span()


@attrs.frozen
class SourceItem:
    """One allowed source; gated by a condition or designated by another `from only`."""

    value: Expr
    gate: Expr | FromOnly | None
    span: Span = _span()


@attrs.frozen
class FromOnly:
    """`path from only {sources}`"""

    value: Expr
    sources: tuple[SourceItem, ...]
    span: Span = _span()


@attrs.frozen
class FromOnlyRule:
    claim: FromOnly
    span: Span = _span()


@attrs.frozen
class DecisionRule:
    call: Event
    sources: tuple[SourceItem, ...]
    span: Span = _span()


@attrs.frozen
class ForEach:
    name: Ident
    source: Expr
    span: Span = _span()


@attrs.frozen
class BeforeRule:
    evidence: Event
    since: Event | None
    judged: Event
    each: ForEach | None
    condition: Expr | None
    within: Within | None
    span: Span = _span()


@attrs.frozen
class AfterRule:
    """`within` None means `before end`."""

    evidence: Event
    judged: Event
    each: ForEach | None
    condition: Expr | None
    within: Within | None
    span: Span = _span()


@attrs.frozen
class DistinctRule:
    events: tuple[Event, ...]
    span: Span = _span()


@attrs.frozen
class LimitRule:
    """kind: count, consecutive, bits (of an event), sum, distinct (of an expression over a call's arguments)."""

    kind: str
    subject: Event | Expr
    condition: Expr | None
    bound: Expr
    scopes: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen
class AlwaysRule:
    condition: Expr
    event: Event | None
    span: Span = _span()


@attrs.frozen
class NoUnusedGrants:
    span: Span = _span()


@attrs.frozen
class NoShadowedRules:
    span: Span = _span()


@attrs.frozen
class NoVacuousRules:
    span: Span = _span()


@attrs.frozen
class NoAgentHas:
    events: tuple[Event, ...]
    span: Span = _span()


@attrs.frozen
class EffectiveAtMost:
    lower: Ident
    upper: Ident
    span: Span = _span()


@attrs.frozen
class PolicyAtMost:
    location: TextLit
    span: Span = _span()


@attrs.frozen
class DepthAtLeast:
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


@attrs.frozen
class CheckRule:
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


@attrs.frozen
class Rule:
    """`[docs] [annotations] [name:] body [per session]`"""

    name: Ident | None
    body: RuleBody
    per_session: bool
    doc: str | None
    annotations: tuple[Annotation, ...]
    span: Span = _span()


# ---------------------------------------------------------------- declarations


@attrs.frozen
class TagsDecl:
    """`secrecy a, b` or `influence a, b`; kind: secrecy, influence."""

    kind: str
    names: tuple[Ident, ...]
    span: Span = _span()


@attrs.frozen
class GroupDecl:
    """operator: `=`, `+=`, or None for an open group."""

    name: Ident
    operator: str | None
    members: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen
class TypeDecl:
    name: Ident
    type: TypeExpr
    span: Span = _span()


@attrs.frozen
class PrincipalDecl:
    """kind: human, agent, service. A clause that is not written is None."""

    name: Ident
    kind: Ident
    clears: tuple[Expr, ...] | None
    trusts: tuple[Expr, ...] | None
    acts_for: Ident | None
    span: Span = _span()


@attrs.frozen
class ChannelDecl:
    name: Ident
    clears: tuple[Expr, ...] | None
    span: Span = _span()


@attrs.frozen
class StoreDecl:
    name: Ident
    type: TypeExpr
    partition: Ident | None
    holds: tuple[Expr, ...] | None
    span: Span = _span()


@attrs.frozen
class Parameter:
    """`name: T [from {sources}]`"""

    name: Ident
    type: TypeExpr
    sources: tuple[Expr, ...] | None
    span: Span = _span()


@attrs.frozen
class EffectClause:
    effect: Ident
    span: Span = _span()


@attrs.frozen
class ReadsClause:
    stores: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen
class WritesClause:
    stores: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen
class EmitsClause:
    """`emits c [(args)] [when cond]`; `emits nothing` has `channel=None`; `arguments=None` means all."""

    channel: Expr | None
    arguments: tuple[Ident, ...] | None
    condition: Expr | None
    span: Span = _span()


@attrs.frozen
class PathTags:
    """`path: {tags}`; `path` starts at the result: `items[].body`, `[].email`."""

    path: Path
    tags: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen
class Path:
    """Steps of a field path; `[]` stands for any element."""

    steps: tuple[str, ...]
    span: Span = _span()


@attrs.frozen
class ReturnsClause:
    """`returns {tags} [when c]` has `tags`; `returns { path: {tags}, ... } [when c]` has `paths`."""

    tags: tuple[Expr, ...] | None
    paths: tuple[PathTags, ...]
    condition: Expr | None
    span: Span = _span()


@attrs.frozen
class RequiresClause:
    contract: Contract
    span: Span = _span()


@attrs.frozen
class EnsuresClause:
    contract: Contract
    span: Span = _span()


@attrs.frozen
class IndependentClause:
    """`independent of a, b`"""

    arguments: tuple[Ident, ...]
    span: Span = _span()


@attrs.frozen
class AcceptsClause:
    argument: Ident
    tags: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen
class FreshClause:
    """`fresh id, number`"""

    paths: tuple[Path, ...]
    span: Span = _span()


@attrs.frozen
class AliasClause:
    names: tuple[TextLit, ...]
    span: Span = _span()


@attrs.frozen
class PureClause:
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


@attrs.frozen
class ToolDecl:
    """`tool t(args) [-> T] [{ clauses }]`"""

    name: Ident
    parameters: tuple[Parameter, ...]
    result: TypeExpr | None
    clauses: tuple[Clause, ...]
    span: Span = _span()


@attrs.frozen
class ReleaseDecl:
    name: Ident
    parameters: tuple[Parameter, ...]
    result: TypeExpr
    removes: tuple[Expr, ...]
    by: Ident | None
    condition: Expr | None
    span: Span = _span()


@attrs.frozen
class TrackUpdate:
    """`on EVENT [for each x in xs] [when c]: [v[K] :=] expr`; `key` is set for `v[K] := expr`."""

    event: Event
    each: ForEach | None
    condition: Expr | None
    key: Expr | None
    value: Expr
    span: Span = _span()


@attrs.frozen
class TrackDecl:
    name: Ident
    type: TypeExpr
    initial: Expr
    updates: tuple[TrackUpdate, ...]
    span: Span = _span()


@attrs.frozen
class TableDecl:
    name: Ident
    fields: tuple[FieldType, ...]
    rows: tuple[Expr, ...]
    span: Span = _span()


@attrs.frozen
class DefineDecl:
    name: Ident
    parameters: tuple[Ident, ...]
    body: Expr
    span: Span = _span()


@attrs.frozen
class AssumeDecl:
    name: Ident
    condition: Expr
    span: Span = _span()


@attrs.frozen
class WorkflowDecl:
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


@attrs.frozen
class PolicyDecl:
    name: Ident
    workflows: tuple[Expr, ...]
    rules: tuple[Rule, ...]
    span: Span = _span()


@attrs.frozen
class TestLine:
    """`verb` is one of input, call, fail, approve, deny, message, say, session, run, end.
    `subject`: the principal of `input`, the call of call/fail/approve/deny, the (from, to) pair of a message."""

    verb: str
    call: Apply | None
    principal: Ident | None
    to: Ident | None
    value: Expr | None
    at: TimeLit | None
    span: Span = _span()


@attrs.frozen
class Expectation:
    """`kind`: ok, violated, insufficient, blocked, blame, reachable, unreachable.
    `name` is the rule, assumption or workflow; `index` the event; `events` for (un)reachable."""

    kind: str
    name: Expr | None
    index: IntLit | None
    events: tuple[Event, ...]
    span: Span = _span()


@attrs.frozen
class TestDecl:
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


@attrs.frozen
class ImportedName:
    name: Ident
    alias: Ident | None
    span: Span = _span()


@attrs.frozen
class LibraryImport:
    """`import std.mail`, `import std.mail (read_inbox, send_email as mail)`; `names=None` brings in all."""

    path: tuple[str, ...]
    names: tuple[ImportedName, ...] | None
    span: Span = _span()


@attrs.frozen
class FileImport:
    """`import "org/policy.wf" as org` (or, as for libraries, with a list of names)"""

    path: TextLit
    alias: Ident | None
    names: tuple[ImportedName, ...] | None
    span: Span = _span()


Import: TypeAlias = LibraryImport | FileImport


@attrs.frozen
class Item:
    """A declaration with its documentation and annotations."""

    declaration: Declaration
    doc: str | None
    annotations: tuple[Annotation, ...]
    span: Span = _span()


@attrs.frozen
class Comment:
    """`text` includes the `#`; `own_line` tells a comment on a line of its own from a trailing one."""

    text: str
    own_line: bool
    span: Span = _span()


@attrs.frozen
class Module:
    """One parsed file. `comments` are all comments in order, outside of tree equality."""

    path: str
    doc: str | None
    imports: tuple[Import, ...]
    items: tuple[Item, ...]
    comments: tuple[Comment, ...] = attrs.field(eq=False, repr=False)
    span: Span = _span()
