"""Several runs of one session, and answers that stay the same for a few rounds: what it takes to break a bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wfcheck.checker.search.exploration import Key, Script
from wfcheck.dsl import core, types
from wfcheck.dsl.walk import fields_of, statements

ROUNDS = (2, 3, 5)
"""How often in a row a question is answered with yes."""
SWEPT = 5


def names(entries: Sequence[core.Workflow]) -> list[str]:
    """The session of each run: one for all, unless a workflow runs twice that may do so once."""
    repeated = any(w.once_per_session and list(entries).count(w) > 1 for w in entries)
    return [f"s{count}" if repeated else "s1" for count in range(1, len(entries) + 1)]


def looks_back(rule: core.Rule, program: core.Program) -> bool:
    """Whether earlier runs of the session matter to the rule as such."""
    if isinstance(rule.body, core.Limit):
        return not any(scope.kind in ("run", "turn") for scope in rule.body.scopes)
    return rule.per_session or bool(program.registers)


def earlier(
    program: core.Program, workflow: core.Workflow, rule: core.Rule
) -> Iterator[tuple[core.Workflow, ...]]:
    """Runs that may come before one of the workflow, fewest first."""
    known = [program.workflows[name] for name in rule.workflows]
    others = [w for w in known if w is not workflow or not workflow.once_per_session]
    yield from ((other,) for other in others)
    yield from ((other, other) for other in others if not other.once_per_session)


def patterns(part: object) -> Iterator[core.EventPattern]:
    """Every event pattern in a part of a rule, by structure."""
    stack = [part]
    while stack:
        top = stack.pop()
        if isinstance(top, core.EventPattern):
            yield top
        elif isinstance(top, tuple | frozenset):
            stack.extend(top)
        else:
            stack.extend(value for name, value in fields_of(top) if name != "span")


def persistent(entries: Sequence[core.Workflow], program: core.Program) -> Iterator[Script]:
    """Scripts that answer every yes-or-no question with yes, for some rounds."""
    for rounds in ROUNDS:
        yield {
            (number, statement.id, instance): True
            for number, workflow in enumerate(entries)
            for statement in statements(workflow.body)
            if _is_question(statement, program)
            for instance in range(rounds)
        }


def _is_question(statement: core.Statement, program: core.Program) -> bool:
    match statement:
        case core.Call(tool=tool):
            return types.base(program.tools[tool].result) == types.BOOL
        case core.Llm() | core.Ask() | core.Receive():
            return types.base(statement.type) == types.BOOL
        case core.ReleaseCall(release=release):
            return types.base(program.releases[release].result) == types.BOOL
        case _:
            return False


def swept(script: Script, key: Key, answer: object, entries: Sequence[core.Workflow]) -> Script | None:
    """The script with the same answer at the next visits of the same place, in every run of the same workflow; None for questions
    that are put once."""
    match key:
        case (int() as run, str(), int() as first) | (int() as run, str(), int(), int() as first):
            alike = [number for number, workflow in enumerate(entries) if workflow is entries[run]]
            keys = [_again(key, at, first + more) for at in alike for more in range(SWEPT)]
        case (int(), str(), int(), "schedule", int() as first):
            keys = [(*key[:-1], first + more) for more in range(SWEPT)]
        case _:
            return None
    return {**dict.fromkeys(keys, answer), **script, key: answer}


def _again(key: Key, run: int, visit: int) -> Key:
    return (run, *key[1:-1], visit)
