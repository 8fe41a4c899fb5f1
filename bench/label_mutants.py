"""The label rules, each made wrong: see `mutants.py`, which tries them."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from wfcheck.checker.labels import agent as label_agent
from wfcheck.checker.labels import analysis as labels
from wfcheck.checker.labels import domain as label_domain
from wfcheck.checker.labels import guarding as label_guarding
from wfcheck.checker.labels import partitions as label_partitions
from wfcheck.checker.labels import phases as label_phases
from wfcheck.checker.labels import regions as label_regions
from wfcheck.checker.labels import state as label_state
from wfcheck.checker.labels import statements as label_statements
from wfcheck.checker.labels import table as label_table


@attrs.frozen
class Mutant:
    """`owner`: a module or class, `name`: of its function, in whose text `old` becomes `new` (everywhere)."""

    title: str
    owner: Any
    name: str
    old: str
    new: str

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The mutant in place of the rule."""
        original = getattr(self.owner, self.name)
        text = textwrap.dedent(inspect.getsource(original))
        if self.old not in text:
            raise MisfitError(f"`{self.title}`: `{self.name}` no longer holds `{self.old}`")
        module = sys.modules[original.__module__]
        scope: dict[str, Any] = {}
        exec(compile(text.replace(self.old, self.new), "<mutant>", "exec"), module.__dict__, scope)
        setattr(self.owner, self.name, scope[self.name])
        try:
            yield
        finally:
            setattr(self.owner, self.name, original)


class MisfitError(Exception):
    """A mutant whose function was rewritten."""


S, R, A = label_statements, label_regions, label_agent
P, Q, G = label_phases.Plan, label_partitions, label_guarding.Guard
D, T, W, M = label_domain.LabelDomain, label_table.Table, label_state.Walk, label_state.Memory

MUTANTS = (
    Mutant("assignment without pc", S, "_let", "walk.here(", "walk.value("),
    Mutant("arguments without pc", S, "_named", "walk.here(", "walk.value("),
    Mutant("decision to act without pc", W, "record", "self.pc if decision is None", "0 if decision is None"),
    Mutant("result of a call without pc", S, "_call", "arguments, walk.pc)", "arguments, 0)"),
    Mutant("model answer without pc", S, "_llm", " | walk.pc", ""),
    Mutant(
        "store written without pc",
        S,
        "_remember",
        "value.every | key.every, walk.pc",
        "walk.value(statement.value).every | key.every, 0",
    ),
    Mutant("store written by a tool without pc", S, "call", " | decision))", "))"),
    Mutant("store written without the key", S, "_remember", " | key.every", ""),
    Mutant("a store is what no key names", Q, "held", "tree.every if", "tree.own if"),
    Mutant(
        "partition written without pc",
        Q,
        "kept",
        "join(leaf(control), grown(EMPTY, (name,), value))",
        "grown(EMPTY, (name,), value & ~control)",
    ),
    Mutant("any key names the same partition", Q, "cell", "{same!r}", "{key.span!r}"),
    Mutant("store read without pc", S, "_recall", " | walk.pc", ""),
    Mutant("store read without the choice", S, "_recall", "key | chosen | ", ""),
    Mutant(
        "message without pc",
        S,
        "_send",
        "walk.memory.send(statement.principal, union(values.values()) | walk.pc)",
        "pass",
    ),
    Mutant("release strips pc", D, "released", " | pc)", ")"),
    Mutant("release leaves no residue", T, "released", " | left", ""),
    Mutant("release forgets what went in", D, "released", "union(arguments.values())", "0"),
    Mutant("answer without pc", D, "answered", " | pc)", ")"),
    Mutant(
        "untaken arm ignored: the last counts",
        R,
        "rejoin",
        "for alive, changes in outcomes if alive]",
        "for alive, changes in outcomes[-1:]]",
    ),
    Mutant(
        "untaken arm ignored: the first counts",
        R,
        "rejoin",
        "for alive, changes in outcomes if alive]",
        "for alive, changes in outcomes[:1]]",
    ),
    Mutant("rejoin without the decision", R, "rejoin", "walk.pc if complete else 0", "0"),
    Mutant("branch without its condition", R, "branch", "walk.branch |= mask", "pass"),
    Mutant(
        "branch forgets what ended the run",
        R,
        "branch",
        "walk.exits, walk.returns[-1], walk.failing = ends",
        "walk.exits, walk.returns[-1], walk.failing = before",
    ),
    Mutant("stop is not felt", S, "_leave", "walk.exits |= walk.pc", "pass"),
    Mutant("return is not felt", S, "_leave", "walk.returns[-1] |= walk.pc", "pass"),
    Mutant("loop once", R, "loop", "while True:", "for _ in range(1):"),
    Mutant("loop three times", R, "loop", "while True:", "for _ in range(3):"),
    Mutant(
        "no zero iterations",
        R,
        "loop",
        "raised(join(walk.env.get(name, EMPTY), tree), walk.pc)",
        "raised(tree, walk.pc)",
    ),
    Mutant("loop without its condition", R, "loop", "outside | enter()", "(enter(), outside)[1]"),
    Mutant("loop without the length of its list", S, "_for", "return items.own", "return 0"),
    Mutant(
        "retry without what may fail",
        R,
        "retry",
        "walk.failures.pop() | head.failures",
        "walk.failures.pop() * 0",
    ),
    Mutant(
        "inlined workflow: result without pc",
        R,
        "scope",
        "raised(walk.returned.pop(), walk.pc)",
        "walk.returned.pop()",
    ),
    Mutant("trusted memory", M, "write", "if not below(tree, self.stores[store]):", "if False:"),
    Mutant("one session only", labels, "label", "while memory.changed:", "for _ in (1,):"),
    Mutant("strong store update", M, "write", "join(self.stores[store], tree)", "tree"),
    Mutant("empty inboxes", M, "send", "if old | mask != old:", "if False:"),
    Mutant(
        "agent ignores what it reads",
        A,
        "_use",
        "visible = 0 if tool.symbol in statement.hides else result.every",
        "visible = 0",
    ),
    Mutant(
        "handles fit nowhere",
        A,
        "_handles",
        "type_ is None or walk.domain.fits(walk.program.tools[symbol].result, type_)",
        "type_ is None",
    ),
    Mutant(
        "handles carry nothing", A, "_use", "decision | _handles(walk, statement, seen, p.type)", "decision"
    ),
    Mutant("a phase keeps what its first way has seen", A, "_explore", "before.joined(seen)", "before"),
    Mutant(
        "a phase forgets what led to it",
        A,
        "_use",
        "Seen(context | visible, handles)",
        "Seen(visible, handles)",
    ),
    Mutant(
        "hidden results are never held",
        A,
        "_use",
        "handles[tool.symbol] | result.every",
        "handles[tool.symbol]",
    ),
    Mutant("steps are counted twice", P, "after", "phase.steps + 1", "phase.steps + 2"),
    Mutant(
        "the last step is not made", P, "admits", "phase.steps < self.limit", "phase.steps + 1 < self.limit"
    ),
    Mutant("denials tell nothing", G, "tells", "return mask", "return 0"),
    Mutant("rules are armed from the start", G, "denied", "index in armed", "True"),
    Mutant(
        "any act arms", label_guarding, "_arms", "return _surely(program, choice, actor, may)", "return True"
    ),
    Mutant("agent ignores its context", A, "agent", "union(context.values()) | ", ""),
    Mutant("agent acts without pc", A, "agent", " | walk.pc", ""),
    Mutant(
        "label of the last argument only",
        D,
        "result",
        "union(v for name, v in arguments.items() if name not in tool.independent)",
        "([0] + [v.every for name, v in arguments.items() if name not in tool.independent])[-1]",
    ),
    Mutant("result without its declared tags", D, "result", "self.table.mask(clause.tags)", "0"),
    Mutant("result without what the tool reads", D, "result", "inputs | reads | pc", "inputs | pc"),
    Mutant("models are trusted", D, "made", "self.table.bits[MODEL] | ", ""),
    Mutant("models forget their context", D, "made", " | context", ""),
    Mutant("approval binds nothing", S, "_approve", "walk.exits |= walk.pc | left", "pass"),
    Mutant("approval leaves no residue", T, "approval_marks", "return marks", "return 0"),
    Mutant("approval forgets who steered it", T, "approved", "steering | ", ""),
    Mutant(
        "a choice of two values without its condition",
        label_domain,
        "evaluate",
        "raised(either, domain.value(condition, env, bound).every)",
        "either",
    ),
    Mutant(
        "operators by their last operand",
        label_domain,
        "evaluate",
        "union(domain.value(e, env, bound) for e in operands(expression))",
        "domain.value(operands(expression)[-1], env, bound).every",
    ),
    Mutant(
        "parameters without declared sources are clean",
        D,
        "parameter",
        "self.table.every_tag if sources is None",
        "0 if sources is None",
    ),
)
