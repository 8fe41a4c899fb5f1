"""What only the flow of a finished workflow body tells: variables that may be unassigned, statements that never run, paths without
a `return`, variables that nobody reads, and branches of `parallel` that interfere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration.consistency import is_option
from wfcheck.dsl.elaboration.context import Context
from wfcheck.dsl.phrase import phrase
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import show
from wfcheck.dsl.walk import expressions, statements, subexpressions, target


@attrs.frozen
class Ends:
    """How a block may end: past its last statement, by `return`."""

    completes: bool = True
    returns: bool = False


def check_flow(
    context: Context, workflow: core.Workflow, places: Mapping[str, Span], *, returns: bool, clean: bool
) -> None:
    """Reports all of the above. `places`: where each variable is first assigned. `returns`: the workflow gives a value.
    `clean`: no mistake was reported in the body, so that what is not read there is really not read."""
    flow = _Flow(context, places, {p.name for p in workflow.parameters})
    ends = flow.block(workflow.body)
    if returns and ends.completes and not is_option(workflow.result):
        _no_return(context, workflow)
    if clean:
        _unused(context, workflow, places)


def _no_return(context: Context, workflow: core.Workflow) -> None:
    context.report(
        "WF418",
        f"a path through `{workflow.symbol}` ends without a `return`",
        workflow.span,
        notes=[f"the workflow gives {show(workflow.result)}"],
        help="end every path with `return e` or `stop`",
    )


def _unused(context: Context, workflow: core.Workflow, places: Mapping[str, Span]) -> None:
    read = {name for s in statements(workflow.body) for e in expressions(s) for name in _locals(e)}
    read |= {name for c in (*workflow.requires, *workflow.ensures) for name in _locals(c.condition)}
    assigned = {target(s): s for s in statements(workflow.body) if not isinstance(s, core.For)}
    for name, span in places.items():
        if name not in read and name in assigned and not name.startswith("_"):
            needed = isinstance(assigned[name], core.Let)
            context.report(
                "WF441",
                f"`{name}` is never read",
                span,
                severity=Severity.WARNING,
                help="leave the statement out" if needed else f"leave `{name} =` out",
            )


def _locals(expression: core.Expr) -> Iterable[str]:
    for inner in subexpressions(expression):
        if isinstance(inner, core.Variable) and inner.kind == "local":
            yield inner.name


# ---------------------------------------------------------------- the walk


class _Flow:
    """`assigned` holds what is surely assigned at the current point; it only grows along a path, so that an arm is undone by
    removing what it added."""

    def __init__(self, context: Context, places: Mapping[str, Span], assigned: set[str]) -> None:
        self.context = context
        self.places = places
        self.assigned = assigned
        self.added: list[str] = []
        self.lost: dict[str, tuple[Span, str]] = {}

    def block(self, block: core.Block) -> Ends:
        ends = Ends()
        for index, statement in enumerate(block):
            after = self.statement(statement)
            ends = Ends(after.completes, ends.returns or after.returns)
            if not after.completes:
                if index + 1 < len(block):
                    self.unreachable(statement, block[index + 1])
                break
        return ends

    def unreachable(self, last: core.Statement, first: core.Statement) -> None:
        self.context.report(
            "WF440",
            "this statement is never reached",
            first.span,
            severity=Severity.WARNING,
            labels=[(last.span, "every run ends here")],
            help="leave it out",
        )

    def assign(self, name: str | None) -> None:
        if name is not None and name not in self.assigned:
            self.assigned.add(name)
            self.added.append(name)

    def arm(self, block: core.Block, *first: str) -> tuple[Ends, set[str]]:
        """How the block ends and what it surely assigns; the assignments are undone."""
        outer, self.added = self.added, []
        for name in first:
            self.assign(name)
        ends = self.block(block)
        added = set(self.added)
        self.assigned -= added
        self.added = outer
        return ends, added

    def reads(self, statement: core.Statement) -> None:
        for expression in expressions(statement):
            for inner in subexpressions(expression):
                if (
                    isinstance(inner, core.Variable)
                    and inner.kind == "local"
                    and inner.name not in self.assigned
                ):
                    self.unassigned(inner)

    def unassigned(self, variable: core.Variable) -> None:
        labels: list[tuple[Span | None, str]] = [(self.places.get(variable.name), "assigned here")]
        lost = self.lost.get(variable.name)
        if lost is not None:
            labels.append(lost)
        self.context.report(
            "WF401",
            f"`{variable.name.rpartition('.')[2]}` may not be assigned here",
            variable.span,
            labels=labels,
            help="assign it on every path, or before",
        )

    def lose(self, names: Iterable[str], span: Span, why: str) -> None:
        for name in names:
            self.lost.setdefault(name, (span, why))

    def statement(self, statement: core.Statement) -> Ends:
        self.reads(statement)
        match statement:
            case core.If():
                return self.branch(statement)
            case core.For(item=item, body=body):
                return self.loop(statement.span, body, item)
            case core.While(body=body):
                return self.loop(statement.span, body)
            case core.Parallel():
                return self.parallel(statement)
            case core.Retry():
                return self.retry(statement)
            case core.Approve(otherwise=tuple() as refused):
                ends, added = self.arm(refused)
                self.lose(added, statement.span, "not assigned when it is approved")
                return Ends(True, ends.returns)
            case core.Scope():
                return self.scope(statement)
            case core.Stop():
                return Ends(False)
            case core.Return():
                return Ends(False, True)
            case _:
                self.assign(target(statement))
                return Ends()

    def branch(self, statement: core.If) -> Ends:
        then, in_then = self.arm(statement.then)
        otherwise, in_else = self.arm(statement.otherwise)
        shown = phrase(statement.condition)
        if not then.completes:
            both = in_else
        elif not otherwise.completes:
            both = in_then
        else:
            both = in_then & in_else
            self.lose(in_then - both, statement.span, f"not assigned unless `{shown}`")
            self.lose(in_else - both, statement.span, f"not assigned when `{shown}`")
        for name in sorted(both):
            self.assign(name)
        return Ends(then.completes or otherwise.completes, then.returns or otherwise.returns)

    def loop(self, span: Span, body: core.Block, *item: str) -> Ends:
        ends, added = self.arm(body, *item)
        self.lose(added, span, "not assigned when the loop runs zero times")
        return Ends(True, ends.returns)

    def parallel(self, statement: core.Parallel) -> Ends:
        writes = [set(_written(branch)) for branch in statement.branches]
        everything = set().union(*writes)
        arms = []
        for index, branch in enumerate(statement.branches):
            others = everything - writes[index] - self.assigned
            self.assigned |= others  # reading them is reported as interference
            arms.append(self.arm(branch))
            self.assigned -= others
        for _, added in arms:
            for name in sorted(added):
                self.assign(name)
        interference(self.context, statement)
        return Ends(all(ends.completes for ends, _ in arms), any(ends.returns for ends, _ in arms))

    def retry(self, statement: core.Retry) -> Ends:
        body, added = self.arm(statement.body)
        if statement.handler is None:
            for name in sorted(added):
                self.assign(name)
            return body
        handler, handled = self.arm(statement.handler)
        both = added if not handler.completes else handled if not body.completes else added & handled
        self.lose((added | handled) - both, statement.span, "not assigned whether the attempts fail or not")
        for name in sorted(both):
            self.assign(name)
        return Ends(body.completes or handler.completes, body.returns or handler.returns)

    def scope(self, statement: core.Scope) -> Ends:
        """An inlined body was checked where it is declared; here only how it ends matters."""
        ends = _silent(statement)
        self.assign(statement.target)
        return Ends(ends.completes or ends.returns)


def _silent(scope: core.Scope) -> Ends:
    flow = _Flow(Context(), {}, {name for name, _ in scope.parameters})
    return flow.block(scope.body)


# ---------------------------------------------------------------- parallel branches


def interference(context: Context, statement: core.Parallel) -> None:
    """No branch may write a variable that another reads or writes; of stores a built-in rule speaks."""
    touched = [(_written(branch), _read(branch)) for branch in statement.branches]
    first: dict[str, int] = {}
    for index, (writes, _) in enumerate(touched):
        for name in writes:
            first.setdefault(name, index)
    for index, (writes, reads) in enumerate(touched):
        for name in sorted(first.keys() & (writes.keys() | reads.keys())):
            if first[name] != index:
                what, place = ("also assigned", writes[name]) if name in writes else ("read", reads[name])
                _clash(context, name, touched[first[name]][0][name], place, what)


def _clash(context: Context, name: str, written: Span, place: Span, what: str) -> None:
    context.report(
        "WF426",
        f"`{name}` is assigned in one branch of `parallel` and {what} in another",
        place,
        labels=[(written, "assigned here")],
        notes=["branches run in any order"],
        help="use another variable, or move the statement out of `parallel`",
    )


def _written(block: core.Block) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for statement in statements(block):
        name = target(statement)
        if name is not None:
            found.setdefault(name, statement.span)
    return found


def _read(block: core.Block) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for statement in statements(block):
        for expression in expressions(statement):
            for inner in subexpressions(expression):
                if isinstance(inner, core.Variable) and inner.kind == "local":
                    found.setdefault(inner.name, inner.span)
    return found
