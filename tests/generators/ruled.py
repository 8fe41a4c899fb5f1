"""Random workflows, as text, under many rules at once: registers and tables, limits of every scope, guarded agents, partitions, and
negative amounts, on top of what `looping` writes."""

from __future__ import annotations

from random import Random

import attrs
from generators.looping import HEAD, RULES, SESSION, Writer

MORE = """
influence web
store shelf: list<{ who: text, body: text }> partition by who holds {}
tool fetch(to: text) -> text { effect read emits nothing returns {web} }
tool note(names: list<text>) -> int { effect write emits nothing returns {} }
table limits: { k: text, most: int } = [ { k: "a", most: 1 }, { k: "b", most: 2 } ]
track latest: text = "" { on pay: to }
track open: int = 0 { on check -> true: open + 1  on undo: open - 1  on undo when open > 1: 0 }
track most: int = 0 { on pay: if amount > most then amount else most  on fail(pay): 0 }
track refused: int = 0 { on deny(pay): refused + 1  on approve(pay): 0 }
track noted: map<text, bool> = {} { on note for each x in names: noted[x] := true  on say: {} }
"""

REGISTERS = (
    "forbid pay when latest == to",
    "forbid pay when known(owner[to]) and owner[to] > 1",
    "forbid pay when amount > limits[to].most",
    "forbid pay(to: X) when known(noted[X])",
    "forbid undo when refused > 0",
    "require check -> true before pay when most < 2",
    "limit count(pay) <= 1 per run when most > 1",
    "always open >= 0",
    "always open <= 1 when pay",
    "always most <= 2",
    "always refused <= 1 when undo",
)
SCOPES = (
    "limit count(pay) <= 2 per 24h",
    "limit count(pay) <= 1 per 2s",
    "limit count(pay) <= 1 per pay.to per session",
    "limit count({pay, undo}) <= 3 per turn",
    "limit sum(pay.amount) <= 3 per 2s",
    "limit sum(pay.amount * 2) <= 5 per turn",
    "limit sum(0 - pay.amount) <= 0 per run",
    "limit sum(pay.amount) <= 3 per pay.to",
    "limit distinct(pay.amount) <= 2 per session",
    "limit distinct(pay.to) <= 1 per turn",
    "limit consecutive(pay) <= 1 per turn",
    "limit consecutive(check -> true) <= 2 per session",
    "limit bits(release(shrink)) <= 1 per session",
)
ORDER = (
    "require approve(by: alice, shows: args) since undo before pay",
    "require approve(shows: args) before pay within 2 steps",
    "require deny(pay) before undo",
    "require {check(to: same), say} before undo(to: X)",
    "require check(to: x) before note for each x in names",
    "require note after pay within 2 steps per session",
    "require undo(to: same) after pay(amount: > 1) before end per session",
    "require check -> true since check -> false before pay",
    "forbid pay after deny(pay) until approve(by: alice)",
    "forbid pay after approve(by: alice) until check(to: same)",
    "forbid pay after check -> false until check -> true",
    "forbid pay after remember(shelf)",
    "forbid pay(to: X) after undo(to: X) for 2s",
    "forbid say after read(web)",
    "require distinct principals for release(shrink), pay",
    "require distinct principals for check(to: X), pay(to: X) per session",
)
GRANTS = (
    "allow helper: look, check, undo, fetch, note, pay(amount: < 3)",
    'allow clerk: look, check, undo, pay(to: "a") when not checked',
)
MANY = 8


@attrs.define
class RuledWriter(Writer):
    """Also writes partitions of a store, lists, what comes from the web, and negative amounts."""

    def statement(self, depth: int) -> str:
        """One statement."""
        mine = (self._keep, self._recall, self._note, self._fetch, self._refund)
        return (
            self.random.choice(mine)(depth) if self.random.random() < 0.15 else Writer.statement(self, depth)
        )

    def _keep(self, _: int) -> str:
        key = self.random.choice(['"a"', '"b"', self.text()])
        return f"remember {{ who: {key}, body: {self.text()} }} into shelf[{key}]"

    def _recall(self, _: int) -> str:
        key = self.random.choice([self.text(), '"a"'])
        return f"{self._name('kept')} = recall shelf[{key}]"

    def _note(self, _: int) -> str:
        return f"note(names: {self.random.choice(['names', f'[{self.texts[0]}]', '[]'])})"

    def _fetch(self, _: int) -> str:
        found = self._name("web")
        line = f"{found} = fetch(to: {self.text()})"
        self.texts.append(found)
        return line

    def _refund(self, _: int) -> str:
        return f"pay(to: {self.text()}, amount: 0 - {self.random.choice(self.numbers)})"


def program(seed: int) -> str:
    """The text of a program with several rules in policy `p`, in whose scope `w` is, and sometimes `v`."""
    random = Random(seed)
    scope = ["w", "v"][: random.choice([1, 1, 1, 2])]
    texts = [HEAD, MORE, _inlined(random), *(_workflow(random, name) for name in scope)]
    plain = random.sample([*RULES, *SESSION, *REGISTERS, *SCOPES, *ORDER], MANY)
    rules = [f"r{number}: {rule}" for number, rule in enumerate(plain)]
    texts.append("\n".join([f"policy p for {', '.join(scope)} {{", *rules, *_grants(random), "}"]))
    return "\n".join(texts)


def _inlined(random: Random) -> str:
    inner = RuledWriter(random, 4, ["most"], ["to"], inlined=True)
    head = "workflow inner(most: int from {user}, to: text from {user}, names: list<text> from {user}) as clerk -> int"
    return f"{head} {{\n{inner.block(2)}\nif most > 1 {{ return most }}\n{inner.block(1)}\nreturn 0\n}}"


def _workflow(random: Random, name: str) -> str:
    writer = RuledWriter(random, random.randint(3, 8))
    by = random.choice(["as helper", ""])
    guarded = random.choice(["", " guarded"])
    once = random.choice(["", " once per session", " once per session"])
    head = f"workflow {name}(n: int from {{user}}, who: text from {{user}}, names: list<text> from {{user}})"
    return f"{head} {by}{guarded}{once} {{\n{writer.block(3)}\n{writer.block(3)}\n}}"


def _grants(random: Random) -> list[str]:
    return [line for line in GRANTS if random.random() < 0.15]
