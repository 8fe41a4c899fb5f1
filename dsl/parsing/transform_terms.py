"""Builders of names, paths, expressions, types, events and patterns, keyed by the rules of the grammar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from wfcheck.dsl import syntax as s
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.parsing.literals import Note
from wfcheck.dsl.parsing.tokens import words
from wfcheck.dsl.source import Span


def name_of(text: str, *, span: Span) -> s.Ident:
    """A name, with or without back-quotes."""
    return s.Ident(text, span=span)


def variable(name: s.Ident, *, span: Span) -> s.Name:
    """A name that stands for a value."""
    return s.Name(name.text, span=span)


def ref(*parts: s.Ident, span: Span) -> s.Ident:
    """A dotted reference is one name: `org.pay`."""
    return parts[0] if len(parts) == 1 else s.Ident(".".join(p.text for p in parts), span=span)


def several(*values: object, span: Span) -> tuple[object, ...]:
    """A list."""
    return values


def only(value: object, *, span: Span) -> object:
    """The value of a rule that adds nothing to its one part."""
    return value


def absent(*, span: Span) -> None:
    """Nothing was written."""


def fixed(value: object) -> Callable[..., object]:
    """A builder that always yields `value`."""
    return lambda *, span: value


def quoted_name(text: s.TextLit, *, span: Span) -> s.Ident:
    """A name in double quotes, of a field or a member."""
    return s.Ident(text.value, span=span)


def items(base: s.Expr, *, span: Span) -> s.Subscript:
    """`base[]`"""
    return s.Subscript(base, None, span=span)


def apply_max(arguments: tuple[s.Argument, ...], *, span: Span) -> s.Apply:
    """`max(...)`; the word is reserved, so it is no name in the grammar."""
    end = span.start + len("max")
    word = Span(span.file, span.start, end, span.line, span.column, span.line, span.column + len("max"))
    return s.Apply(s.Name("max", span=word), arguments, span=span)


def bare_argument(value: s.Expr, *, span: Span) -> s.Argument:
    """An argument by position."""
    return s.Argument(None, value, span=span)


def binary(operator: str) -> Callable[..., s.Binary]:
    """A builder of an infix operation."""

    def build(left: s.Expr, right: s.Expr, *, span: Span) -> s.Binary:
        return s.Binary(operator, left, right, span=span)

    return build


def compare(operator: str) -> Callable[..., s.ComparePattern]:
    """A builder of a comparison in a pattern."""

    def build(value: s.Expr, *, span: Span) -> s.ComparePattern:
        return s.ComparePattern(operator, value, span=span)

    return build


def list_of(*values: s.Expr, span: Span) -> s.ListLit:
    """`[a, b]`"""
    return s.ListLit(values, span=span)


def set_of(*values: s.Expr, span: Span) -> s.SetLit:
    """`{a, b}`"""
    return s.SetLit(values, span=span)


def record_of(*fields: s.FieldInit, span: Span) -> s.RecordLit:
    """`{name: value}`"""
    return s.RecordLit(fields, span=span)


def type_any(*, span: Span) -> s.TypeName:
    """`any`"""
    return s.TypeName(s.Ident("any", span=span), span=span)


def type_generic(note: Note, head: s.Ident, *parts: s.TypeExpr, span: Span) -> s.TypeExpr:
    """`list<T>` or `map<K, V>`"""
    if head.text == "list" and len(parts) == 1:
        return s.TypeList(parts[0], span=span)
    if head.text == "map" and len(parts) == 2:
        return s.TypeMap(parts[0], parts[1], span=span)
    help_ = "only `list<T>` and `map<K, V>` take types"
    note(Diagnostic("WF119", f"`{head.text}` does not take {len(parts)} type(s)", span, help=help_))
    return s.TypeName(s.Ident("any", span=head.span), span=span)


def type_record(*fields: s.FieldType, span: Span) -> s.TypeRecord:
    """`{name: T}`"""
    return s.TypeRecord(fields, span=span)


def type_enum(*members: s.Ident, span: Span) -> s.TypeEnum:
    """`enum {a, "b c"}`"""
    return s.TypeEnum(members, span=span)


def rooted_steps(*, span: Span) -> tuple[str, ...]:
    """`[]` at the start of a path: any element of the result itself."""
    return ("[]",)


def rooted_field(steps: tuple[str, ...], field: s.Ident, *, span: Span) -> tuple[str, ...]:
    """`[].email`"""
    return (*steps, field.text)


def rooted_items(steps: tuple[str, ...], *, span: Span) -> tuple[str, ...]:
    """`[].lines[]`"""
    return (*steps, "[]")


def field_path(note: Note, value: s.Expr | tuple[str, ...], *, span: Span) -> s.Path:
    """A path into a result."""
    return s.Path(value if isinstance(value, tuple) else _steps(note, value), span=span)


def _steps(note: Note, value: s.Expr) -> tuple[str, ...]:
    steps: list[str] = []
    while not isinstance(value, s.Name):
        match value:
            case s.Member(base, name):
                steps.append(name.text)
                value = base
            case s.Subscript(base, None):
                steps.append("[]")
                value = base
            case s.Subscript(base, s.TextLit(text)):
                steps.append(text)
                value = base
            case _:
                help_ = 'a path is made of names, `[]` and `["odd name"]`'
                note(Diagnostic("WF120", "this is no path of fields", value.span, help=help_))
                return ()
    return (value.text, *reversed(steps))


def is_path(value: s.Expr) -> bool:
    """Whether an expression is a path: names, `.field`, `[index]`, `[]`."""
    while isinstance(value, (s.Member, s.Subscript)):
        value = value.base
    return isinstance(value, (s.Name, s.Apply)) and (isinstance(value, s.Name) or is_path(value.function))


def pattern_value(value: s.Expr, *, span: Span) -> s.Pattern:
    """A literal or a name; `_`, `same`, `args` and upper-case names have a meaning of their own."""
    if not isinstance(value, s.Name):
        return s.LiteralPattern(value, span=span)
    special: Mapping[str, Callable[..., s.Pattern]] = {
        "_": s.AnyPattern,
        "same": s.SamePattern,
        "args": s.ArgsPattern,
    }
    if value.text in special:
        return special[value.text](span=span)
    if value.text[:1].isupper():
        return s.BinderPattern(s.Ident(value.text, span=span), span=span)
    return s.LiteralPattern(value, span=span)


def bare_pattern(pattern: s.Pattern, *, span: Span) -> s.EventArgument:
    """A pattern by position."""
    return s.EventArgument(None, pattern, span=span)


def event_bare(name: s.Expr, result: s.Pattern | None, by: s.Ident | None, *, span: Span) -> s.EventCall:
    """`refund [-> pattern] [by p]`"""
    return s.EventCall(name, None, result, by, span=span)


def event_choice(*parts: s.Event | s.Ident | None, span: Span) -> s.EventChoice:
    """`{a, b} [by p]`"""
    events = tuple(p for p in parts if isinstance(p, (s.EventCall, s.EventChoice)))
    by = parts[-1]
    return s.EventChoice(events, by if isinstance(by, s.Ident) else None, span=span)


def quantified(
    kind: str, names: tuple[s.Ident, ...], source: s.Expr, body: s.Expr, *, span: Span
) -> s.Quantifier:
    """`any a, b in xs: body`"""
    return s.Quantifier(kind, names, source, body, span=span)


_OPERATORS = {
    "implies": "implies",
    "or": "or",
    "and": "and",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "in": "in",
    "not_in": "not in",
    "like": "like",
    "contains": "contains",
    "startswith": "startswith",
    "endswith": "endswith",
    "matches": "matches",
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
}
_COMPARISONS = words("eq ne lt le gt ge in not_in like contains startswith endswith matches")

BUILDERS: Mapping[str, Callable[..., object]] = {
    **{rule: binary(operator) for rule, operator in _OPERATORS.items()},
    **{f"pattern_{rule}": compare(_OPERATORS[rule]) for rule in _COMPARISONS},
    "name": name_of,
    "variable": variable,
    "ref": ref,
    "names": several,
    "name_list": several,
    "paths": several,
    "exprs": several,
    "tag_set": several,
    "arguments": several,
    "events": several,
    "pattern_arguments": several,
    "quoted_name": quoted_name,
    "member": s.Member,
    "subscript": s.Subscript,
    "items": items,
    "apply": s.Apply,
    "apply_max": apply_max,
    "via": s.Via,
    "named_argument": s.Argument,
    "bare_argument": bare_argument,
    "not": partial(s.Unary, "not"),
    "negate": partial(s.Unary, "-"),
    "true": partial(s.BoolLit, True),
    "false": partial(s.BoolLit, False),
    "none": s.NoneLit,
    "list": list_of,
    "set": set_of,
    "field": s.FieldInit,
    "record_literal": record_of,
    "if_expr": s.IfExpr,
    "quantifier": only,
    "quantified": quantified,
    "earlier": s.Earlier,
    "type_name": s.TypeName,
    "type_any": type_any,
    "type_option": s.TypeOption,
    "type_refined": s.TypeRefined,
    "type_enum": type_enum,
    "record": type_record,
    "field_type": s.FieldType,
    "rooted": rooted_steps,
    "rooted_field": rooted_field,
    "rooted_items": rooted_items,
    "pattern_value": pattern_value,
    "named_pattern": s.EventArgument,
    "bare_pattern": bare_pattern,
    "event_bare": event_bare,
    "event_call": s.EventCall,
    "event_choice": event_choice,
}

CHECKED: Mapping[str, Callable[..., object]] = {
    "type_generic": type_generic,
    "field_path": field_path,
}
