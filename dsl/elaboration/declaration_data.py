"""Tables, definitions, registers and assumptions."""

from __future__ import annotations

from wfcheck.dsl import core, syntax
from wfcheck.dsl.core import Value
from wfcheck.dsl.elaboration.consistency import is_any, scalar
from wfcheck.dsl.elaboration.context import Context, Entity, Env
from wfcheck.dsl.elaboration.declaration_group import entities
from wfcheck.dsl.elaboration.expression import (
    constant,
    elaborate_condition,
    elaborate_expression,
    elaborate_type,
    narrow,
)
from wfcheck.dsl.elaboration.expression_quantifier import item_type
from wfcheck.dsl.elaboration.expression_type import Typing, declared_type
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import ANY, MapType, RecordType, Type, base, members, show
from wfcheck.dsl.values.meanings import kind_of


def elaborate_types(context: Context) -> None:
    """Fills `context.types` and the types of registers."""
    for entity in entities(context, "type"):
        declared_type(Typing(context, entity.module, elaborate_condition), entity)
    for entity in entities(context, "track"):
        declaration = entity.declaration
        assert isinstance(declaration, syntax.TrackDecl)
        context.register_types[entity.symbol] = elaborate_type(context, entity.module, declaration.type)


# ---------------------------------------------------------------- tables


def elaborate_tables(context: Context) -> None:
    """Fills `context.tables`: rows are constants, keys differ."""
    for entity in entities(context, "table"):
        context.tables[entity.symbol] = _table(context, entity)


def _table(context: Context, entity: Entity) -> core.Table:
    declaration = entity.declaration
    assert isinstance(declaration, syntax.TableDecl)
    fields = syntax.TypeRecord(declaration.fields, span=declaration.span)
    type_ = elaborate_type(context, entity.module, fields)
    assert isinstance(type_, RecordType)
    if not type_.fields:
        context.report(
            "WF242", f"the table `{entity.name}` has no field to look rows up by", declaration.name.span
        )
        return core.Table(entity.symbol, type_, "", (), span=declaration.span)
    key = type_.fields[0][0]
    if not _is_key(type_.fields[0][1]):
        shown = show(type_.fields[0][1])
        context.report("WF315", f"rows cannot be looked up by a `{shown}`", declaration.fields[0].span)
        return core.Table(entity.symbol, type_, key, (), span=declaration.span)
    values: list[dict[str, Value]] = []
    seen: dict[tuple[str, Value], Span] = {}
    for row in declaration.rows:
        value = _row(context, entity.module, row, type_)
        if value is not None:
            _check_key(context, key, value, row.span, seen)
            values.append(value)
    return core.Table(entity.symbol, type_, key, tuple(values), span=declaration.span)


def _row(context: Context, module: str, row: syntax.Expr, type_: RecordType) -> dict[str, Value] | None:
    env = Env(module, what="a table")
    before = len(context.diagnostics)
    made = elaborate_expression(context, env, row, type_)
    known = constant(made)
    if known is not None and isinstance(known.value, dict):
        return known.value
    if len(context.diagnostics) == before:
        context.report("WF249", "a row of a table is a constant record", row.span)
    return None


def _is_key(type_: Type) -> bool:
    return scalar(type_) is not None or members(type_) is not None or is_any(type_)


def _check_key(
    context: Context, key: str, row: dict[str, Value], span: Span, seen: dict[tuple[str, Value], Span]
) -> None:
    value = row.get(key)
    if isinstance(value, tuple | dict):
        context.report("WF315", "rows are looked up by a scalar", span)
        return
    first = seen.setdefault((kind_of(value), value), span)
    if first is not span:
        context.report("WF241", f"two rows have the same `{key}`", span, labels=[(first, "the first one")])


# ---------------------------------------------------------------- definitions and assumptions


def elaborate_defines(context: Context) -> None:
    """Checks every definition once, with arguments of any type; its uses are checked where they stand."""
    for entity in entities(context, "define"):
        declaration = entity.declaration
        assert isinstance(declaration, syntax.DefineDecl)
        names: dict[str, core.Expr] = {}
        for ident in declaration.parameters:
            if ident.text in names:
                labels = [(names[ident.text].span, "first declared here")]
                context.report(
                    "WF231", f"the parameter `{ident.text}` is declared twice", ident.span, labels=labels
                )
            names.setdefault(ident.text, core.Variable(ident.text, "bound", ANY, span=ident.span))
        symbol = entity.symbol
        env = Env(entity.module, names, rule=True, what="a definition", inlining=(symbol,), generic=True)
        elaborate_expression(context, env, declaration.body)


def elaborate_assumptions(context: Context) -> None:
    """Fills `context.assumptions`."""
    for entity in entities(context, "assume"):
        declaration = entity.declaration
        assert isinstance(declaration, syntax.AssumeDecl)
        env = Env(entity.module, rule=True, what="an assumption")
        condition = elaborate_condition(context, env, declaration.condition)
        context.assumptions.append(core.Assumption(entity.symbol, condition, span=declaration.span))


# ---------------------------------------------------------------- registers


def elaborate_registers(context: Context) -> None:
    """Fills `context.registers`; their types are known already."""
    for entity in entities(context, "track"):
        context.registers[entity.symbol] = _register(context, entity)


def _register(context: Context, entity: Entity) -> core.Register:
    declaration = entity.declaration
    assert isinstance(declaration, syntax.TrackDecl)
    type_ = context.register_types[entity.symbol]
    before = len(context.diagnostics)
    initial = elaborate_expression(
        context, Env(entity.module, what="the start of a register"), declaration.initial, type_
    )
    if constant(initial) is None and len(context.diagnostics) == before:
        context.report("WF250", "a register starts with a constant", declaration.initial.span)
    updates = tuple(
        made
        for update in declaration.updates
        if (made := _update(context, entity.module, update, type_)) is not None
    )
    return core.Register(entity.symbol, type_, initial, updates, span=declaration.span)


def _update(
    context: Context, module: str, update: syntax.TrackUpdate, type_: Type
) -> core.RegisterUpdate | None:
    place = Env(module, rule=True, what="the update of a register")
    scope = None if context.events is None else context.events(context, place, update.event)
    if scope is None:
        return None
    env = place.bind(scope.names)
    source = None
    if update.each is not None:
        source = elaborate_expression(context, env, update.each.source)
        name = update.each.name
        env = env.bind(
            {name.text: core.Variable(name.text, "bound", item_type(context, source), span=name.span)}
        )
    condition = None if update.condition is None else elaborate_condition(context, env, update.condition)
    under = env if condition is None else narrow(env, condition, True)
    key, value = _value(context, under, update, type_)
    return core.RegisterUpdate(
        event=scope.pattern,
        binder=None if update.each is None else update.each.name.text,
        source=source,
        condition=condition,
        key=key,
        value=value,
        span=update.span,
    )


def _value(
    context: Context, env: Env, update: syntax.TrackUpdate, type_: Type
) -> tuple[core.Expr | None, core.Expr]:
    if update.key is None:
        return None, elaborate_expression(context, env, update.value, type_)
    bare = base(type_)
    if not isinstance(bare, MapType):
        if not is_any(bare):
            context.report(
                "WF251", f"`{show(type_)}` has no entries to set", update.key.span, help="use a map"
            )
        key = elaborate_expression(context, env, update.key)
        return key, elaborate_expression(context, env, update.value)
    key = elaborate_expression(context, env, update.key, bare.key)
    return key, elaborate_expression(context, env, update.value, bare.value)
