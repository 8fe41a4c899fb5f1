"""Lists, sets, records and maps that are written down."""

from __future__ import annotations

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import is_option, join, present
from wfcheck.dsl.elaboration.context import Context, Env
from wfcheck.dsl.elaboration.expression_fit import adapt, broken
from wfcheck.dsl.elaboration.expression_name import Elaborate
from wfcheck.dsl.elaboration.names import did_you_mean
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import ANY, TEXT, ListType, MapType, OptionType, RecordType, SetType, Type, base, show


def elaborate_collection(
    context: Context,
    env: Env,
    expression: syntax.ListLit | syntax.SetLit | syntax.RecordLit,
    expected: Type | None,
    go: Elaborate,
) -> core.Expr:
    """A list, set, record or map literal; `{}` is the empty map where one is asked for."""
    goal = None if expected is None else base(present(base(expected)))
    match expression:
        case syntax.SetLit(items=()) if isinstance(goal, MapType):
            return core.MakeRecord((), goal, span=expression.span)
        case syntax.SetLit(items=()) if isinstance(goal, RecordType):
            return _record(context, env, syntax.RecordLit((), span=expression.span), goal, go)
        case syntax.ListLit(items=items):
            wanted = goal.item if isinstance(goal, ListType) else None
            made, item = _items(context, env, items, wanted, go)
            return core.MakeList(made, ListType(item), span=expression.span)
        case syntax.SetLit(items=items):
            wanted = goal.item if isinstance(goal, SetType) else None
            made, item = _items(context, env, items, wanted, go)
            return core.MakeList(made, SetType(item), span=expression.span)
        case syntax.RecordLit():
            return _record(context, env, expression, goal, go)


def _items(
    context: Context, env: Env, items: tuple[syntax.Expr, ...], wanted: Type | None, go: Elaborate
) -> tuple[tuple[core.Expr, ...], Type]:
    made = tuple(go(context, env, item, wanted) for item in items)
    if wanted is not None:
        return made, wanted
    common = made[0].type if made else ANY
    for item in made[1:]:
        joined = _common(context, common, item)
        if joined is None:
            context.report(
                "WF310",
                f"the elements are of different types, `{show(common)}` and `{show(item.type)}`",
                item.span,
                labels=[(made[0].span, "the first element")],
            )
            return made, ANY
        common = joined
    return tuple(adapt(context, item, common) for item in made), common


def _common(context: Context, common: Type, item: core.Expr) -> Type | None:
    joined = join(common, adapt(context, item, common).type)
    if joined is None and show(base(common)) == "int" and show(base(item.type)) == "decimal":
        return item.type
    return joined


def _record(
    context: Context, env: Env, expression: syntax.RecordLit, goal: Type | None, go: Elaborate
) -> core.Expr:
    _check_duplicates(context, expression)
    if isinstance(goal, MapType):
        entries = tuple((f.name.text, go(context, env, f.value, goal.value)) for f in expression.fields)
        if goal.key != TEXT and goal.key != ANY and entries:
            context.report(
                "WF311", f"the keys of `{show(goal)}` are not written as field names", expression.span
            )
        return core.MakeRecord(entries, goal, span=expression.span)
    if isinstance(goal, RecordType):
        return _known_record(context, env, expression, goal, go)
    fields = tuple((f.name.text, go(context, env, f.value, None)) for f in expression.fields)
    type_ = RecordType(None, tuple((name, value.type) for name, value in fields))
    return core.MakeRecord(fields, type_, span=expression.span)


def _check_duplicates(context: Context, expression: syntax.RecordLit) -> None:
    seen: dict[str, Span] = {}
    for field in expression.fields:
        if field.name.text in seen:
            context.report(
                "WF312",
                f"the field `{field.name.text}` is given twice",
                field.name.span,
                labels=[(seen[field.name.text], "first given here")],
            )
        seen.setdefault(field.name.text, field.name.span)


def _known_record(
    context: Context, env: Env, expression: syntax.RecordLit, goal: RecordType, go: Elaborate
) -> core.Expr:
    types = dict(goal.fields)
    given: dict[str, core.Expr] = {}
    for field in expression.fields:
        name = field.name.text
        if name not in types:
            help_ = did_you_mean(name, types)
            context.report("WF307", f"`{show(goal)}` has no field `{name}`", field.name.span, help=help_)
            go(context, env, field.value, None)
        else:
            given.setdefault(name, go(context, env, field.value, types[name]))
    missing = [name for name, type_ in goal.fields if name not in given and not is_option(type_)]
    if missing:
        shown = ", ".join(f"`{name}`" for name in missing)
        context.report(
            "WF313", f"`{show(goal)}` also has {shown}", expression.span, help="give every field a value"
        )
        return broken(expression.span)
    fields = tuple((name, given.get(name) or _none(type_, expression.span)) for name, type_ in goal.fields)
    return core.MakeRecord(fields, goal, span=expression.span)


def _none(type_: Type, span: Span) -> core.Expr:
    return core.Literal(None, type_ if is_option(type_) else OptionType(ANY), span=span)
