"""Fitting a core expression to the type that is asked for: literals adapt, everything else must be consistent."""

from __future__ import annotations

from fractions import Fraction

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.elaboration.consistency import TEXTS, consistent, is_any, is_option, present, scalar
from wfcheck.dsl.elaboration.context import Context, Env, root
from wfcheck.dsl.elaboration.folding import constant, refuted
from wfcheck.dsl.elaboration.names import did_you_mean
from wfcheck.dsl.elaboration.typing_rules import Wanted, mixed
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import ANY, BOOL, DECIMAL, EnumType, ListType, SetType, Type, base, show
from wfcheck.dsl.values.operators import OPERATORS


def broken(span: Span) -> core.Expr:
    """What stands in for an expression that was reported."""
    return core.Literal(None, ANY, span=span)


def fit(context: Context, expression: core.Expr, expected: Type | None) -> core.Expr:
    """The expression as one of type `expected`; reported when it cannot be."""
    if expected is None:
        return expression
    adapted = adapt(context, expression, expected)
    if not consistent(adapted.type, expected):
        _mismatch(context, adapted, expected)
        return broken(adapted.span)
    _check_refinement(context, adapted, expected)
    return adapted


def adapt(context: Context, expression: core.Expr, wanted: Type) -> core.Expr:
    """A literal in the type that its place asks for: an int as a decimal, a text as an address, a url, a path or an enum
    member. Anything else unchanged."""
    goal = base(present(base(wanted)))
    if is_any(goal) or expression.type == goal:
        return expression
    if goal == DECIMAL and scalar(expression.type) == "int":
        known = constant(expression)
        if known is None or not isinstance(known.value, int):
            return expression
        return core.Literal(Fraction(known.value), goal, span=expression.span)
    if isinstance(expression, core.Literal) and isinstance(expression.value, str):
        return _adapt_text(context, expression, goal)
    if isinstance(expression, core.MakeList) and isinstance(goal, ListType | SetType):
        return attrs.evolve(expression, type=_adapt_items(expression, goal))
    if isinstance(expression, core.Apply) and expression.op == "ite":
        condition, *branches = expression.args
        fitted = tuple(adapt(context, branch, wanted) for branch in branches)
        same = all(consistent(branch.type, wanted) for branch in fitted)
        return core.Apply("ite", (condition, *fitted), goal, span=expression.span) if same else expression
    return expression


def _adapt_items(expression: core.MakeList, goal: ListType | SetType) -> Type:
    fits = type(base(expression.type)) is type(goal) and consistent(expression.type, goal)
    return goal if fits else expression.type


def _adapt_text(context: Context, expression: core.Literal, goal: Type) -> core.Expr:
    if scalar(expression.type) != "text":
        return expression
    if scalar(goal) in TEXTS:
        return attrs.evolve(expression, type=goal)
    if isinstance(goal, EnumType):
        if expression.value in goal.members:
            return attrs.evolve(expression, type=goal)
        context.report(
            "WF305",
            f"`{expression.value}` is no member of `{show(goal)}`",
            expression.span,
            notes=(members_note(goal),),
            help=did_you_mean(str(expression.value), goal.members),
        )
        return broken(expression.span)
    return expression


def members_note(enum: EnumType) -> str:
    """The members of an enum, the first few of them."""
    shown = ", ".join(f"`{member}`" for member in enum.members[:12])
    return f"the members are {shown}" + (" ..." if len(enum.members) > 12 else "")


def _mismatch(context: Context, expression: core.Expr, expected: Type) -> None:
    actual = expression.type
    if is_option(actual) and not is_option(expected):
        absent(context, expression)
        return
    context.report(
        "WF301",
        f"a value of type `{show(expected)}` is wanted here, and this is `{show(actual)}`",
        expression.span,
        help=mixed(actual, present(base(expected))),
    )


def absent(context: Context, expression: core.Expr) -> None:
    """Reports an option where a value is needed."""
    context.report(
        "WF304",
        f"this is `{show(expression.type)}` and may be `none`, where a value is needed",
        expression.span,
        help="compare it with `none` first (`x != none and ...`), or take it apart with `match`",
    )


def _check_refinement(context: Context, expression: core.Expr, expected: Type) -> None:
    known = constant(expression)
    if known is None or known.value is None:
        return
    broken_by = refuted(present(expected) if is_option(expected) else expected, known.value)
    if broken_by is not None:
        context.report(
            "WF306",
            f"this constant is outside of `{show(broken_by)}`",
            expression.span,
            labels=[(broken_by.condition.span, "it breaks this condition")],
        )


# ---------------------------------------------------------------- operators


def operate(context: Context, op: str, operands: tuple[core.Expr, ...], span: Span) -> core.Expr:
    """An operator or built-in function on operands, typed by the table; reported when they do not fit. The caller has checked
    their number."""
    adapted = _harmonise(context, op, operands)
    result = OPERATORS[op].typing(*(operand.type for operand in adapted))
    if not isinstance(result, Wanted):
        return core.Apply(op, adapted, result, span=span)
    _misfit(context, op, adapted, result, span)
    return broken(span)


def _harmonise(context: Context, op: str, operands: tuple[core.Expr, ...]) -> tuple[core.Expr, ...]:
    """Literals take the type of the other operands."""
    if op == "ite":
        condition, *branches = operands
        return (condition, *_agree(context, tuple(branches)))
    if op in {"+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "min", "max"} and len(operands) > 1:
        return _agree(context, operands)
    return operands


def _agree(context: Context, operands: tuple[core.Expr, ...]) -> tuple[core.Expr, ...]:
    goal = next((o.type for o in operands if not isinstance(o, core.Literal) and not _loose(o)), None)
    decimal = next((o.type for o in operands if scalar(present(o.type)) == "decimal"), None)
    wanted = decimal if decimal is not None else goal
    if wanted is None or is_any(wanted):
        return operands
    return tuple(adapt(context, operand, wanted) for operand in operands)


def _loose(operand: core.Expr) -> bool:
    return is_any(operand.type) or (scalar(operand.type) == "int" and constant(operand) is not None)


def _misfit(context: Context, op: str, operands: tuple[core.Expr, ...], wanted: Wanted, span: Span) -> None:
    optional = next((o for o in operands if is_option(o.type)), None)
    if optional is not None and op not in {"==", "!=", "in", "ite"}:
        absent(context, optional)
        return
    shown = " and ".join(f"`{show(operand.type)}`" for operand in operands[op == "ite" :])
    word = {"neg": "-", "ite": "if ... then ... else"}.get(op, op)
    context.report("WF302", f"`{word}` wants {wanted.what}, not {shown}", span, help=wanted.help)


# ---------------------------------------------------------------- what is known not to be `none`


def narrow(env: Env, condition: core.Expr, truth: bool) -> Env:
    """The place under the condition being true (or false): expressions compared with `none` lose their option there."""
    found: set[core.Expr] = set()
    stack = [(condition, truth)]
    while stack:
        expression, holds = stack.pop()
        match expression:
            case core.Apply(op="not", args=(operand,)):
                stack.append((operand, not holds))
            case core.Apply(op="and", args=(left, right)) if holds:
                stack += [(left, True), (right, True)]
            case core.Apply(op="or", args=(left, right)) if not holds:
                stack += [(left, False), (right, False)]
            case core.Apply(op=("==" | "!=") as op, args=(left, right)) if (op == "!=") == holds:
                found |= _compared_with_none(left, right)
            case core.Apply(op="==", args=(left, right)):
                found |= _equal_to_value(left, right) if holds else set()
            case _:
                pass
    return attrs.evolve(env, present=env.present | found) if found else env


def _compared_with_none(left: core.Expr, right: core.Expr) -> set[core.Expr]:
    sides = ((left, right), (right, left))
    return {a for a, b in sides if isinstance(b, core.Literal) and b.value is None and is_place(a)}


def _equal_to_value(left: core.Expr, right: core.Expr) -> set[core.Expr]:
    sides = ((left, right), (right, left))
    return {a for a, b in sides if is_place(a) and not is_option(b.type) and not is_any(b.type)}


def forget(env: Env, name: str) -> Env:
    """The place after the variable was assigned: nothing is known of it any more."""
    kept = frozenset(place for place in env.present if root(place) != name)
    return attrs.evolve(env, present=kept)


def is_place(expression: core.Expr) -> bool:
    """A variable or a field of one: what keeps its value while an expression is evaluated."""
    return root(expression) is not None


def settled(env: Env, expression: core.Expr) -> core.Expr:
    """The expression with its option taken off where it is known not to be `none`."""
    if is_option(expression.type) and is_place(expression) and expression in env.present:
        return attrs.evolve(expression, type=present(expression.type))
    return expression


def as_condition(context: Context, expression: core.Expr) -> core.Expr:
    """The operand of a Boolean operator; reported when it is no condition."""
    if scalar(expression.type) == "bool" or is_any(expression.type):
        return expression
    return fit(context, expression, BOOL)
