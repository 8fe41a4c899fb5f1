"""Fresh values of a type, and the condition that a value is of its type."""

from __future__ import annotations

from collections.abc import Iterator

from wfcheck.checker.encoding.encode import condition
from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.symbolic.constants import within_date, within_time
from wfcheck.checker.symbolic.value import Leaf, Opaque, Option, Record, Sequence, SymbolicValue, build_shape
from wfcheck.dsl import core, types
from wfcheck.dsl.walk import statements
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term


def fresh(type_: types.Type, name: str, notes: Notes, *, items: int | None = None) -> SymbolicValue:
    """A value of which nothing else is known. `items`: lists hold at most so many elements (None: any number, unseen)."""
    if items is None:
        return build_shape(type_, lambda path, sort: notes.fresh(f"{name}{path}", sort), vouched=True)
    bare = types.base(type_)
    match bare:
        case types.RecordType(fields=fields):
            return Record({n: fresh(t, f"{name}.{n}", notes, items=items) for n, t in fields})
        case types.OptionType(base=inner):
            there = notes.fresh(f"{name}?", Sort.BOOL)
            return Option(there, fresh(inner, f"{name}!", notes, items=items))
        case types.ListType(item=item):
            elements = tuple(fresh(item, f"{name}[{i}]", notes, items=items) for i in range(items))
            return Sequence(notes.fresh(f"{name}#", Sort.INT), elements)
        case _:
            if isinstance(bare, types.AnyType | types.MapType):
                notes.note("a value of `any` or of a map type")
            return build_shape(bare, lambda path, sort: notes.fresh(f"{name}{path}", sort))


def conforms(value: SymbolicValue, type_: types.Type, notes: Notes) -> Term:
    """True iff the value is of the type, as far as terms can say (elements of opaque lists are vouched for elsewhere)."""
    parts = [_shape(value, type_, notes)]
    while isinstance(type_, types.RefinedType):
        parts.append(condition(type_.condition, {("it", "it"): value}, notes).certain)
        type_ = type_.base
    return b.and_(*parts)


def _shape(value: SymbolicValue, type_: types.Type, notes: Notes) -> Term:
    match types.base(type_), value:
        case types.EnumType(members=members), Leaf(term=term):
            return b.or_(*(b.eq(term, b.text(m)) for m in members))
        case types.Scalar(name="date"), Leaf(term=term):
            return within_date(term)
        case types.Scalar(name="time"), Leaf(term=term):
            return within_time(term)
        case types.RecordType(fields=fields), Record(fields=have):
            return b.and_(*(conforms(have[n], t, notes) for n, t in fields if n in have))
        case types.OptionType(base=inner), Option(present=present, value=part):
            return b.implies(present, conforms(part, inner, notes))
        case types.OptionType(base=inner), _:
            return conforms(value, inner, notes)
        case types.ListType(item=item), Sequence(length=length, items=items):
            bounds = b.and_(b.le(b.ZERO, length), b.le(length, b.integer(len(items))))
            each = (
                b.implies(b.lt(b.integer(i), length), conforms(v, item, notes)) for i, v in enumerate(items)
            )
            return b.and_(bounds, *each)
        case _:
            return b.TRUE


def element(whole: SymbolicValue, type_: types.Type, name: str, notes: Notes) -> tuple[SymbolicValue, Term]:
    """Some element of a list, and what is known of it."""
    if isinstance(whole, Opaque) and whole.item is not None:
        value = fresh(whole.item, name, notes)
        return value, conforms(value, whole.item, notes)
    return build_shape(type_, lambda path, sort: notes.fresh(f"{name}{path}", sort)), b.TRUE


def bound_types(program: core.Program, block: core.Block) -> dict[str, types.Type]:
    """The variables that the block may bind, with their types (`any` where two differ)."""
    found: dict[str, types.Type] = {}
    for name, type_ in _bindings(program, block):
        bare = types.base(type_)
        found[name] = bare if found.get(name, bare) == bare else types.ANY
    return found


def _bindings(program: core.Program, block: core.Block) -> Iterator[tuple[str, types.Type]]:
    for statement in statements(block):
        if isinstance(statement, core.Scope):
            callee = program.workflows[statement.workflow]
            for (local, _), parameter in zip(statement.parameters, callee.parameters, strict=True):
                yield local, parameter.type
        type_ = _result(program, statement)
        name = getattr(statement, "item" if isinstance(statement, core.For) else "target", None)
        if name is not None and type_ is not None:
            yield name, type_


def _result(program: core.Program, statement: core.Statement) -> types.Type | None:
    match statement:
        case core.Let(value=value):
            return value.type
        case core.Call(tool=tool):
            return program.tools[tool].result
        case core.ReleaseCall(release=release):
            return program.releases[release].result
        case core.For(source=source):
            return item_type(source.type)
        case core.Llm() | core.Agent() | core.Scope() | core.Ask() | core.Receive() | core.Recall():
            return statement.type
        case _:
            return None


def item_type(type_: types.Type) -> types.Type:
    """The type of the elements of a list (of a map: its keys)."""
    match types.base(type_):
        case types.ListType(item=item) | types.SetType(item=item):
            return item
        case types.MapType(key=key):
            return key
        case _:
            return types.ANY
