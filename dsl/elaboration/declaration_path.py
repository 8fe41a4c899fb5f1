"""Field paths: `items[].body`, `[].email`."""

from __future__ import annotations

from wfcheck.dsl import syntax
from wfcheck.dsl.elaboration.consistency import is_any, present
from wfcheck.dsl.elaboration.context import Context
from wfcheck.dsl.elaboration.names import did_you_mean
from wfcheck.dsl.types import ANY, ListType, MapType, RecordType, SetType, Type, base, show


def check_path(context: Context, result: Type, path: syntax.Path) -> Type | None:
    """The type at the end of a path below a value; reported, and None, where the path leaves the type."""
    at = result
    for step in path.steps:
        inner = step_type(at, step)
        if inner is None:
            _report(context, at, step, path)
            return None
        at = inner
    return at


def step_type(type_: Type, step: str) -> Type | None:
    """The type one step below; None when there is no such step. Options are looked through."""
    bare = base(present(base(type_)))
    if is_any(bare):
        return ANY
    match bare:
        case ListType(item=item) | SetType(item=item):
            return item if step == "[]" else None
        case MapType(value=value):
            return value if step == "[]" else None
        case RecordType():
            return bare.field(step)
        case _:
            return None


def _report(context: Context, at: Type, step: str, path: syntax.Path) -> None:
    bare = base(present(base(at)))
    shown = show(at)
    if step == "[]":
        context.report("WF309", f"`{shown}` has no elements", path.span, help="`[]` steps into a list or map")
        return
    fields = [name for name, _ in bare.fields] if isinstance(bare, RecordType) else []
    help_ = did_you_mean(step, fields)
    if isinstance(bare, ListType | MapType):
        help_ = f"write `[].{step}` for the field of any element"
    context.report("WF307", f"`{shown}` has no field `{step}`", path.span, help=help_)
