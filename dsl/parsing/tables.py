"""The LALR(1) tables of `grammar.lark`. Lark builds them; at run time they are read from `grammar.tables`,
so that a start neither imports lark nor builds anything. This is the only module that imports lark."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs

FORMAT = 1
STARTS = ("module", "expr")
_HERE = Path(__file__).parent
GRAMMAR_FILE = _HERE / "grammar.lark"
TABLES_FILE = _HERE / "grammar.tables"


@attrs.frozen
class Production:
    """One way to build `origin` from `size` symbols. `plan` makes the children: an index keeps a value, `~index`
    splices a list, None is the place of an optional part that is not there. `action` is None where the one
    child is the value."""

    origin: str
    size: int
    plan: tuple[int | None, ...]
    action: str | None
    is_list: bool


@attrs.frozen(eq=False)
class Tables:
    """`actions[state][terminal]` is the next state, or `~production` to reduce; -1 - 0 is production 0.
    `accept` is the state after a whole start symbol. `keywords` maps words to terminals, `signs` punctuation;
    `plans` are the productions as plain tuples; `passes` tells which of them only rename the one thing they are made of."""

    actions: tuple[Mapping[str, int], ...]
    gotos: tuple[Mapping[str, int], ...]
    productions: tuple[Production, ...]
    starts: Mapping[str, int]
    ends: Mapping[str, int]
    keywords: Mapping[str, str]
    signs: Mapping[str, str]
    spellings: Mapping[str, str]
    plans: tuple[tuple[str, int, tuple[int | None, ...], str | None, bool], ...]
    passes: tuple[bool, ...]


@cache
def load_tables() -> Tables:
    """The tables shipped with the package, or tables built anew where the grammar is not the one they are of."""
    grammar = GRAMMAR_FILE.read_text(encoding="utf-8")
    data = _shipped(fingerprint(grammar))
    return _unpack(data if data is not None else build(grammar))


def fingerprint(grammar: str) -> str:
    """What ties a tables file to its grammar."""
    return f"{FORMAT}-{len(grammar)}-{zlib.crc32(grammar.encode()):08x}"


def _shipped(wanted: str) -> dict[str, Any] | None:
    try:
        data = json.loads(TABLES_FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("fingerprint") == wanted else None


def _unpack(data: dict[str, Any]) -> Tables:
    names: list[str] = data["names"]
    spellings: dict[str, str] = data["spellings"]
    productions = tuple(
        Production(names[origin], size, tuple(plan), action, is_list)
        for origin, size, plan, action, is_list in data["productions"]
    )
    return Tables(
        actions=tuple(_row(names, row) for row in data["actions"]),
        gotos=tuple(_row(names, row) for row in data["gotos"]),
        productions=productions,
        plans=tuple((p.origin, p.size, p.plan, p.action, p.is_list) for p in productions),
        passes=tuple(p.size == 1 and p.action is None and not p.is_list for p in productions),
        starts=data["starts"],
        ends=data["ends"],
        keywords={text: name for name, text in spellings.items() if text.isalpha()},
        signs={text: name for name, text in spellings.items() if not text.isalpha()},
        spellings=spellings,
    )


def _row(names: list[str], row: list[int]) -> dict[str, int]:
    return {names[row[i]]: row[i + 1] for i in range(0, len(row), 2)}


def serialize(data: dict[str, Any]) -> str:
    """The text of the tables file."""
    return json.dumps(data, separators=(",", ":"), sort_keys=True) + "\n"


def lark_parser(grammar: str, **options: Any) -> Any:
    """Lark's own parser of the grammar; a conflict or a collision of terminals is an error."""
    from lark import Lark

    return Lark(grammar, parser="lalr", strict=True, start=list(STARTS), maybe_placeholders=True, **options)


def build(grammar: str) -> dict[str, Any]:
    """Tables as plain data, from the text of the grammar (half a second).

    Raises lark's `GrammarError` on a conflict."""
    from lark import Lark
    from lark.lexer import PatternStr

    parser = Lark(grammar, parser="lalr", start=list(STARTS), maybe_placeholders=True)
    table = parser.parser.parser._parse_table
    rules = sorted(
        {r for row in table.states.values() for a, r in row.values() if not isinstance(r, int)}, key=_order
    )
    number = {rule: i for i, rule in enumerate(rules)}
    terminals = {t.name for t in parser.terminals} | {"$END"}
    names = sorted({n for row in table.states.values() for n in row} | {r.origin.name for r in rules})
    index = {name: i for i, name in enumerate(names)}
    order = _breadth_first(table)
    actions: list[list[int]] = [[] for _ in order]
    gotos: list[list[int]] = [[] for _ in order]
    for old, state in order.items():
        for name, (_, target) in sorted(table.states[old].items()):
            row = actions[state] if name in terminals else gotos[state]
            row += [index[name], order[target] if isinstance(target, int) else ~number[target]]
    return {
        "fingerprint": fingerprint(grammar),
        "names": names,
        "actions": actions,
        "gotos": gotos,
        "productions": [_production(rule, index) for rule in rules],
        "starts": {start: order[state] for start, state in table.start_states.items()},
        "ends": {start: order[state] for start, state in table.end_states.items()},
        "spellings": {t.name: t.pattern.value for t in parser.terminals if isinstance(t.pattern, PatternStr)},
    }


def _breadth_first(table: Any) -> dict[int, int]:
    """New numbers of the states: lark's own differ from run to run."""
    order: dict[int, int] = {}
    queue = [table.start_states[start] for start in STARTS]
    for state in queue:
        if state not in order:
            order[state] = len(order)
            row = sorted(table.states[state].items())
            queue += [target for _, (_, target) in row if isinstance(target, int)]
    return order


def _order(rule: Any) -> tuple[str, int, str]:
    return rule.origin.name, rule.order, str(rule)


def _production(rule: Any, index: dict[str, int]) -> list[Any]:
    plan = _plan(rule)
    is_list = rule.origin.name.startswith("_")
    passes = rule.options.expand1 and rule.alias is None and len(plan) == 1 and not is_list
    action = None if passes or is_list else (rule.alias or str(rule.origin.name))
    return [index[rule.origin.name], len(rule.expansion), plan, action, is_list]


def _plan(rule: Any) -> list[int | None]:
    absent = list(rule.options.empty_indices)
    plan: list[int | None] = []
    position = 0
    if not absent:
        absent = [False] * len(rule.expansion)
    for gone in absent:
        if gone:
            plan.append(None)
            continue
        symbol = rule.expansion[position]
        if symbol.name.startswith("_") and not symbol.is_term:
            plan.append(~position)
        elif not (symbol.is_term and symbol.filter_out and not rule.options.keep_all_tokens):
            plan.append(position)
        position += 1
    return plan


def main() -> None:
    """Write `grammar.tables`: `python -m wfcheck.dsl.parsing.tables`."""
    grammar = GRAMMAR_FILE.read_text(encoding="utf-8")
    TABLES_FILE.write_text(serialize(build(grammar)), encoding="utf-8")


if __name__ == "__main__":
    main()
