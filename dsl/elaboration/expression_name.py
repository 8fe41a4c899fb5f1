"""Names, fields and indices in expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import consistent, is_any, is_option, present
from wfcheck.dsl.elaboration.context import MISSING, Context, Entity, Env, article
from wfcheck.dsl.elaboration.expression_fit import absent, broken, settled
from wfcheck.dsl.elaboration.names import did_you_mean, dotted
from wfcheck.dsl.types import (
    ANY,
    INT,
    TIME,
    EnumType,
    ListType,
    MapType,
    RecordType,
    Type,
    base,
    show,
)

Elaborate: TypeAlias = Callable[[Context, Env, syntax.Expr, Type | None], core.Expr]


def elaborate_name(context: Context, env: Env, name: syntax.Name, expected: Type | None) -> core.Expr:
    """A plain name: a variable of the place, a member of the enum that is asked for, `it`, `now`, or a register."""
    member = _member(name, expected)
    variable = env.names.get(name.text)
    if variable is not None and member is not None and consistent(variable.type, member.type):
        ambiguous(context, name, member.type)
        return broken(name.span)
    if member is not None:
        return member
    if variable is not None:
        return settled(env, _placed(variable, name))
    return _given(context, env, name) or _declared(context, env, name, expected)


def ambiguous(context: Context, name: syntax.Name, enum: Type) -> None:
    """Reports a name that is both a variable and a member of the enum that is meant."""
    context.report(
        "WF213",
        f"`{name.text}` is both a variable and a member of `{show(enum)}`",
        name.span,
        help=f'write the member as text, `"{name.text}"`, or rename the variable',
    )


def _placed(variable: core.Expr, name: syntax.Name) -> core.Expr:
    return attrs.evolve(variable, span=name.span) if isinstance(variable, core.Variable) else variable


def _member(name: syntax.Name, expected: Type | None) -> core.Literal | None:
    enum = None if expected is None else base(present(base(expected)))
    if isinstance(enum, EnumType) and name.text in enum.members:
        return core.Literal(name.text, enum, span=name.span)
    return None


def _given(context: Context, env: Env, name: syntax.Name) -> core.Expr | None:
    if name.text == "it" and env.it is not None:
        return settled(env, core.Variable("it", "it", env.it, span=name.span))
    if name.text == "now" and context.lookup(env.module, ("now",), frozenset()) is None:
        if env.rule:
            return core.Variable("now", "now", TIME, span=name.span)
        context.report(
            "WF214", f"`now` has no meaning in {env.what}", name.span, help="only rules may ask for the time"
        )
        return broken(name.span)
    return None


def _declared(context: Context, env: Env, name: syntax.Name, expected: Type | None) -> core.Expr:
    entity = context.lookup(env.module, (name.text,), frozenset())
    if entity is not None:
        return value_of(context, env, entity, name)
    awaits_enum = env.generic and expected is not None and is_any(expected)
    if awaits_enum or context.hidden(env.module, name.text):
        return broken(name.span)
    enum = None if expected is None else base(present(base(expected)))
    members = enum.members if isinstance(enum, EnumType) else ()
    values = frozenset({"track", "table", "define"})
    help_ = context.suggest(
        name.text, lambda: {*env.names, *members, *context.candidates(env.module, values)}
    )
    message = f"`{name.text}` is not known here"
    if isinstance(enum, EnumType):
        message = f"`{name.text}` is no variable and no member of `{show(enum)}`"
    context.report("WF211", message, name.span, help=help_)
    return broken(name.span)


def value_of(context: Context, env: Env, entity: Entity, place: syntax.Name | syntax.Member) -> core.Expr:
    """What a declared name is worth as a value: only a register is one."""
    if entity.kind == "track":
        return _register(context, env, entity, place)
    if entity.kind == MISSING:
        return broken(place.span)
    help_ = {
        "table": f"look a row up with `{entity.name}[key]`",
        "define": f"a definition is called: `{entity.name}(...)`",
        "tool": f"a tool is called: `{entity.name}(...)`",
    }.get(entity.kind)
    context.report(
        "WF202",
        f"`{entity.name}` is {article(entity.kind)}, where a value is wanted",
        place.span,
        labels=[(entity.span, "declared here")],
        help=help_,
    )
    return broken(place.span)


def _register(context: Context, env: Env, entity: Entity, place: syntax.Name | syntax.Member) -> core.Expr:
    if not env.rule:
        context.report(
            "WF215",
            f"the register `{entity.name}` is read in {env.what}",
            place.span,
            labels=[(entity.span, "declared here")],
            help="registers are for rules only",
        )
        return broken(place.span)
    type_ = context.register_types.get(entity.symbol, ANY)
    return core.Variable(entity.symbol, "register", type_, span=place.span)


# ---------------------------------------------------------------- fields


def elaborate_member(context: Context, env: Env, expression: syntax.Member, go: Elaborate) -> core.Expr:
    """`base.name`: a field, or a declared name behind the prefix of an import."""
    parts = dotted(expression)
    if (
        parts is not None
        and len(parts) == 2
        and parts[0] not in env.names
        and parts[0] in _prefixes(context, env)
    ):
        entity = context.resolve(env.module, expression, frozenset({"track"}), "a value")
        return broken(expression.span) if entity is None else value_of(context, env, entity, expression)
    holder = go(context, env, expression.base, None)
    return settled(env, select(context, holder, expression.name))


def _prefixes(context: Context, env: Env) -> set[str]:
    return set(context.names[env.module].prefixes)


def select(context: Context, holder: core.Expr, name: syntax.Ident) -> core.Expr:
    """A field of a value; unknown ones are reported."""
    span = attrs.evolve(name.span, start=holder.span.start, line=holder.span.line, column=holder.span.column)
    if holder.span.file != name.span.file:
        span = name.span
    type_ = _field_type(context, holder, name)
    return broken(name.span) if type_ is None else core.Field(holder, name.text, type_, span=span)


def _field_type(context: Context, holder: core.Expr, name: syntax.Ident) -> Type | None:
    bare = base(holder.type)
    if is_any(bare):
        return ANY
    if is_option(bare):
        absent(context, holder)
        return None
    if not isinstance(bare, RecordType):
        help_ = (
            f"write `{name.text}(...)`"
            if name.text in {"length", "domain", "host", "lower", "upper"}
            else None
        )
        if isinstance(bare, MapType):
            help_ = f'look an entry up with `["{name.text}"]`'
        context.report("WF308", f"`{show(holder.type)}` has no fields", name.span, help=help_)
        return None
    found = bare.field(name.text)
    if found is None:
        fields = [field for field, _ in bare.fields]
        context.report(
            "WF307",
            f"`{show(holder.type)}` has no field `{name.text}`",
            name.span,
            notes=() if not fields else ("its fields are " + ", ".join(f"`{f}`" for f in fields[:12]),),
            help=did_you_mean(name.text, fields),
        )
    return found


# ---------------------------------------------------------------- indices


def elaborate_subscript(context: Context, env: Env, expression: syntax.Subscript, go: Elaborate) -> core.Expr:
    """`base[index]`: an element of a list, an entry of a map or register, or a row of a table."""
    table = table_named(context, env, expression.base)
    if expression.index is None:
        context.report(
            "WF309",
            "`[]` stands only in the path of a result",
            expression.span,
            help="use `any x in xs: ...`",
        )
        return broken(expression.span)
    if table is not None:
        return _row(context, env, table, expression.index, expression, go)
    holder = go(context, env, expression.base, None)
    match base(holder.type):
        case ListType(item=item):
            index = go(context, env, expression.index, INT)
            return core.Index(holder, index, item, span=expression.span)
        case MapType(key=key, value=value):
            index = go(context, env, expression.index, key)
            return core.Index(holder, index, value, span=expression.span)
        case bare if is_any(bare):
            return core.Index(holder, go(context, env, expression.index, None), ANY, span=expression.span)
        case bare if is_option(bare):
            absent(context, holder)
        case _:
            context.report("WF309", f"`{show(holder.type)}` has no elements", expression.base.span)
    return broken(expression.span)


def table_named(context: Context, env: Env, expression: syntax.Expr) -> Entity | None:
    """The table that an expression names, unless a variable hides it."""
    parts = dotted(expression)
    if parts is None or parts[0] in env.names:
        return None
    entity = context.lookup(env.module, parts, frozenset({"table"}))
    return entity if entity is not None and entity.kind == "table" else None


def _table(context: Context, entity: Entity, place: syntax.Expr) -> core.Table | None:
    table = context.tables.get(entity.symbol)
    if table is None:
        context.report(
            "WF242",
            f"the table `{entity.name}` is not known yet where types and tables are declared",
            place.span,
            labels=[(entity.span, "declared here")],
        )
    return table


def _row(
    context: Context, env: Env, entity: Entity, index: syntax.Expr, place: syntax.Subscript, go: Elaborate
) -> core.Expr:
    table = _table(context, entity, place)
    if table is None:
        return broken(place.span)
    row = base(table.type)
    key = row.field(table.key) if isinstance(row, RecordType) else None
    return core.Lookup(entity.symbol, go(context, env, index, key), table.type, span=place.span)


def table_keys(context: Context, entity: Entity, place: syntax.Expr) -> core.Expr:
    """The keys of a table as a constant list, for `k in t`."""
    table = _table(context, entity, place)
    if table is None:
        return broken(place.span)
    row = base(table.type)
    key = row.field(table.key) if isinstance(row, RecordType) else None
    values = tuple(entry[table.key] for entry in table.rows)
    return core.Literal(values, ListType(ANY if key is None else key), span=place.span)
