"""Runs the LALR(1) tables over tokens, builds values on the way, and decides soft keywords by the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

from wfcheck.dsl.parsing.tables import Tables
from wfcheck.dsl.parsing.tokens import RESERVED, Tokens, words

MAX_DEPTH = 200
Action: TypeAlias = Callable[..., object]
Mark: TypeAlias = tuple[str, int, int]

# What the formatter wants to know the first and the last token of.
_MARKED = words(
    "import item declaration statement bare_return case branch clause principal_clause track_update "
    "rule annotation test_line expectation type_generic block"
)

# A word that says nothing without something after it is a name where only an end or an operator follows.
_PREFIXES = words("COUNT SUM MIN LLM AGENT ASK RECALL VIA EARLIER FLOW DECISION DISTINCT")
_BINDERS = frozenset({"COUNT", "SUM", "MIN"})
# `x = llm` before `y = 1` is a name, and so is one before anything but the name of a step and its context.
_ORACLES = frozenset({"LLM", "AGENT"})
_ASSIGNED = frozenset({"ASK", "RECALL"})
# No tool may bear the name of a built-in event: these stay what they are before `(`.
_ACTS = frozenset({"SAY", "REMEMBER", "ASK"})
# `retry (n) {`, `send (a), b to p`, `shows (a)`, `within (n) steps` begin with an operand in brackets, not with arguments.
_BRACKETED = words("RETRY SEND SHOWS WITHIN")
_INFIX = words(", + - * / . [ == != < <= > >= and or implies in like matches contains startswith endswith")
_ENDINGS = words("= == != < <= > >= + - * / ) ] } , . : := -> ?") | RESERVED


@attrs.define
class Machine:
    """One parse: four stacks (states, values, first tokens, depths of the trees) and the row of the next token.
    `last` is the row of the last token shifted, `settled` that of the last soft word decided. `by_lines`: the text
    is known to be wrong; a keyword that begins a line is no name, so that the mistake is found where it is."""

    tables: Tables
    tokens: Tokens
    actions: Mapping[str, Action]
    soft: frozenset[str]
    states: list[int]
    values: list[Any] = attrs.Factory(lambda: [None])
    begins: list[int] = attrs.Factory(lambda: [0])
    depths: list[int] = attrs.Factory(lambda: [0])
    row: int = 0
    last: int = 0
    settled: int = -1
    too_deep: bool = False
    by_lines: bool = False
    marks: list[Mark] = attrs.Factory(list)
    shortcuts: dict[tuple[int, int, str], int] = attrs.Factory(dict)

    def run(self, end: int) -> bool:
        """Go on until all is read (true) or a token fits nowhere (false); `row` is that token."""
        table, passes, shortcuts = self.tables.actions, self.tables.passes, self.shortcuts
        kinds, states, soft = self.tokens.kinds, self.states, self.soft
        while True:
            row = self.row
            kind = kinds[row]
            if kind in soft and self.settled != row:
                self._settle(row)
                continue
            action = table[states[-1]].get(kind)
            while action is not None and action < 0:
                if passes[~action]:
                    key = states[-2], states[-1], kind
                    states[-1] = shortcuts.get(key) or self._pass(key)
                else:
                    self._reduce(~action)
                    if self.too_deep:
                        return False
                action = table[states[-1]].get(kind)
            if action is None:
                return kind == "$END" and states[-1] == end
            self._shift(action, row)

    def _shift(self, state: int, row: int) -> None:
        self.states.append(state)
        self.values.append(self.tokens.values[row])
        self.begins.append(row)
        self.depths.append(0)
        self.last = row
        self.row = row + 1

    def _pass(self, key: tuple[int, int, str]) -> int:
        """The state after all reductions in a row that only rename what was read last. The levels of precedence are
        many, and most of the time of a parse would be spent in them."""
        below, state, kind = key
        tables = self.tables
        action = tables.actions[state].get(kind)
        while action is not None and action < 0 and tables.passes[~action]:
            state = tables.gotos[below][tables.productions[~action].origin]
            action = tables.actions[state].get(kind)
        self.shortcuts[key] = state
        return state

    def truncate(self, size: int) -> None:
        """Forget all but the first `size` states."""
        del self.states[size:], self.values[size:], self.begins[size:], self.depths[size:]

    def _reduce(self, number: int) -> None:
        origin, size, plan, rule, is_list = self.tables.plans[number]
        values, states, begins, depths = self.values, self.states, self.begins, self.depths
        base = len(values) - size
        begin = begins[base] if size else self.row
        depth = max(depths[base:]) if size else 0
        value: Any
        if is_list:
            value = self._collect(plan, base)
        elif rule is None:
            value = values[base + (plan[0] or 0)]
        else:
            depth += 1
            self.too_deep = self.too_deep or depth > MAX_DEPTH
            value = self.actions[rule](*self._collect(plan, base), span=self.tokens.span(begin, self.last))
            if rule in _MARKED or origin in _MARKED:
                self.marks.append((rule, begin, self.last))
        del values[base:], states[base:], begins[base:], depths[base:]
        states.append(self.tables.gotos[states[-1]][origin])
        values.append(value)
        begins.append(begin)
        depths.append(depth)

    def _collect(self, plan: tuple[int | None, ...], base: int) -> list[Any]:
        values = self.values
        if plan and plan[0] is not None and plan[0] < 0:
            children: list[Any] = values[base + ~plan[0]]
            plan = plan[1:]
        else:
            children = []
        for place in plan:
            if place is None:
                children.append(None)
            elif place < 0:
                children.extend(values[base + ~place])
            else:
                children.append(values[base + place])
        return children

    def _settle(self, row: int) -> None:
        """Decide what a soft word is; step over documentation that documents nothing."""
        kinds = self.tokens.kinds
        if kinds[row] == "DOC":
            if not viable(self.tables, self.states, "DOC"):
                self.row += 1
                return
        else:
            kinds[row] = self.choose(row)
        self.settled = row

    def choose(self, row: int) -> str:
        """The kind of a soft word here: its keyword, or NAME."""
        kind = self.tokens.kinds[row]
        if self.by_lines and self._begins_line(row):
            return kind
        order = ("NAME", kind) if self._is_name(row) else (kind, "NAME")
        return next((k for k in order if viable(self.tables, self.states, k)), kind)

    def _begins_line(self, row: int) -> bool:
        tokens = self.tokens
        return tokens.first(row) and not tokens.named(row) and tokens.texts[row + 1] not in _ENDINGS

    def _is_name(self, row: int) -> bool:
        kind, texts = self.tokens.kinds[row], self.tokens.texts
        following = texts[row + 1]
        if self.tokens.named(row):
            return following != "(" or not (kind in _ACTS or (kind in _BRACKETED and self._has_operand(row)))
        if kind in _BINDERS:
            return row + 2 >= len(texts) or texts[row + 2] not in {"in", ","} or following in _ENDINGS
        after = texts[row + 2] if row + 2 < len(texts) else ""
        if (kind in _ORACLES and after != "(") or (kind in _ASSIGNED and after == "="):
            return True
        return kind in _PREFIXES and following in _ENDINGS

    def _has_operand(self, row: int) -> bool:
        """Whether the bracket after a word holds its operand, by what follows the bracket or by how it is written."""
        tokens = self.tokens
        kind, after = tokens.kinds[row], tokens.texts[tokens.partner(row + 1) + 1]
        if kind == "RETRY":
            return after == "{"
        if kind == "SEND":
            return after in _INFIX
        return not tokens.first(row) or tokens.starts[row + 1] > tokens.end(row)


def viable(tables: Tables, states: list[int], kind: str) -> bool:
    """Whether a terminal can be shifted after the reductions it asks for (LALR look-ahead alone may promise too
    much)."""
    action = tables.actions[states[-1]].get(kind)
    made: list[int] = []  # the stack is `states[:kept]` and these
    kept = len(states)
    while action is not None and action < 0:
        production = tables.productions[~action]
        rest = production.size - len(made)
        if rest >= 0:
            kept -= rest
            made.clear()
        elif production.size:
            del made[-production.size :]
        made.append(tables.gotos[made[-1] if made else states[kept - 1]][production.origin])
        action = tables.actions[made[-1]].get(kind)
    return action is not None or (kind == "$END" and bool(made) and made[-1] in tables.ends.values())
