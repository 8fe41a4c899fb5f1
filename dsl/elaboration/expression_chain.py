"""Infix operators. A chain of thousands of operands is walked without recursion and rebuilt as a balanced tree."""

from __future__ import annotations

from itertools import groupby

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import item_of, present
from wfcheck.dsl.elaboration.context import Context, Env
from wfcheck.dsl.elaboration.expression_fit import as_condition, broken, narrow, operate
from wfcheck.dsl.elaboration.expression_lint import check_pattern, check_regular, check_text_test
from wfcheck.dsl.elaboration.expression_name import Elaborate, ambiguous, table_keys, table_named
from wfcheck.dsl.elaboration.folding import constant
from wfcheck.dsl.source import Span, join
from wfcheck.dsl.types import BOOL, TEXT, SetType, Type, base, members
from wfcheck.dsl.values.matching import MAX_STATES, Matcher, glob_matcher
from wfcheck.dsl.values.regular import RegularError, parse_regular

MAX_CHAIN = 40
LOGICAL = frozenset({"and", "or", "implies"})
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


def elaborate_chain(context: Context, env: Env, expression: syntax.Binary, go: Elaborate) -> core.Expr:
    """A left-nested chain of infix operators: the innermost left operand, then one operator after the other."""
    first, links = _spine(expression)
    if links[0].operator in COMPARISONS | {"in", "not in"} and _waits(context, env, first):
        result = _right_first(context, env, first, links.pop(0), go)
    else:
        result = go(context, env, first, None)
    for operator, run in groupby(links, key=lambda link: link.operator):
        chain = list(run)
        if operator in LOGICAL:
            result = _logical(context, env, operator, result, chain, go)
        elif operator in {"+", "*"} and len(chain) >= MAX_CHAIN:
            result = _long(context, env, operator, result, chain, go)
        else:
            result = _stepwise(context, env, result, chain, go)
    return result


def _spine(expression: syntax.Binary) -> tuple[syntax.Expr, list[syntax.Binary]]:
    links: list[syntax.Binary] = []
    left: syntax.Expr = expression
    while isinstance(left, syntax.Binary):
        links.append(left)
        left = left.left
    links.reverse()
    return left, links


def _waits(context: Context, env: Env, first: syntax.Expr) -> bool:
    """Whether the left side has no type of its own: a member of an enum, `none`, a literal collection."""
    if isinstance(first, syntax.Name):
        if first.text in env.names or first.text in {"it", "now"}:
            return False
        entity = context.lookup(env.module, (first.text,), frozenset())
        return entity is None or entity.kind != "track"
    return isinstance(first, syntax.NoneLit | syntax.RecordLit | syntax.SetLit | syntax.ListLit)


def _right_first(
    context: Context, env: Env, first: syntax.Expr, link: syntax.Binary, go: Elaborate
) -> core.Expr:
    right = go(context, env, link.right, None)
    hint = right.type if link.operator in COMPARISONS else item_of(right.type)
    left = go(context, env, first, None if hint is None else base(hint))
    return _combine(context, link.operator, left, right, link.span)


def _stepwise(
    context: Context, env: Env, result: core.Expr, chain: list[syntax.Binary], go: Elaborate
) -> core.Expr:
    if len(chain) > MAX_CHAIN:
        return _too_long(context, chain)
    for link in chain:
        right = _right(context, env, result, link, go)
        if link.operator in {"==", "!="}:
            _check_ambiguous(context, link.left, result, right)
            _check_ambiguous(context, link.right, right, result)
        result = _combine(context, link.operator, result, right, link.span)
    return result


def _too_long(context: Context, chain: list[syntax.Binary]) -> core.Expr:
    context.report(
        "WF340",
        f"more than {MAX_CHAIN} operators `{chain[0].operator}` follow each other",
        chain[-1].span,
        help="give a part of the expression a name with `define` or a variable",
    )
    return broken(chain[-1].span)


def _check_ambiguous(context: Context, written: syntax.Expr, side: core.Expr, other: core.Expr) -> None:
    """A variable that bears the name of a member of the enum it is compared with."""
    names = members(present(other.type)) or ()
    if isinstance(written, syntax.Name) and written.text in names and isinstance(side, core.Variable):
        ambiguous(context, written, other.type)


def _right(context: Context, env: Env, left: core.Expr, link: syntax.Binary, go: Elaborate) -> core.Expr:
    operator, right = link.operator, link.right
    if operator in {"in", "not in"}:
        table = table_named(context, env, right)
        if table is not None:
            return table_keys(context, table, right)
        return go(context, env, right, SetType(base(left.type)) if isinstance(right, syntax.SetLit) else None)
    if operator == "matches" and isinstance(right, syntax.RegexLit):
        return _regular(context, right)
    if operator in {"matches", "like"}:
        return _pattern(context, go(context, env, right, TEXT), operator)
    hinted = operator in {"==", "!="} and _waits(context, env, right)
    return go(context, env, right, base(left.type) if hinted else None)


def _combine(context: Context, operator: str, left: core.Expr, right: core.Expr, span: Span) -> core.Expr:
    if operator in {"like", "startswith", "endswith", "contains"}:
        check_text_test(context, operator, left, right)
    if operator == "not in":
        inside = operate(context, "in", (left, right), span)
        return core.Apply("not", (inside,), BOOL, span=span)
    return operate(context, operator, (left, right), span)


# ---------------------------------------------------------------- patterns of text


def _regular(context: Context, literal: syntax.RegexLit) -> core.Expr:
    try:
        Matcher(parse_regular(literal.pattern))
    except RegularError as error:
        place = _inside(literal.span, 1 + error.offset, len(literal.pattern) + 2)
        context.report("WF330", error.message, place, help=error.help)
        return broken(literal.span)
    length = len(literal.pattern) + 2
    check_regular(context, literal.pattern, lambda offset: _inside(literal.span, 1 + offset, length))
    check_pattern(context, literal.pattern, literal.span)
    return core.Literal(literal.pattern, TEXT, span=literal.span)


def _inside(span: Span, offset: int, length: int) -> Span:
    if span.line != span.end_line or span.end - span.start != length:
        return span
    start = min(span.start + offset, span.end - 1)
    column = span.column + (start - span.start)
    return attrs.evolve(span, start=start, end=start + 1, column=column, end_column=column + 1)


def _pattern(context: Context, right: core.Expr, operator: str) -> core.Expr:
    known = constant(right)
    if known is None or not isinstance(known.value, str):
        if not (isinstance(right, core.Literal) and right.value is None):
            context.report("WF334", f"the pattern of `{operator}` is not a constant text", right.span)
        return broken(right.span)
    if operator == "like":
        try:
            glob_matcher(known.value)
        except RegularError:
            context.report("WF330", f"the pattern is longer than {MAX_STATES // 2} characters", right.span)
        return right
    context.report(
        "WF330", "a regular expression is written between slashes", right.span, help="write `matches /.../`"
    )
    return broken(right.span)


# ---------------------------------------------------------------- long chains


def _logical(
    context: Context, env: Env, operator: str, first: core.Expr, chain: list[syntax.Binary], go: Elaborate
) -> core.Expr:
    if operator == "implies" and len(chain) > MAX_CHAIN:
        return _too_long(context, chain)
    operands = [as_condition(context, first)]
    place = attrs.evolve(env, lazy=True)
    for link in chain:
        place = narrow(place, operands[-1], operator != "or")
        operands.append(as_condition(context, go(context, place, link.right, None)))
    if operator == "implies":
        return _nested(context, operator, operands)
    return _balanced(operator, operands, BOOL)


def _nested(context: Context, operator: str, operands: list[core.Expr]) -> core.Expr:
    result = operands[0]
    for operand in operands[1:]:
        result = operate(context, operator, (result, operand), _around(result, operand))
    return result


def _long(
    context: Context, env: Env, operator: str, first: core.Expr, chain: list[syntax.Binary], go: Elaborate
) -> core.Expr:
    operands = [first, *(go(context, env, link.right, None) for link in chain)]
    while len(operands) > 1:
        pairs = [tuple(operands[i : i + 2]) for i in range(0, len(operands), 2)]
        operands = [
            operate(context, operator, pair, _around(*pair)) if len(pair) == 2 else pair[0] for pair in pairs
        ]
    return operands[0]


def _balanced(operator: str, operands: list[core.Expr], type_: Type) -> core.Expr:
    """`and` and `or` are associative, errors and unknowns included: a long chain becomes a shallow tree. Short ones stay as
    they were written."""
    if len(operands) <= MAX_CHAIN:
        result = operands[0]
        for operand in operands[1:]:
            result = core.Apply(operator, (result, operand), type_, span=_around(result, operand))
        return result
    middle = len(operands) // 2
    left = _balanced(operator, operands[:middle], type_)
    right = _balanced(operator, operands[middle:], type_)
    return core.Apply(operator, (left, right), type_, span=_around(left, right))


def _around(first: core.Expr, last: core.Expr) -> Span:
    same = first.span.file == last.span.file and first.span.start <= last.span.end
    return join(first.span, last.span) if same else last.span
