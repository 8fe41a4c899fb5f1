"""Laws of the relations between types, and of the typing of operators."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wfcheck.dsl.elaboration.consistency import comparable, consistent, is_any, join, present
from wfcheck.dsl.elaboration.typing_rules import Wanted
from wfcheck.dsl.types import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    INT,
    TEXT,
    URL,
    AnyType,
    EnumType,
    ListType,
    MapType,
    OptionType,
    RecordType,
    Type,
    show,
)
from wfcheck.dsl.values.operators import OPERATORS

SCALARS = st.sampled_from(
    [
        BOOL,
        INT,
        DECIMAL,
        TEXT,
        DATE,
        URL,
        ANY,
        EnumType("E", ("a", "b")),
        EnumType("F", ("a", "b")),
        EnumType(None, ("b", "a")),
    ]
)


def _record(types: list[Type]) -> Type:
    return RecordType(None, tuple((f"f{i}", t) for i, t in enumerate(types)))


TYPES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        inner.map(ListType),
        inner.map(lambda t: t if isinstance(t, OptionType) else OptionType(t)),
        inner.map(lambda t: MapType(TEXT, t)),
        st.lists(inner, max_size=3).map(_record),
    ),
    max_leaves=5,
)


def holds_any(type_: Type) -> bool:
    return "any" in show(type_)


@given(TYPES)
def test_reflexive(type_: Type) -> None:
    assert consistent(type_, type_)
    assert join(type_, type_) == type_
    assert comparable(type_, type_)


@given(TYPES)
def test_any_is_consistent_with_everything(type_: Type) -> None:
    assert consistent(ANY, type_)
    assert consistent(type_, ANY)
    assert is_any(join(type_, ANY) or type_)


@given(TYPES, TYPES)
def test_comparison_is_symmetric(left: Type, right: Type) -> None:
    assert comparable(left, right) == comparable(right, left)


@given(TYPES, TYPES)
def test_a_join_holds_both(left: Type, right: Type) -> None:
    joined = join(left, right)
    assert (joined is None) == (join(right, left) is None)
    if joined is not None:
        assert consistent(left, joined)
        assert consistent(right, joined)


@given(TYPES, TYPES, TYPES)
def test_transitive_without_any(first: Type, second: Type, third: Type) -> None:
    anonymous = any(t == EnumType(None, ("b", "a")) for t in (first, second, third))
    if (
        consistent(first, second)
        and consistent(second, third)
        and not anonymous
        and not any(map(holds_any, (first, second, third)))
    ):
        assert consistent(first, third) or "enum" in show(second)


@given(TYPES)
def test_an_option_is_not_its_base(type_: Type) -> None:
    option = OptionType(present(type_))
    assert consistent(present(type_), option)
    if not isinstance(present(type_), AnyType):
        assert not consistent(option, present(type_))


@given(st.sampled_from(sorted(OPERATORS)), st.lists(TYPES, min_size=3, max_size=3))
def test_typing_is_total(op: str, types: list[Type]) -> None:
    operator = OPERATORS[op]
    count = operator.maximum or 2
    result = operator.typing(*types[:count])
    assert isinstance(result, Wanted) == (not isinstance(result, Type.__args__))  # type: ignore[attr-defined]


@given(
    st.sampled_from(
        sorted(o for o in OPERATORS if o not in {"==", "!=", "in", "ite", "mentions", "consents", "contains"})
    ),
    TYPES,
)
def test_strict_operators_refuse_options(op: str, type_: Type) -> None:
    operator = OPERATORS[op]
    option = OptionType(INT if isinstance(type_, AnyType | OptionType) else type_)
    result = operator.typing(*[option] * operator.minimum)
    assert isinstance(result, Wanted)
