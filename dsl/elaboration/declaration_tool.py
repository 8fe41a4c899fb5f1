"""Tools. What a declaration does not say is taken at its worst."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import is_option
from wfcheck.dsl.elaboration.context import Context, Entity, Env
from wfcheck.dsl.elaboration.declaration_group import declared_tags, entities
from wfcheck.dsl.elaboration.declaration_path import check_path
from wfcheck.dsl.elaboration.declaration_tool_check import check_aliases, check_clauses
from wfcheck.dsl.elaboration.expression import elaborate_condition, elaborate_type, resolve_tags
from wfcheck.dsl.elaboration.names import did_you_mean
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import ANY, Type

T = TypeVar("T")


@attrs.frozen
class Frame:
    """A tool being elaborated: `before` is where conditions over the arguments stand, `after` those over the result too."""

    context: Context
    entity: Entity
    declaration: syntax.ToolDecl
    parameters: tuple[core.Param, ...]
    result: Type
    before: Env
    after: Env

    def clauses(self, kind: type[T]) -> list[T]:
        """The clauses of a kind, in order."""
        return [clause for clause in self.declaration.clauses if isinstance(clause, kind)]


def elaborate_tools(context: Context) -> None:
    """Fills `context.tools`."""
    for entity in entities(context, "tool"):
        frame = _frame(context, entity)
        check_clauses(context, frame.declaration)
        context.tools[entity.symbol] = _tool(frame)
    check_aliases(context)


def elaborate_parameters(
    context: Context, module: str, parameters: Iterable[syntax.Parameter], *, sources: bool
) -> tuple[core.Param, ...]:
    """The parameters of a tool, release or workflow. `sources`: whether `from {..}` may stand there (only in workflows)."""
    seen: dict[str, Span] = {}
    made = []
    for parameter in parameters:
        name = parameter.name
        if name.text in seen:
            labels = [(seen[name.text], "first declared here")]
            context.report(
                "WF231", f"the parameter `{name.text}` is declared twice", name.span, labels=labels
            )
            continue
        seen[name.text] = name.span
        made.append(_parameter(context, module, parameter, sources))
    return tuple(made)


def _parameter(context: Context, module: str, parameter: syntax.Parameter, sources: bool) -> core.Param:
    type_ = elaborate_type(context, module, parameter.type)
    tags = None
    if parameter.sources is not None and sources:
        tags = resolve_tags(context, module, parameter.sources)
    elif parameter.sources is not None:
        context.report(
            "WF234",
            "only a parameter of a workflow says where it comes from",
            parameter.span,
            help=f"write `accepts {parameter.name.text}: {{..}}` among the clauses of the tool",
        )
    return core.Param(parameter.name.text, type_, is_option(type_), tags, span=parameter.span)


def argument_names(parameters: Iterable[core.Param]) -> dict[str, core.Expr]:
    """What the names of parameters stand for in a condition beside the declaration."""
    return {p.name: core.Variable(p.name, "argument", p.type, span=p.span) for p in parameters}


def _frame(context: Context, entity: Entity) -> Frame:
    declaration = entity.declaration
    assert isinstance(declaration, syntax.ToolDecl)
    parameters = elaborate_parameters(context, entity.module, declaration.parameters, sources=False)
    for parameter in declaration.parameters:
        if parameter.name.text == "result":
            message = "`result` is what the tool returns and cannot be the name of an argument"
            context.report("WF216", message, parameter.name.span)
    written = declaration.result
    result = ANY if written is None else elaborate_type(context, entity.module, written)
    before = Env(entity.module, argument_names(parameters), what="a clause of a tool")
    after = before.bind({"result": core.Variable("result", "result", result, span=declaration.span)})
    return Frame(context, entity, declaration, parameters, result, before, after)


def _tool(frame: Frame) -> core.Tool:
    effects = frame.clauses(syntax.EffectClause)
    pure = bool(frame.clauses(syntax.PureClause))
    returns = frame.clauses(syntax.ReturnsClause)
    emits = frame.clauses(syntax.EmitsClause)
    return core.Tool(
        symbol=frame.entity.symbol,
        parameters=frame.parameters,
        result=frame.result,
        effect=_effect(frame, effects, pure),
        reads=_stores(frame, (clause.stores for clause in frame.clauses(syntax.ReadsClause))),
        writes=_stores(frame, (clause.stores for clause in frame.clauses(syntax.WritesClause))),
        emits=_emits(frame, emits) if emits or pure else _emits_unknown(frame),
        returns=_returns(frame, returns) if returns or pure else _returns_unknown(frame),
        requires=_contracts(frame, frame.before, "requires", frame.clauses(syntax.RequiresClause)),
        ensures=_contracts(frame, frame.after, "ensures", frame.clauses(syntax.EnsuresClause)),
        independent=_independent(frame),
        accepts=_accepts(frame),
        fresh=_fresh(frame),
        aliases=tuple(dict.fromkeys(n.value for c in frame.clauses(syntax.AliasClause) for n in c.names)),
        pure=pure,
        declared_effect=bool(effects) or pure,
        declared_emits=bool(emits) or pure,
        declared_returns=bool(returns) or pure,
        span=frame.declaration.span,
    )


def _effect(frame: Frame, clauses: list[syntax.EffectClause], pure: bool) -> core.Effect:
    if pure:
        return core.Effect.READ
    if not clauses:
        return core.Effect.IRREVERSIBLE
    word = clauses[0].effect
    known = {effect.value: effect for effect in core.Effect}
    if word.text not in known:
        help_ = did_you_mean(word.text, known) or "write read, write or irreversible"
        frame.context.report("WF236", f"`{word.text}` is no effect", word.span, help=help_)
    return known.get(word.text, core.Effect.IRREVERSIBLE)


def _stores(frame: Frame, clauses: Iterable[tuple[syntax.Expr, ...]]) -> frozenset[str]:
    resolve = frame.context.resolve
    found = (
        resolve(frame.entity.module, store, frozenset({"store"}), "a store")
        for stores in clauses
        for store in stores
    )
    return frozenset(entity.symbol for entity in found if entity is not None)


# ---------------------------------------------------------------- emits and returns


def _emits_unknown(frame: Frame) -> tuple[core.Emission, ...]:
    return (core.Emission(frame.entity.symbol, None, None, span=frame.declaration.span),)


def _emits(frame: Frame, clauses: list[syntax.EmitsClause]) -> tuple[core.Emission, ...]:
    made = (_emission(frame, clause) for clause in clauses)
    return tuple(emission for emission in made if emission is not None)


def _emission(frame: Frame, clause: syntax.EmitsClause) -> core.Emission | None:
    if clause.channel is None:
        return None
    context, module = frame.context, frame.entity.module
    channel = context.resolve(module, clause.channel, frozenset({"channel"}), "a channel")
    names = None if clause.arguments is None else frozenset(_known_arguments(frame, clause.arguments))
    condition = _when(frame, frame.before, clause.condition)
    return None if channel is None else core.Emission(channel.symbol, names, condition, span=clause.span)


def _when(frame: Frame, env: Env, condition: syntax.Expr | None) -> core.Expr | None:
    return None if condition is None else elaborate_condition(frame.context, env, condition)


def _returns_unknown(frame: Frame) -> tuple[core.ReturnTags, ...]:
    tags = declared_tags(frame.context) | {f"tool({frame.entity.symbol})"}
    return (core.ReturnTags((), tags, None, span=frame.declaration.span),)


def _returns(frame: Frame, clauses: list[syntax.ReturnsClause]) -> tuple[core.ReturnTags, ...]:
    made: list[core.ReturnTags] = []
    for clause in clauses:
        condition = _when(frame, frame.after, clause.condition)
        if clause.tags is not None:
            tags = resolve_tags(frame.context, frame.entity.module, clause.tags)
            made.append(core.ReturnTags((), tags, condition, span=clause.span))
        for entry in clause.paths:
            tags = resolve_tags(frame.context, frame.entity.module, entry.tags)
            if check_path(frame.context, frame.result, entry.path) is not None:
                made.append(core.ReturnTags(entry.path.steps, tags, condition, span=entry.span))
    return tuple(made)


# ---------------------------------------------------------------- contracts and arguments


def _contracts(
    frame: Frame,
    env: Env,
    word: str,
    clauses: Iterable[syntax.RequiresClause | syntax.EnsuresClause],
) -> tuple[core.Condition, ...]:
    contracts = [clause.contract for clause in clauses]
    return elaborate_contracts(frame.context, env, frame.entity.symbol, word, contracts)


def elaborate_contracts(
    context: Context, env: Env, owner: str, word: str, contracts: Iterable[syntax.Contract]
) -> tuple[core.Condition, ...]:
    """Named conditions: `owner.name`, or `owner.requires1` and so on where no name was given."""
    made: dict[str, core.Condition] = {}
    for number, contract in enumerate(contracts, 1):
        condition = elaborate_condition(context, env, contract.condition)
        name = f"{owner}.{word}{number}" if contract.name is None else f"{owner}.{contract.name.text}"
        if name in made:
            labels = [(made[name].span, "first given here")]
            context.report("WF245", f"two conditions are called `{name}`", contract.span, labels=labels)
        made.setdefault(name, core.Condition(name, condition, span=contract.span))
    return tuple(made.values())


def _known_arguments(frame: Frame, names: Iterable[syntax.Ident]) -> list[str]:
    return [name.text for name in names if _is_argument(frame, name)]


def _is_argument(frame: Frame, name: syntax.Ident) -> bool:
    known = [parameter.name for parameter in frame.parameters]
    if name.text in known:
        return True
    frame.context.report(
        "WF234",
        f"`{frame.entity.name}` has no argument `{name.text}`",
        name.span,
        help=did_you_mean(name.text, known),
    )
    return False


def _independent(frame: Frame) -> frozenset[str]:
    clauses = frame.clauses(syntax.IndependentClause)
    return frozenset(name for clause in clauses for name in _known_arguments(frame, clause.arguments))


def _accepts(frame: Frame) -> tuple[tuple[str, frozenset[str]], ...]:
    made: dict[str, frozenset[str]] = {}
    for clause in frame.clauses(syntax.AcceptsClause):
        tags = resolve_tags(frame.context, frame.entity.module, clause.tags)
        if _is_argument(frame, clause.argument):
            made.setdefault(clause.argument.text, tags)
    return tuple(made.items())


def _fresh(frame: Frame) -> tuple[core.FieldPath, ...]:
    paths = (path for clause in frame.clauses(syntax.FreshClause) for path in clause.paths)
    return tuple(path.steps for path in paths if check_path(frame.context, frame.result, path) is not None)
