"""`require ARG from only SET`: what counts as a copy from an allowed source, and what never does."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Result, Verdict

PRELUDE = """
influence mail, web
principal boss is human { trusts {user, mail, web, model} }
type Contact = { name: text, email: text }
table partners: {code: text, email: text} = [ {code: "a", email: "a@acme.example"} ]
store book: list<text> holds {user}
tool contacts() -> list<Contact> { effect read  emits nothing  returns {} }
tool tagged() -> text { effect read  emits nothing  returns {mail} }
tool mixed() -> text { effect read  emits nothing  returns {mail, web} }
tool sometimes(k: text) -> text { effect read  emits nothing  returns {mail} when k == "m" }
tool silent() -> text { effect read  emits nothing }
tool fetch(path: text) -> text { effect read  emits nothing  returns {web} }
tool post(to: text) { effect irreversible  emits nothing  returns {} }
release confirm(x: text) -> text removes {mail, web, model} by boss
release tidy(x: text) -> text removes {mail} by boss
"""

CASES: dict[str, tuple[str, str, bool]] = {
    "a literal": ('post("x")', "{user}", True),
    "a parameter": ("post(p)", "{user}", True),
    "a parameter of another source": ("post(q)", "{user}", False),
    "a parameter of unknown source": ("post(r)", "{user}", False),
    "one of two": ('post(if c then p else "x")', "{user}", True),
    "one of two, one foreign": ("post(if c then p else q)", "{user}", False),
    "computed from it": ('post(p + "x")', "{user}", False),
    "a field of a result": ("for x in contacts() { post(x.email) }", "{contacts[].email}", True),
    "another field": ("for x in contacts() { post(x.name) }", "{contacts[].email}", False),
    "a field through a record": (
        'for x in contacts() { y = {a: x.email, b: "c"}\n post(y.a) }',
        "{contacts[].email}",
        True,
    ),
    "the whole tool": ("for x in contacts() { post(x.name) }", "{contacts}", True),
    "a tag of a result": ("post(tagged())", "{mail}", True),
    "a tag beside another": ("post(mixed())", "{mail}", False),
    "both tags": ("post(mixed())", "{mail, web}", True),
    "a tag that may not be there": ('post(sometimes("k"))', "{mail}", False),
    "a tool that says nothing": ("post(silent())", "{mail}", False),
    "a model's value": ("x = llm m(p)\n post(x)", "{user}", False),
    "a model's value from an allowed context": ("x = llm m(tagged())\n post(x)", "{mail}", False),
    "an agent's choice": ("agent g(p) may { post } max 2 steps", "{user}", False),
    "an answer": ('x = ask boss "to?"\n post(x)', "{boss}", True),
    "an answer of somebody else": ('x = ask boss "to?"\n post(x)', "{user}", False),
    "a table": ('post(partners["a"].email)', "{partners}", True),
    "a table that is not named": ('post(partners["a"].email)', "{user}", False),
    "a named release": ("x = llm m(q)\n post(confirm(x))", "{user, via confirm}", True),
    "an unnamed release": ("x = llm m(q)\n post(confirm(x))", "{user}", False),
    "a release that leaves a foreign tag": ("post(tidy(fetch(p)))", "{user, via tidy}", False),
    "designated": ("post(fetch(p))", "{fetch when fetch.path from only {user}}", True),
    "designated by somebody else": ("post(fetch(q))", "{fetch when fetch.path from only {user}}", False),
    "gated by a condition": ("post(fetch(p))", '{fetch when input.text contains "x"}', False),
    "a store": ("remember p into book\n xs = recall book\n for x in xs { post(x) }", "{user}", False),
    "a named store": ("xs = recall book\n for x in xs { post(x) }", "{book}", True),
}


@pytest.mark.parametrize("name", CASES)
def test_only_copies_are_proved(name: str, tmp_path: Path) -> None:
    body, allowed, proved = CASES[name]
    path = tmp_path / "case.wf"
    header = "workflow w(p: text from {user}, q: text from {web}, r: text, c: bool from {user}) {\n "
    policy = f"policy p {{\n r: require post.to from only {allowed}\n}}\n"
    path.write_text(PRELUDE + header + body + "\n}\n" + policy, encoding="utf-8")
    result = _result(path)
    assert (result.verdict is Verdict.PROVED) == proved, (result.verdict, result.reason)


def _result(path: Path) -> Result:
    report = check([path], rules=["p.r"])
    assert [d.message for d in report.diagnostics if d.severity.value == "error"] == []
    (result,) = report.results
    return result
