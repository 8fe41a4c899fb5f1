"""Random small workflows, as text, in which events repeat; with rules that some of them keep."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import attrs

HEAD = """
principal alice is human
principal helper is agent
principal clerk is agent
channel bank
secrecy pii
store memo: text holds {}
release shrink(x: text) -> bool removes {pii} by alice
tool pay(to: text, amount: int) -> int { effect irreversible emits bank returns {} }
tool check(to: text) -> bool { effect read emits nothing returns {} }
tool look() -> bool { effect read emits nothing returns {} }
tool undo(to: text) { effect write emits nothing returns {} }
track paid: int = 0 { on pay: paid + amount }
track checked: bool = false { on check: true  on say: false }
track owner: map<text, int> = {} { on pay(to: X): owner[X] := amount }
"""

INNER = "workflow inner(most: int from {user}, to: text from {user}, names: list<text> from {user}) as clerk -> int"

RULES = (
    "require check before pay",
    "require check(to: same) before pay",
    "require check(to: X) before pay(to: X)",
    "require check(to: same) since say before pay",
    "require check since undo before pay",
    "require look before pay within 2 steps",
    "require approve(by: alice, shows: args) before pay",
    "require approve(shows: args) before pay when amount > 1",
    "require {approve(shows: args), check(to: same)} before pay",
    "require fail(pay) before undo",
    "require undo after fail(pay) before end",
    "require say after pay before end",
    "require check(to: same) after pay before end",
    "require look after pay within 3 steps",
    "require distinct principals for approve(pay), pay",
    "require distinct principals for check, pay",
    "forbid pay after undo",
    "forbid pay after undo until check",
    "forbid pay(to: same) after check(to: same) until say",
    "forbid pay when amount > 2",
    "forbid pay when not checked",
    "forbid undo when known(owner[to])",
    "forbid say after pay",
    "forbid undo by helper",
    "forbid pay(amount: > 1) after fail(pay)",
    "forbid call(effect: irreversible) after write(memo)",
    "limit count(pay) <= 2 per run",
    "limit count(pay) <= 1 per pay.to per run",
    "limit count(undo) <= 3 per turn",
    "limit sum(pay.amount) <= 4 per run",
    "limit sum(pay.amount) <= 3 per pay.to per run",
    "limit distinct(pay.to) <= 1 per run",
    "limit consecutive(pay) <= 2 per run",
    "limit consecutive(fail(pay)) <= 2 per run",
    "limit bits(release(shrink)) <= 2 per run",
    "limit count(look) <= 3 per run",
    "always paid <= 5",
    "always paid <= 3 when say",
)
SESSION = (
    "require check before pay per session",
    "require check since undo before pay per session",
    "require approve(shows: args) before pay per session",
    "forbid pay after undo per session",
    "forbid pay after undo until check per session",
    "require say after pay before end per session",
    "limit count(pay) <= 2 per session",
    "limit sum(pay.amount) <= 4 per session",
    "limit count(pay) <= 1 per pay.to",
    "limit consecutive(pay) <= 2 per session",
    "limit distinct(pay.to) <= 1 per session",
)


@attrs.define
class Writer:
    """Writes blocks. `numbers`: variables that hold ints; `texts`: those that hold texts."""

    random: Random
    size: int
    numbers: list[str] = attrs.field(factory=lambda: ["n"])
    texts: list[str] = attrs.field(factory=lambda: ["who"])
    fresh: int = 0
    inlined: bool = False

    def block(self, depth: int) -> str:
        """One to three statements."""
        lines = []
        for _ in range(self.random.randint(1, 3)):
            if self.size > 0:
                self.size -= 1
                lines.append(self.statement(depth))
        return "\n".join(lines) or "look()"

    def statement(self, depth: int) -> str:
        """One statement."""
        plain: list[Callable[[int], str]] = [
            self._pay, self._pay, self._check, self._check, self._undo, self._say, self._step, self._approved, self._approve,
            self._release, self._remember,
        ]  # fmt: skip
        deep = [
            self._if,
            self._if,
            self._loop,
            self._loop,
            self._each,
            self._retry,
            self._agent,
            *([] if self.inlined else [self._inner]),
        ]
        rare = [self._stop]
        kinds = plain * 2 + (deep * 3 if depth > 0 else []) + rare
        return self.random.choice(kinds)(depth)

    def _name(self, prefix: str) -> str:
        self.fresh += 1
        return f"{prefix}{self.fresh}"

    def number(self) -> str:
        """An int."""
        return self.random.choice([*self.numbers, "1", "2", "1", f"{self.random.choice(self.numbers)} + 1"])

    def text(self) -> str:
        """A text."""
        return self.random.choice([*self.texts, '"a"', '"a"', '"b"'])

    def condition(self) -> str:
        """A condition."""
        number = self.random.choice(self.numbers)
        return self.random.choice(
            [f"{number} > 1", f"{number} == 2", f'{self.text()} == "a"', f"{number} < 3"]
        )

    def _pay(self, _: int) -> str:
        return f"pay(to: {self.text()}, amount: {self.number()})"

    def _check(self, _: int) -> str:
        return f"check(to: {self.text()})"

    def _undo(self, _: int) -> str:
        return f"undo(to: {self.text()})"

    def _say(self, _: int) -> str:
        return 'say "hello"'

    def _step(self, _: int) -> str:
        name = self.random.choice(self.numbers)
        return f"{name} = {self.number()}" if name not in ("n", "most") else "look()"

    def _approved(self, _: int) -> str:
        to, amount = self.text(), self.number()
        first = self.random.choice(["approve {} by alice", "check(to: {1})\napprove {} by alice"])
        call = f"pay(to: {to}, amount: {amount})"
        return f"{first.replace('{1}', to).replace('{}', call)}\n{call}"

    def _approve(self, depth: int) -> str:
        otherwise = f" else {{ {self._inside(depth)} }}" if depth > 0 and self.random.random() < 0.5 else ""
        return f"approve pay(to: {self.text()}, amount: {self.number()}) by alice{otherwise}"

    def _release(self, _: int) -> str:
        return f"{self._name('r')} = shrink(x: {self.text()})"

    def _remember(self, _: int) -> str:
        return f"remember {self.text()} into memo"

    def _stop(self, _: int) -> str:
        return f"if {self.condition()} {{ stop }}"

    def _inside(self, depth: int) -> str:
        known = list(self.numbers), list(self.texts)
        made = self.block(depth - 1)
        self.numbers, self.texts = known
        return made

    def _if(self, depth: int) -> str:
        test = self.condition()
        if self.random.random() < 0.4:
            flag = self._name("go")
            return (
                f"{flag} = look()\nif {flag} {{\n{self._inside(depth)}\n}} else {{\n{self._inside(depth)}\n}}"
            )
        return f"if {test} {{\n{self._inside(depth)}\n}} else {{\n{self._inside(depth)}\n}}"

    def _loop(self, depth: int) -> str:
        counter = self._name("i")
        self.numbers.append(counter)
        most = self.random.choice([self.numbers[0], "2", "3"])
        body = self._inside(depth)
        bound = self.random.choice(["", "", "max 2 ", "max 3 "])
        if self.random.random() < 0.4:
            flag = self._name("go")
            step = f"{counter} = {counter} + 1\n{flag} = look()"
            return f"{counter} = 0\n{flag} = look()\nrepeat {bound}while {flag} {{\n{body}\n{step}\n}}"
        return (
            f"{counter} = 0\nrepeat {bound}while {counter} < {most} {{\n{body}\n{counter} = {counter} + 1\n}}"
        )

    def _each(self, depth: int) -> str:
        item = self._name("x")
        source = self.random.choice(["names", "names", '["a", "b"]', '["a", "b", "a", "a", "b"]'])
        self.texts.append(item)
        body = self._inside(depth)
        self.texts.remove(item)
        return f"for {item} in {source} {self.random.choice(['', 'max 2 '])}{{\n{body}\n}}"

    def _retry(self, depth: int) -> str:
        handler = f" on error {{\n{self._inside(depth)}\n}}" if self.random.random() < 0.6 else ""
        return f"retry {self.random.choice([1, 2, 3, 4, 5])} {{\n{self._inside(depth)}\n}}{handler}"

    def _agent(self, _: int) -> str:
        acts = self.random.sample(
            ["pay when amount < 3", "check", "look", "undo", "say", "ask"], self.random.randint(1, 3)
        )
        actor = self.random.choice(["", "as clerk "])
        most = self.random.choice([1, 2, 3])
        head = f"{self._name('done')} = agent {self._name('bot')}({self.numbers[0]}) {actor}"
        return f"{head}may {{ {', '.join(acts)} }} max {most} steps -> int"

    def parallel(self, depth: int) -> str:
        """Branches that share no variable."""
        branches = [f"branch {{\n{self._branch(depth)}\n}}" for _ in range(self.random.choice([2, 2, 3]))]
        return f"parallel {{\n{' '.join(branches)}\n}}"

    def _branch(self, depth: int) -> str:
        if self.random.random() < 0.3:
            return self._inside(min(depth, 1))
        kinds = [self._pay, self._check, self._undo, self._say, self._stop, self._approved]
        return "\n".join(self.random.choice(kinds)(0) for _ in range(self.random.randint(1, 3)))

    def _inner(self, _: int) -> str:
        return f"{self._name('got')} = inner(most: {self.number()}, to: {self.text()}, names: names)"


def program(seed: int, *, parallel: bool = False) -> str:
    """The text of a program with one rule, `p.r`, in whose scope `w` is, and sometimes `v`. `parallel`: branches in all of them."""
    random = Random(seed)
    session = random.random() < 0.35
    rule = random.choice(SESSION if session else RULES)
    once = random.choice(["", " once per session", " once per session"])
    inner = Writer(random, 4, ["most"], ["to"], inlined=True)
    body = inner.block(2)
    texts = [HEAD, f"{INNER} {{\n{body}\nif most > 1 {{ return most }}\n{inner.block(1)}\nreturn 0\n}}"]
    scope = ["w"]
    for name in ("w", "v")[: 1 if random.random() < 0.7 else 2]:
        scope = [*dict.fromkeys([*scope, name])]
        writer = Writer(random, random.randint(3, 9))
        by = random.choice(["as helper", ""])
        texts.append(
            f"workflow {name}(n: int from {{user}}, who: text from {{user}}, names: list<text> from {{user}}) {by}{once} {{\n"
            f"{writer.parallel(3) if parallel else writer.block(3)}\n{writer.block(3)}\n}}"
        )
    texts.append(f"policy p for {', '.join(scope)} {{ r: {rule} }}")
    return "\n".join(texts)
