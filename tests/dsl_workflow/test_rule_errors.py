"""Every diagnostic about a rule or a test stands at its place, and alone."""

from __future__ import annotations

import pytest

BEFORE = "workflow main(request: text) as helper { d = llm decide(request) refund(d, 5) }\npolicy p {\n"
RULES = {
    "duplicate names": "a: forbid refund\n a: forbid repay # expect: WF501",
    "unknown tool": "a: forbid refnud # expect: WF201",
    "unknown argument": 'a: forbid refund(ordr: "a") # expect: WF502',
    "argument of some tools only": 'a: forbid payers(memo: "a") # expect: WF502',
    "positional on several tools": 'a: forbid payers("a") # expect: WF503',
    "too many": 'a: forbid refund("a", 5, 6) # expect: WF503',
    "pattern of another type": 'a: forbid refund(amount: "a") # expect: WF301',
    "comparison of another type": 'a: forbid refund(amount: like "a*") # expect: WF302',
    "lonely binder": "a: forbid refund(order: O) # expect: WF504",
    "same alone": "a: forbid refund(order: same) # expect: WF505",
    "same in a grant": "allow helper: refund(order: same) # expect: WF505",
    "same in last": "a: forbid refund when last(lookup(name: same)).time < now # expect: WF505",
    "upper-case member": """a: forbid mark(as: Paid) # expect: WF504 WF507
 }
type State = enum { Paid, Open }
tool mark(as: State) { effect read emits nothing returns {}""",
    "same of no such argument": "a: forbid lookup(name: same) after refund # expect: WF505",
    "args of no call": "a: require approve(shows: args) before say # expect: WF505",
    "set as a pattern": 'a: forbid refund(order: {"a"}) # expect: WF511',
    "pattern over arguments": "a: forbid refund(amount: > spent) # expect: WF511",
    "two actors": "a: forbid approve(by: manager) by helper # expect: WF512",
    "group of something else": "a: forbid release(payers) # expect: WF513",
    "two patterns": "a: forbid refund(amount: > 1, amount: < 5) # expect: WF514",
    "result of no call": 'a: forbid say -> "x" # expect: WF515',
    "argument of a built-in event": "a: forbid message(form: helper) # expect: WF516",
    "unknown effect": "a: forbid call(effect: raed) # expect: WF517",
    "shows what": 'a: require approve(shows: "x") before refund # expect: WF518',
    "unknown step": "a: forbid step(decid) # expect: WF519",
    "no duration": "a: forbid refund after fetch for 0s # expect: WF521",
    "no steps": "a: require say after refund within 0 steps # expect: WF521",
    "grant of no call": "allow helper: say # expect: WF522",
    "for each of no list": "a: require lookup before refund for each x in amount # expect: WF523",
    "one event": "a: require distinct principals for refund # expect: WF524",
    "no source": "a: forbid flow 5 -> bank # expect: WF101",
    "tag as sink": "a: forbid flow pii -> web # expect: WF531",
    "channel as source": "a: forbid flow bank -> bank # expect: WF531",
    "unknown source": "a: forbid flow pi -> bank # expect: WF201",
    "unknown field": "a: forbid flow lookup[].emial -> bank # expect: WF502",
    "result as sink": "a: forbid flow pii -> refund.result.id # expect: WF502",
    "field of a store": "a: forbid flow notes.x -> bank # expect: WF534",
    "field of a step": "a: forbid flow decide.x -> bank # expect: WF534",
    "field of a parameter": "a: forbid flow request.x -> bank # expect: WF502",
    "no argument": "a: require refund from only {user} # expect: WF532",
    "no allowed source": "a: require refund.order from only {} # expect: WF533",
    "secrecy as influence": "a: forbid flow pii -> bank when influence meets {pii} # expect: WF220",
    "unknown release": "a: forbid flow pii -> bank except via triag # expect: WF201",
    "sum of several tools": "a: limit sum(refund.amount + repay.amount) <= 5 per run # expect: WF540",
    "sum of no tool": "a: limit sum(amount) <= 5 per run # expect: WF540",
    "bits of a call": "a: limit bits(refund) <= 5 per run # expect: WF541",
    "negative limit": "a: limit count(refund) <= -5 per run # expect: WF542",
    "sum of texts": "a: limit sum(refund.order) <= 5 per run # expect: WF543",
    "field of another call": "a: limit count(refund) <= 5 per repay.order # expect: WF544",
    "depth compared otherwise": "a: forbid refund\n b: check depth(a) < 2 # expect: WF545",
    "unknown rule": "a: check depth(b) >= 2 # expect: WF546",
    "unknown name in a condition": "a: forbid refund when amuont > 5 # expect: WF211",
    "condition of another type": "a: forbid refund when amount # expect: WF303",
    "unknown annotation": "@sevrity(high) # expect: WF243\n a: forbid refund",
}


@pytest.mark.parametrize("text", RULES.values(), ids=RULES.keys())
def test_rules(marked, text):
    for found in marked(BEFORE + text + "\n}"):
        assert found.message[0] in "`abcdefghijklmnopqrstuvwxyz"
        assert not found.message.endswith(".")


TESTS = {
    "unknown tool": 'call refnud(order: "1", amount: 5) # expect: WF201',
    "missing argument": 'call refund(order: "1") # expect: WF406',
    "no constant": "input user request # expect: WF211",
    "result of another type": 'call counter() -> "x" # expect: WF301',
    "unknown rule": "expect violated p.b at 1 # expect: WF546",
    "unknown grants": "expect violated p.allow(other) at 1 # expect: WF546",
    "plain name": "expect violated b at 1 # expect: WF546",
    "unknown assumption": "expect blame refund.padi at 1 # expect: WF552",
    "unknown workflow": "expect reachable man: refund # expect: WF201",
    "table lookups are no constants": 'say text(limits["a"].top) # expect: WF551',
    "text twice": 'message from helper to other ("a", text: "b") # expect: WF408',
}


@pytest.mark.parametrize("text", TESTS.values(), ids=TESTS.keys())
def test_tests(marked, text):
    marked(BEFORE + 'a: forbid refund\n}\ntest "t" {\n' + text + "\n}")


def test_suggestions(marked):
    (found,) = marked(BEFORE + 'a: forbid refund(ordr: "a") # expect: WF502\n}')
    assert found.help == "did you mean `order`?"
    assert found.labels


def test_binders_of_two_types_may_not_agree_silently(program):
    _, diagnostics = program("policy p { a: require lookup(name: N) before refund(amount: N) }")
    assert [d.code for d in diagnostics] == ["WF506"]
