"""Rules that were once proved of workflows that break them; `{}` marks what the repaired twin does otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from wfcheck.checker.pipeline import check

HEAD = """
secrecy pii
channel net
principal boss is human {{ trusts {{user}} }}
principal helper is agent
release triage(r: text) -> bool removes {{pii}} by boss
tool look(to: text) -> text {{ effect read  emits nothing  returns {{pii}} }}
tool check(x: text) {{ effect read  emits nothing  returns {{}} }}
tool renew(a: int) {{ effect read  emits nothing  returns {{}} }}
tool pay(amount: int) {{ effect irreversible  emits nothing  returns {{}} }}
tool post(x: text) {{ effect irreversible  emits net  returns {{}} }}
"""
START = "workflow w(q: text from {{user}}, a: int from {{user}}) as helper {{\n"


@attrs.frozen
class Case:
    """A workflow and a rule with one gap; `bad` breaks the rule, `good` does not."""

    name: str
    text: str
    bad: str
    good: str


CASES = (
    Case(
        "a release is an event of the one who decides it",
        START + "x = triage(q) }}\npolicy p {{ r: forbid release(triage) by {} }}",
        "boss",
        "helper",
    ),
    Case(
        "what an agent is shown reaches a model",
        START + "s = look(q)  agent doer({}) may {{ check }} max 2 steps }}\n"
        "policy p {{ r: forbid flow pii -> llm }}",
        "s",
        "q",
    ),
    Case(
        "amounts may be negative in another turn",
        START + "m = llm one(q)  pay(amount: 0 - 500)  n = llm two(q)  pay(amount: 200) }}\n"
        "policy p {{ r: limit sum(pay.amount) <= 100 per {} }}",
        "turn",
        "run",
    ),
    Case(
        "an approval from before the renewal is used by no call",
        START + "approve pay(amount: a) by boss  renew(a)  approve pay(amount: a) by boss  pay(a) {} }}\n"
        "policy p {{ r: require approve(by: boss, shows: args) since renew before pay }}",
        "pay(a)",
        "",
    ),
    Case(
        "a failure that an inner retry does not handle is felt by what follows it",
        START + "s = look(q)  retry 1 {{ retry 1 {{ check({}) }}  post('hi') }} on error {{ e = 'no' }} }}\n"
        "policy p {{ r: forbid flow pii -> net }}",
        "s",
        "q",
    ),
    Case(
        "what an inner retry handles is felt in the outer attempt as well",
        START
        + "s = look(q)  retry 1 {{ retry 2 {{ check({}) }} on error {{ y = 1 }}  post('hi') }} on error {{ e = 'no' }} }}\n"
        "policy p {{ r: forbid flow pii -> net }}",
        "s",
        "q",
    ),
    Case(
        "nobody checks what a store holds",
        "type Small = int where it <= 10\nstore s: list<Small> holds {{}}\n"
        + START
        + "remember a into s  xs = recall s  for x in xs {{ {} }} }}\n"
        "policy p {{ r: forbid pay when amount > 10 }}",
        "pay(x)",
        "if x < 11 {{ pay(x) }}".replace("{{", "{").replace("}}", "}"),
    ),
    Case(
        "an act that is refused tells the agent of what its condition asks",
        START + "s = look(q)  agent doer(q) may {{ post when {} == 'x' }} max 2 steps }}\n"
        "policy p {{ r: forbid flow pii -> net }}",
        "s",
        "q",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name.replace(" ", "_"))
def test_a_broken_rule_is_not_proved(verdicts: Callable[[str], dict[str, str]], case: Case) -> None:
    whole = (HEAD + case.text).replace("'", '"')
    assert verdicts(whole.format(case.bad))["p.r"] in ("VIOLATED", "POSSIBLE", "UNKNOWN")
    assert verdicts(whole.format(case.good))["p.r"] == "PROVED"


@pytest.mark.parametrize(("compared", "wanted"), [("v == 1", True), ("v == none", False)])
def test_a_comparison_with_any_may_have_no_value(
    verdicts: Callable[[str], dict[str, str]], compared: str, wanted: bool
) -> None:
    text = "tool look() -> any { effect read  emits nothing  returns {} }\nworkflow w() { v = look()  if %s { stop } }"
    assert (verdicts(text % compared).get("builtin.defined") is not None) is wanted


INFLUENCE = """
secrecy pii
influence email
channel net
type Small = int where it <= 10
release small(x: Small) -> bool removes {pii}
tool look() -> text { effect read  emits nothing  returns {pii} }
tool mail() -> text { effect read  emits nothing  returns {email} }
tool number() -> int { effect read  emits nothing  returns {email} }
tool pay(amount: int) { effect irreversible  emits nothing  returns {} }
tool post(x: text) { effect irreversible  emits net  returns {} }
"""


@pytest.mark.parametrize(
    ("bad", "good", "rule"),
    [
        (
            'm = mail()  s = look()  if m == "x" { post(s) }',
            'm = mail()  s = look()  if m == "x" { post("y") }',
            "forbid flow pii -> net when influence meets {email} explicit",
        ),
        ("pay(number())", "pay(q)", "require decision of pay(amount: > 100) from only {user}"),
        ("post(llm pick(mail()))", 'post("x")', "require post.x from only {model, user}"),
    ],
)
def test_what_shapes_it_counts(
    verdicts: Callable[[str], dict[str, str]], bad: str, good: str, rule: str
) -> None:
    text = INFLUENCE + "workflow w(q: int from {user}) { %s }\npolicy p { r: %s }"
    bad = bad.replace("pay(number())", "n = number()  pay(n)")
    bad = bad.replace("post(llm pick(mail()))", "m = mail()  t = llm pick(m)  post(t)")
    assert verdicts(text % (bad, rule))["p.r"] in ("VIOLATED", "POSSIBLE")
    assert verdicts(text % (good, rule))["p.r"] == "PROVED"


def test_what_is_released_is_of_its_type(verdicts: Callable[[str], dict[str, str]]) -> None:
    text = INFLUENCE + "workflow w(q: int from {user}) { %s }"
    assert verdicts(text % "b = small(q)")["builtin.requires"] in ("VIOLATED", "POSSIBLE")
    assert verdicts(text % "if q < 5 { b = small(q) }")["builtin.requires"] == "PROVED"


@pytest.mark.parametrize(("value", "reported"), [("v", True), ("q", False)])
def test_what_is_of_any_type_may_be_of_another(
    verdicts: Callable[[str], dict[str, str]], value: str, reported: bool
) -> None:
    text = "tool look() -> any { effect read  emits nothing  returns {} }\n"
    text += "tool pay(amount: int) { effect irreversible  emits nothing  returns {} }\n"
    text += f"workflow w(q: int from {{user}}) {{ v = look()  pay({value}) }}"
    found = verdicts(text).get("builtin.requires")
    assert found in (("VIOLATED", "POSSIBLE") if reported else (None,))


def test_an_event_that_an_assumption_rules_out_rests_on_it(tmp_path: Path) -> None:
    text = "tool pay(amount: int) { effect irreversible  emits nothing  returns {} }\n"
    text += (
        "workflow w(a: int from {user}) requires a > 5 { if a < 3 { pay(a) } }\npolicy p { r: forbid pay }"
    )
    path = tmp_path / "spec.wf"
    path.write_text(text)
    (found,) = [r for r in check([path]).results if r.rule == "p.r"]
    assert found.verdict.value == "PROVED"
    assert any("requires" in name for name in found.assumptions)


@pytest.mark.parametrize(
    ("result", "passed", "proved"),
    [
        ("any", "x", False),
        ("{iban: any}", "x.iban", False),
        ("{iban: text, note: text}", "x.iban", True),
        ("{iban: text, note: text}", "x", False),
    ],
)
def test_what_a_type_does_not_name_may_be_copied_with_the_whole(
    verdicts: Callable[[str], dict[str, str]], result: str, passed: str, proved: bool
) -> None:
    path = "iban.note" if result == "{iban: any}" else "note"
    text = (
        "influence web\n"
        f"tool fetch() -> {result} {{ effect read  emits nothing  returns {{user}}  "
        f"returns {{ {path}: {{web}} }} }}\n"
        "tool pay(to: any) { effect irreversible  emits nothing  returns {} }\n"
        f"workflow w() {{ x = fetch()  pay(to: {passed}) }}\n"
        "policy p { r: require pay.to from only {user} }"
    )
    assert (verdicts(text)["p.r"] == "PROVED") is proved


@pytest.mark.parametrize(("second", "verdict"), [("helper", "VIOLATED"), ("clerk", "PROVED")])
def test_regions_that_are_delegated_to_one_principal_are_one_party(
    verdicts: Callable[[str], dict[str, str]], second: str, verdict: str
) -> None:
    text = (
        "secrecy pii\nchannel net\n"
        "principal helper is agent { clears {pii} }\nprincipal clerk is agent\n"
        "tool look() -> text { effect read  emits nothing  returns {pii} }\n"
        "tool post(x: text) { effect irreversible  emits net  returns {} }\n"
        "workflow w() {\n"
        "  first = agent reader() as helper may { look } max 1 steps -> text\n"
        f"  then_ = agent writer() as {second} may {{ post }} max 1 steps -> text\n"
        "}\n"
        "policy p { r: check no agent has {read(pii), emit(net)} }"
    )
    assert verdicts(text)["p.r"] == verdict
