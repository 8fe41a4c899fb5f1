"""Values that meet the simple conditions under which an agent may act: what is asked of them, and an invented part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import islice, product
from typing import TypeAlias

import attrs

from wfcheck.checker.reference import minimal
from wfcheck.checker.reference.evaluate import Environment, truth
from wfcheck.checker.reference.values import build
from wfcheck.dsl import core, types
from wfcheck.dsl.core import Value
from wfcheck.dsl.types import Type
from wfcheck.dsl.values.operators import EvaluationError
from wfcheck.dsl.walk import subexpressions

NAME = "mallory"
"""The part that nobody else says."""
CODE = "mallory.example"
"""The same where it stands among other words."""
SITE = "elsewhere.example"
MOST = 6
"""How many values of one argument are tried."""
_TRIES = 400
_LONGEST = 4096

Subject: TypeAlias = tuple[str, str]
"""Kind and name of a variable."""
IT: Subject = ("it", "it")
_PARTS = frozenset({"lower", "upper", "trim"})
_ORDER = frozenset({"==", "<", "<=", ">", ">="})


@attrs.frozen
class Clues:
    """Constants that a value is compared with, by operator; `of`: the same of its domain and its host."""

    found: Mapping[str, tuple[Value, ...]]
    of: Mapping[str, Clues]

    def texts(self, name: str = NAME) -> Iterator[str]:
        """Texts that begin, go on and end as asked, with the name in them where that is possible."""
        starts, ends, parts = (self._texts(op) for op in ("startswith", "endswith", "contains"))
        middle = "".join(f"{part} " for part in parts)
        for start, end in product(starts or ("",), ends or ("",)):
            if start or end or middle:
                yield f"{start}{middle}{name}{end}"
        for pattern in self._texts("like"):
            yield pattern.replace("*", name, 1).replace("*", "").replace("?", "a")
        yield from (f"{start}{name}" for start in starts)
        yield from (f"{name}{end}" for end in ends)
        yield from self._texts("==")

    def _texts(self, op: str) -> tuple[str, ...]:
        return tuple(v for v in self.found.get(op, ()) if isinstance(v, str))

    def near(self) -> Iterator[Value]:
        """Constants that it is compared with, and their neighbours."""
        for op in _ORDER & self.found.keys():
            for value in self.found[op]:
                yield from _around(value)


def _around(value: Value) -> tuple[Value, ...]:
    match value:
        case bool() | None:
            return (value,)
        case int() | Fraction():
            return (value, value + 1, value - 1)
        case date():
            day = timedelta(days=1)
            return (value, value + day, value - day) if 1 < value.year < 9999 else (value,)
        case timedelta():
            return (value, value + timedelta(seconds=1))
        case _:
            return (value,)


def _recognisable(plain: str, coded: str) -> str:
    """Among other words a name may be prose; a code is not."""
    return coded if " " in plain else plain


def clues(conditions: Iterable[tuple[core.Expr, Subject]], function: str | None = None) -> Clues:
    """What the conditions compare the subject with, or a function of it."""
    asked = tuple(conditions)
    found: dict[str, dict[Value, None]] = {}
    for condition, subject in asked:
        for part in subexpressions(condition):
            if isinstance(part, core.Apply) and len(part.args) == 2 and _is(part.args[0], subject, function):
                op = "==" if part.op == "in" else part.op
                for value in _constants(part.args[1]):
                    found.setdefault(op, {})[value] = None
    of = {} if function else {name: clues(asked, name) for name in ("domain", "host")}
    return Clues({op: tuple(values) for op, values in found.items()}, of)


def _is(expression: core.Expr, subject: Subject, function: str | None) -> bool:
    wanted = function
    while isinstance(expression, core.Apply) and len(expression.args) == 1:
        if expression.op == wanted:
            wanted = None
        elif expression.op not in _PARTS:
            return False
        expression = expression.args[0]
    named = isinstance(expression, core.Variable) and (expression.kind, expression.name) == subject
    return named and wanted is None


def _constants(expression: core.Expr) -> Iterator[Value]:
    match expression:
        case core.Literal(value=value):
            each = value if isinstance(value, tuple) else (value,)
            yield from (v for v in each if not isinstance(v, tuple | dict))
        case core.MakeList(items=items):
            yield from (
                i.value
                for i in items
                if isinstance(i, core.Literal) and not isinstance(i.value, tuple | dict)
            )
        case _:
            return


def values(type_: Type, condition: core.Expr | None, argument: str) -> list[Value]:
    """Values of the type for an argument of which the condition asks something; none where nothing simple is asked."""
    asked = [] if condition is None else [(condition, ("argument", argument))]
    inner = type_.base if isinstance(type_, types.OptionType) else type_
    while isinstance(inner, types.RefinedType):
        asked.append((inner.condition, IT))
        inner = inner.base
    known = clues(asked)
    found: list[Value] = []
    for value in islice(_made(inner, known), _TRIES):
        fits = not isinstance(value, str) or len(value) <= _LONGEST
        if fits and value not in found and minimal.conforms(value, type_):
            found.append(value)
    return found


def _made(type_: Type, known: Clues) -> Iterator[Value]:
    match type_:
        case types.Scalar(name="address"):
            for domain in known.of["domain"].texts(f"{NAME}."):
                yield f"{NAME}@{domain}"
            yield from known.texts()
        case types.Scalar(name="url"):
            for host in known.of["host"].texts(f"{NAME}."):
                yield f"https://{host}/{NAME}"
            yield from known.texts()
            yield from known.texts(f"https://{SITE}/{NAME}")
        case types.Scalar(name="text" | "path") | types.AnyType():
            yield from map(_recognisable, known.texts(), known.texts(CODE))
            yield from known.texts()
        case _:
            pass
    yield from known.near()


def arguments(tool: core.Tool, condition: core.Expr | None, most: int = MOST) -> list[dict[str, Value]]:
    """Values of all arguments of which the condition asks something simple, together; those that surely meet it come first."""
    pools = {p.name: values(p.type, condition, p.name)[:MOST] for p in tool.parameters} if condition else {}
    asked = {name: found for name, found in pools.items() if found}
    if condition is None or not asked:
        return []
    every = [dict(zip(asked, each, strict=True)) for each in islice(product(*asked.values()), _TRIES)]
    meeting = [given for given in every if meets(condition, given)]
    return (meeting or every)[:most]


def meets(condition: core.Expr, given: Mapping[str, Value]) -> bool:
    """Whether the condition is known to hold of the arguments alone."""
    if not _decidable(condition, tuple(given)):
        return False
    names = {("argument", name): build(value) for name, value in given.items()}
    try:
        return truth(condition, Environment(names)) is True
    except EvaluationError:
        return False


def _decidable(condition: core.Expr, names: Sequence[str]) -> bool:
    return all(
        (isinstance(part, core.Variable) and part.kind == "argument" and part.name in names)
        or isinstance(part, core.Literal | core.Apply | core.MakeList)
        for part in subexpressions(condition)
    )
