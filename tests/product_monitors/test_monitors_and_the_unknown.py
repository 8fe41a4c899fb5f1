"""What is not known counts against the rule: it is no evidence, it arms, it does not disarm, it counts, and it uses approvals up."""

from __future__ import annotations

import attrs
import pytest
from generators.monitored import Happening, monitored, possible, program_of, symbolic

from wfcheck.checker.bits import log2_above
from wfcheck.checker.product.monitors.compile import monitor_for
from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.checker.symbolic.value import Leaf, Opaque
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort

PAY = Happening("call", "pay", "helper", {"to": "a", "amount": 1}, "ok")
CHECK = Happening("call", "check", "helper", {"to": "a", "limit": None}, "ok")
SAY = Happening("say", "", "helper", {"text": "a"})
NOTE = Happening("call", "note", "helper", {"names": ["a"]}, 1)
APPROVE = Happening("approve", "pay", "alice", {"to": "a", "amount": 1})

SHORT = Happening("approve", "pay", "bob", {"to": "a", "amount": 1}, None, 2)


def unclear(event: SymbolicEvent) -> SymbolicEvent:
    """The event with arguments of which nothing is known; what is said is no text."""
    arguments = dict(event.arguments)
    for name, value in arguments.items():
        if name == "text":
            arguments[name] = Leaf(b.integer(5))
        elif isinstance(value, Leaf):
            arguments[name] = Leaf(b.symbol(f"unclear {event.index} {name}", value.term.sort))
        else:
            arguments[name] = Opaque(b.symbol(f"unclear {event.index} {name}", Sort.OPAQUE))
    return attrs.evolve(event, arguments=arguments)


CASES = [
    ("require approve(shows: args) before pay", [SHORT, PAY], set(), False),
    ("require approve(shows: args) before pay", [SHORT, CHECK, PAY], set(), False),
    ("require approve(shows: args) before pay", [SHORT, CHECK, CHECK, PAY], set(), True),
    ("require approve(shows: args) before pay", [SHORT, PAY, PAY], set(), True),
    ("require approve(shows: args) before pay within 1 steps", [APPROVE, PAY], set(), False),
    ("require approve(shows: args) before pay within 1 steps", [APPROVE, CHECK, PAY], set(), True),
    ("require say(text: \"a\") before pay", [SAY, PAY], {0}, True),
    ("require say(text: \"a\") before pay", [SAY, PAY], set(), False),
    ("require check(to: same) before pay", [CHECK, PAY], {0}, True),
    ("require check(to: same) before pay", [CHECK, PAY], {1}, True),
    ("require check before pay", [CHECK, PAY], {0, 1}, False),
    ("require check since say(text: \"b\") before pay", [CHECK, SAY, PAY], set(), False),
    ("require check since say(text: \"b\") before pay", [CHECK, SAY, PAY], {1}, True),
    ("require approve(shows: args) before pay", [APPROVE, PAY, PAY], set(), True),
    ("require approve(shows: args) before pay", [APPROVE, APPROVE, PAY, PAY], set(), False),
    ("require approve(shows: args) before pay", [APPROVE, PAY, PAY], {1}, True),
    ("forbid pay after say(text: \"b\")", [SAY, PAY], {0}, True),
    ("forbid pay after say(text: \"b\")", [SAY, PAY], set(), False),
    ("forbid pay after check until say(text: \"a\")", [CHECK, SAY, PAY], set(), False),
    ("forbid pay after check until say(text: \"a\")", [CHECK, SAY, PAY], {1}, True),
    ("forbid pay when to == \"b\"", [PAY], {0}, True),
    ("require say(text: \"a\") after pay before end", [PAY, SAY, Happening("end")], {1}, True),
    ("require say(text: \"a\") after pay before end", [PAY, SAY, Happening("end")], set(), False),
    ("require check(to: x) before note for each x in names", [CHECK, NOTE], {1}, True),
    ("require check(to: x) before note for each x in names", [CHECK, NOTE], set(), False),
    ("limit count(pay(to: \"b\")) <= 0 per run", [PAY], {0}, True),
    ("limit count(pay) <= 1 per pay.to per run", [PAY, PAY], {1}, True),
    ("limit sum(pay.amount) <= 9 per run", [PAY], {0}, True),
    ("limit distinct(pay.to) <= 1 per run", [PAY, PAY], {1}, True),
    ("limit consecutive(pay(to: \"a\")) <= 1 per run", [PAY, PAY, PAY], {1}, True),
    ("limit consecutive(pay) <= 1 per run", [PAY, SAY, CHECK, PAY], set(), False),
    ("limit count(pay) <= 1 per 5m", [PAY], set(), True),
    ("require check before pay within 5m", [CHECK, PAY], set(), True),
    ("require check after pay within 5m", [PAY, CHECK], set(), True),
    ("forbid pay after check for 5m", [CHECK, PAY], set(), True),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "run", "vague", "breaks"), CASES)
def test_unknown_counts_against(rule: str, run: list[Happening], vague: set[int], breaks: bool) -> None:
    program = program_of(f"r: {rule}")
    monitor = monitored(program, program.rules[0], indexed=True)
    state = tuple(cell.initial for cell in monitor.cells)
    found = []
    for event in symbolic(program, run):
        seen = unclear(event) if event.index in vague else event
        if monitor.relevant(seen):
            state, bad = monitor.step(seen, state)
            found.append(bad)
    assert possible(*found) is breaks


def test_a_monitor_says_what_it_is_about() -> None:
    program = program_of("r: require approve(shows: args) before pay")
    monitor = monitored(program, program.rules[0])
    assert monitor.rests_on == ("approval-shows",)
    assert [monitor.relevant(e) for e in symbolic(program, [PAY, CHECK, APPROVE, SAY])] == [
        True,
        True,
        True,
        False,
    ]
    assert len({c.symbol for c in monitor.cells} | set(monitor.rigid)) == len(monitor.cells) + len(
        monitor.rigid
    )


def test_rules_that_are_no_event_rules_have_none() -> None:
    program = program_of("r: forbid flow pii -> external")
    assert isinstance(monitor_for(program.rules[0], program, program.workflows["w"]), str)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 8, 1000, 1023, 1025, 3**40])
def test_bits_are_never_too_few(count: int) -> None:
    """Exactly compared, by raising 2 to a rounded power."""
    bits = log2_above(count)
    assert 2 ** (-(-bits.numerator * 1024 // bits.denominator)) >= count**1024
    if count & (count - 1):
        below = bits * 2**10 - 1
        assert 2 ** (below.numerator // below.denominator) < count**1024
    else:
        assert 2 ** int(bits) == count
