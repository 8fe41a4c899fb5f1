"""Statements that talk and remember: ask, send, receive, remember, recall, return."""

from __future__ import annotations

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.call import check_type
from wfcheck.dsl.elaboration.consistency import consistent, item_of
from wfcheck.dsl.elaboration.expression import elaborate_condition, elaborate_expression, elaborate_type
from wfcheck.dsl.elaboration.frame import Frame
from wfcheck.dsl.types import ANY, TEXT, AnyType, ListType, MapType, OptionType, RecordType, Type, base, show


def answer_type(frame: Frame, written: syntax.TypeExpr | None, default: Type) -> Type:
    """The type after `->`."""
    return default if written is None else elaborate_type(frame.context, frame.module, written)


def bound(frame: Frame, target: syntax.Ident | None, type_: Type) -> str | None:
    """Binds the target of a step, checked against the type the variable has."""
    if target is None:
        return None
    check_type(frame, type_, frame.expected(target), target, target.span)
    return frame.bind(target, type_)


def ask(frame: Frame, source: syntax.AskStatement) -> None:
    """`x = ask p e [-> T]`; an answer is text unless a type is given."""
    principal = frame.person(source.principal)
    value = frame.expression(source.value)
    type_ = answer_type(frame, source.type, TEXT)
    identifier = frame.fresh()
    step = source.target.text if source.target else "ask"
    target = bound(frame, source.target, type_)
    if principal is not None:
        frame.emit(core.Ask(identifier, step, target, principal, value, type_, span=source.span))


def send(frame: Frame, source: syntax.SendStatement) -> None:
    """`send e, ... to p`."""
    values = tuple(frame.expression(value) for value in source.values)
    principal = frame.person(source.principal)
    if principal is not None:
        frame.emit(core.Send(frame.fresh(), values, principal, span=source.span))


def receive(frame: Frame, source: syntax.ReceiveStatement) -> None:
    """`x = receive [from p] [-> T]`; a message is `any` unless a type is given."""
    principal = frame.person(source.principal)
    type_ = answer_type(frame, source.type, ANY)
    identifier = frame.fresh()
    step = source.target.text if source.target else "receive"
    target = bound(frame, source.target, type_)
    frame.emit(core.Receive(identifier, step, target, principal, type_, span=source.span))


def _store(frame: Frame, place: syntax.Expr) -> tuple[core.Store, core.Expr | None, syntax.Expr] | None:
    """The store and the key of `s` or `s[key]`."""
    name = place.base if isinstance(place, syntax.Subscript) else place
    entity = frame.context.resolve(frame.module, name, frozenset({"store"}), "a store")
    store = None if entity is None else frame.context.stores.get(entity.symbol)
    if store is None:
        return None
    key = None
    if isinstance(place, syntax.Subscript):
        key = _key(frame, store, place)
    return store, key, name


def _key(frame: Frame, store: core.Store, place: syntax.Subscript) -> core.Expr | None:
    held = base(store.type)
    if place.index is None:
        frame.context.report(
            "WF416", "a key is missing between the brackets", place.span, help="write one key"
        )
        return None
    if store.partition is None and not isinstance(held, MapType | AnyType):
        frame.context.report(
            "WF416",
            f"the store `{store.symbol}` has no keys",
            place.span,
            labels=[(store.span, "declared here")],
            help="leave the key out, or declare `partition by` or a map",
        )
    if store.partition is not None:
        return frame.expression(place.index, partition_type(store))
    return frame.expression(place.index, held.key if isinstance(held, MapType) else None)


def partition_type(store: core.Store) -> Type | None:
    """The type of the field that a store is partitioned by."""
    held = base(store.type)
    record = base(held.item) if isinstance(held, ListType) else held
    return record.field(store.partition) if isinstance(record, RecordType) and store.partition else None


def _element(frame: Frame, store: core.Store, key: core.Expr | None, place: syntax.Expr) -> Type:
    """What `remember` takes: an element of a list, a value of a map, or the whole."""
    held = base(store.type)
    if isinstance(held, ListType):
        return held.item
    if not isinstance(held, MapType) or store.partition is not None:
        return store.type
    if key is None and not isinstance(place, syntax.Subscript):
        frame.context.report(
            "WF416",
            f"the store `{store.symbol}` is a map and needs a key here",
            place.span,
            labels=[(store.span, "declared here")],
            help=f"write `into {store.symbol}[key]`",
        )
    return held.value


def remember(frame: Frame, source: syntax.RememberStatement) -> None:
    """`remember e into s` or `into s[key]`; without a key, what is remembered says its partition."""
    found = _store(frame, source.store)
    if found is None:
        frame.expression(source.value)
        return
    store, key, _ = found
    wanted = _element(frame, store, key, source.store)
    value = elaborate_expression(frame.context, frame.env(), source.value, wanted)
    if key is None and store.partition is not None:
        key = core.Field(value, store.partition, partition_type(store) or ANY, span=value.span)
    frame.emit(core.Remember(frame.fresh(), value, store.symbol, key, span=source.span))


def recall(frame: Frame, source: syntax.RecallStatement) -> None:
    """`x = recall s [where cond]`, `recall s[key]`. An entry of a map may be absent."""
    found = _store(frame, source.store)
    if found is None:
        if source.target is not None:
            frame.bind(source.target, ANY)
        return
    store, key, _ = found
    type_ = store.type
    held = base(store.type)
    if key is not None and store.partition is None and isinstance(held, MapType):
        type_ = held.value if isinstance(base(held.value), OptionType) else OptionType(held.value)
    condition = None
    if source.condition is not None:
        condition, type_ = _where(frame, store, key, source.condition, type_)
    identifier = frame.fresh()
    step = source.target.text if source.target else "recall"
    target = bound(frame, source.target, type_)
    frame.emit(core.Recall(identifier, step, target, store.symbol, key, condition, type_, span=source.span))


def _where(
    frame: Frame, store: core.Store, key: core.Expr | None, condition: syntax.Expr, type_: Type
) -> tuple[core.Expr, Type]:
    held = base(type_)
    item = held.value if isinstance(held, MapType) else item_of(type_)
    if item is None or (key is not None and store.partition is None):
        frame.context.report(
            "WF417",
            f"`where` picks elements of a list or a map, and this is {show(type_)}",
            condition.span,
            labels=[(store.span, "declared here")],
            help="test the recalled value in an `if`",
        )
        item = ANY
    env = frame.pure("a condition of `recall`")
    return elaborate_condition(frame.context, attrs.evolve(env, it=item), condition), ListType(item)


def returned(frame: Frame, source: syntax.ReturnStatement) -> None:
    """`return [e]`, typed against `-> T`."""
    value = None if source.value is None else frame.expression(source.value, frame.result)
    if value is not None:
        frame.returned.append(value.type)
    elif frame.result is not None and not consistent(OptionType(ANY), frame.result):
        frame.context.report(
            "WF414",
            f"this `return` gives no value, and the workflow promises {show(frame.result)}",
            source.span,
            help="write `return e`",
        )
    frame.emit(core.Return(frame.fresh(), value, span=source.span))
