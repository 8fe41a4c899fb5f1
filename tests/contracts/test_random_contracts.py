"""Random workflows over numbers: what is proved of their contracts breaks in no random run, and dead steps are never run."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from generators.oracles import RandomOracle

from wfcheck.checker.obligation import Limits
from wfcheck.checker.reference.interpreter import Run, run
from wfcheck.checker.reference.oracle import Outcome, Returned
from wfcheck.checker.result import Verdict
from wfcheck.checker.structure import inspect
from wfcheck.checker.tasks import check_program
from wfcheck.dsl import core, types
from wfcheck.dsl.core import Value
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.types import Type
from wfcheck.stdlib import load

HEAD = """principal boss is human
type Pos = int where it > 0
tool pay(amount: int) { effect irreversible  emits nothing  returns {}  requires amount > 0 }
tool give(amount: Pos) { effect irreversible  emits nothing  returns {} }
tool log(amount: int) { effect irreversible  emits nothing  returns {} }
tool stock() -> int { effect read  emits nothing  returns {} }
tool sizes() -> list<Pos> { effect read  emits nothing  returns {} }
tool find() -> int? { effect read  emits nothing  returns {} }
tool look() -> any { effect read  emits nothing  returns {} }
tool sure(k: int) -> int { pure  ensures result > k }
tool nums() -> list<int> { effect read  emits nothing  returns {} }
workflow half(k: int) -> int requires k > -2 ensures result > -1 {
if k > 0 {
return k
}
return 0
}
"""
CONTRACTS = ("builtin.requires", "builtin.ensures", "builtin.invariant", "builtin.defined")


class Maker:
    """One statement per line, so that events tell where they come from."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.lines: list[str] = []

    def number(self) -> str:
        return self.random.choice(
            ["n", "m", "i", "n", "m", "i", "1", "2", "0", "n + 1", "m - 1", "i + n", "length(xs)"]
        )

    def condition(self) -> str:
        op = self.random.choice(["<", "<=", ">", ">=", "==", "!="])
        whole = f"{self.number()} {op} {self.random.choice(['0', '1', '3', 'n', 'm'])}"
        if self.random.random() < 0.15:
            whole = f"10 / {self.random.choice(['n', 'm', 'i'])} {op} 2"
        if self.random.random() < 0.25:
            whole = f"{whole} {self.random.choice(['and', 'or'])} {self.condition()}"
        return whole

    def invariant(self) -> str:
        return f" invariant {self.random.choice(['i >= 0', 'n > 0', 'i <= n', 'm >= i', 'n == m', 'i < 9'])}"

    def block(self, depth: int) -> None:
        for _ in range(self.random.randint(1, 3)):
            self.statement(depth)

    def nested(self, head: str, depth: int, tail: str = "") -> None:
        self.lines.append(f"{head} {{")
        self.block(depth - 1)
        self.lines.append(f"}}{tail}")

    def rare(self) -> list[str]:
        """Steps whose answers others make up."""
        name, number, pick = self.random.choice("nmi"), self.number(), self.random.choice
        return pick(
            [
                [f"{name} = llm g{len(self.lines)}(n) -> int ensures result {pick(['> 0', '>= n', '< 5'])}"],
                ["ps = sizes()", f"if length(ps) > {pick('01')} {{", f"give(ps[{pick('01')}])", "}"],
                ["ps = sizes()", "for p in ps {", pick(["give(p)", "pay(p - 1)", "pay(p + 1)"]), "}"],
                [
                    f"approve pay(amount: {number}) by boss else {{",
                    pick(["stop", f"{name} = 1", "pay(n)"]),
                    "}",
                ],
                ["o = find()", "if o != none {", pick(["log(o)", "pay(o)", "give(o)"]), "}"],
                ["v = look()", pick(["log(v)", "if v == 1 { log(2) }", "for q in v { log(1) }"])],
                [f"{name} = sure({number})"],
                [
                    "parallel {",
                    "branch {",
                    f"pay({number})",
                    "}",
                    "branch {",
                    "log(i)",
                    f"give({number})",
                    "}",
                    "}",
                ],
            ]
        )

    def statement(self, depth: int) -> None:
        kind = self.random.choice(
            ["let", "let", "call", "call", "index", "inline", "read"]
            + ["if", "loop", "for", "retry"] * (depth > 0)
        )
        if self.random.random() < 0.3:
            self.lines += self.rare()
            return
        match kind:
            case "let":
                self.lines.append(f"{self.random.choice('nmi')} = {self.number()}")
            case "call":
                self.lines.append(f"{self.random.choice(['pay', 'give', 'log'])}({self.number()})")
            case "index":
                self.lines.append(f"log(xs[{self.number()}])")
            case "inline":
                self.lines.append(f"{self.random.choice('nmi')} = half({self.number()})")
            case "read":
                self.lines.append(self.random.choice(["n = stock()", "xs = nums()"]))
            case "if":
                self.nested(f"if {self.condition()}", depth)
                if self.random.random() < 0.4:
                    self.nested("else", depth)
            case "loop":
                limit = f"max {self.random.randint(1, 4)} " if self.random.random() < 0.7 else ""
                kept = self.invariant() if self.random.random() < 0.7 else ""
                self.nested(f"repeat {limit}while {self.condition()}{kept}", depth)
            case "for":
                self.nested("for x in xs", depth)
            case _:
                self.nested("retry 2", depth, " on error { stop }" if self.random.random() < 0.5 else "")

    def text(self) -> str:
        self.lines = ["i = 0"]
        self.block(3)
        promised = self.random.choice(["result >= 0", "result > n", "result != 1"])
        head = f"workflow w(n: int from {{user}}, m: int from {{user}}, xs: list<int> from {{user}}) -> int ensures {promised} {{\n"
        return HEAD + head + "\n".join(self.lines) + f"\nreturn {self.number()}\n}}\n"


class Numbers(RandomOracle):
    """Numbers of either sign."""

    def parameter(self, name: str, type_: Type) -> Value:
        """A random value."""
        random = self._random("parameter", name)
        return random.randint(-3, 4) if type_ == types.INT else super().parameter(name, type_)

    def _result(self, random: Random, tool: core.Tool) -> Outcome:
        return Returned(random.randint(-3, 4)) if tool.result == types.INT else super()._result(random, tool)


def _runs(program: core.Program) -> list[Run]:
    return [run(program, program.workflows["w"], Numbers(seed, program), fuel=150) for seed in range(60)]


@pytest.mark.parametrize("start", range(0, 36, 6))
def test_what_is_proved_breaks_in_no_run(tmp_path: Path, start: int) -> None:
    for seed in range(start, start + 6):
        text = Maker(seed).text()
        path = tmp_path / "spec.wf"
        path.write_text(text, encoding="utf-8")
        program, found = elaborate.load([path], library=load)
        if any(d.severity.value == "error" for d in found):
            continue
        checked = check_program(program, limits=Limits(timeout=4.0))
        assert not checked.errors
        assert checked.analysis is not None
        proved = {r.rule for r in checked.results if r.workflow == "w" and r.verdict is Verdict.PROVED}
        _, lints = inspect.look(checked.analysis, (), lambda w: w.symbol == "w")
        dead = {d.span.line for d in lints if d.code == "WF611" and d.span is not None}
        stuck = {d.span.line for d in lints if d.code == "WF617" and d.span is not None}
        for done in _runs(program):
            left = min(
                (b.index for b in done.breaches if b.rule == "assumption"), default=len(done.events) + 1
            )
            broken = {b.rule for b in done.breaches if b.index < left} & proved
            assert not broken, (seed, broken, text)
            if left <= len(done.events):
                continue
            lines = {e.source.line for e in done.events if e.kind == "call" and e.source is not None}
            assert not lines & dead, (seed, text)
            assert not (done.complete and lines & stuck), (seed, text)
        missing = {b.rule for done in _runs(program) for b in done.breaches} & set(CONTRACTS)
        assert missing <= {r.rule for r in checked.results if r.workflow == "w"}, (seed, text)
