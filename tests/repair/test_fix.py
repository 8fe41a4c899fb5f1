"""Repairs: what is offered is proved, loses nothing, and touches no policy."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import wfcheck
from wfcheck.checker.obligation import Limits
from wfcheck.checker.repair.edits import Candidate, Edit
from wfcheck.checker.repair.search import attempt
from wfcheck.checker.repair.trying import Spec, proved, unchanged
from wfcheck.cli.main import main
from wfcheck.dsl import syntax
from wfcheck.dsl.parsing.parser import parse
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.source import Source

ROOT = Path(__file__).resolve().parents[2]
BANK = """\
principal boss is human
tool pay(to: text, amount: int) { effect irreversible  emits nothing  returns {} }
tool audit(to: text) -> bool { effect read  emits nothing  returns {} }

workflow w(to: text from {user}, amount: int from {user}) {
  pay(to: to, amount: amount)
}
"""
MAIL = """\
secrecy pii
influence mail
channel outside
principal bot is agent { clears {pii} }
tool read_secret() -> text { effect read  emits nothing  returns {pii} }
tool read_mail() -> text { effect read  emits nothing  returns {mail} }
tool publish(body: text) { effect irreversible  emits outside  returns {} }
release mask(x: text) -> text removes {pii}
"""


def spec(folder: Path, text: str, name: str = "spec.wf") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def fixed(folder: Path, text: str, rule: str = "p.r") -> str:
    """The text after the best repair; a check of the written file proves the rule."""
    path = spec(folder, text)
    found = wfcheck.fix(path)
    assert [o.rule for o in found.outcomes if not o.found.repairs and not o.already] == []
    assert found.write() == ()
    report = wfcheck.check(path)
    assert {r.verdict.value for r in report.results if r.rule == rule} == {"PROVED"}
    assert declared(text) == declared(path.read_text(encoding="utf-8"))
    return path.read_text(encoding="utf-8")


def declared(text: str) -> list[syntax.Declaration]:
    """Everything but workflows."""
    module, _ = parse(Source("spec.wf", text))
    found = [item.declaration for item in module.items]
    return [d for d in found if not isinstance(d, syntax.WorkflowDecl)]


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("require approve(by: boss, shows: args) before pay", "approve pay(to: to, amount: amount) by boss\n  pay("),
        ("require audit(to: same) -> true before pay", "audit_result = audit(to: to)\n  if not audit_result {"),
        ("require audit(to: X) after pay(to: X) before end", "pay(to: to, amount: amount)\n  audit(to: to)"),
        ("forbid pay(amount: > 500)", "if amount <= 500 {\n    pay("),
        ('forbid pay when amount > 500 and to == "x"', 'if not (amount > 500 and to == "x") {'),
    ],
)  # fmt: skip
def test_a_rule_is_repaired_where_the_call_is(tmp_path: Path, rule: str, wanted: str) -> None:
    assert wanted in fixed(tmp_path, BANK + f"\npolicy p {{\n  r: {rule}\n}}\n")


def test_grants_become_conditions(tmp_path: Path) -> None:
    text = BANK.replace("workflow w(", "principal bot is agent\nworkflow w(").replace(
        ") {\n  pay", ") as bot {\n  pay"
    )
    text += '\npolicy p {\n  allow bot: pay(amount: <= 10) when to != "x"\n}\n'
    assert 'if amount <= 10 and to != "x" {' in fixed(tmp_path, text, "p.allow(bot)")


def test_what_a_tool_requires_is_tested(tmp_path: Path) -> None:
    text = BANK.replace("effect irreversible", "effect irreversible  requires amount > 0")
    assert "if amount > 0 {" in fixed(tmp_path, text, "builtin.requires")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("retry 3 { pay(to: to, amount: amount) }", "retry 2 {"),
        ('for one in ["a", "b", "c"] { pay(to: one, amount: amount) }', "max 2 {"),
        (
            'pay("a", 1)\n  if amount > 5 { pay("b", 1) }\n  if to == "x" { pay("c", 1) }',
            "if pay_calls < 2 {",
        ),
    ],
)
def test_limits_are_kept(tmp_path: Path, body: str, wanted: str) -> None:
    text = BANK.replace("pay(to: to, amount: amount)\n}", body + "\n}")
    text += "\npolicy p {\n  r: limit count(pay) <= 2 per run\n}\n"
    changed = fixed(tmp_path, text)
    assert wanted in changed or "pay_calls < 2" in changed


def test_a_release_that_the_rule_names_is_used_and_no_other(tmp_path: Path) -> None:
    text = MAIL + "workflow w() as bot {\n  s = read_secret()\n  publish(body: s)\n}\n"
    flow = "policy p {\n  r: forbid flow pii -> external"
    assert "mask(s)" in fixed(tmp_path, text + f"{flow} except via mask\n}}\n")
    found = wfcheck.fix(spec(tmp_path, text + f"{flow}\n}}\n"))
    assert all("mask" not in repair.title for o in found.outcomes for repair in o.found.repairs)


def test_an_agent_is_split_before_it_loses_a_tool(tmp_path: Path) -> None:
    text = MAIL + "workflow w(ask: text from {user}) as bot {\n"
    text += "  agent work(ask) may { read_secret, publish } max 5 steps\n}\n"
    text += "policy p {\n  r: forbid flow pii -> external\n}\n"
    changed = fixed(tmp_path, text)
    assert "agent work_looks(ask) may { read_secret } max 5 steps" in changed
    assert "agent work(ask) may { publish } max 5 steps" in changed


def test_names_are_imported_where_the_repair_needs_them(tmp_path: Path) -> None:
    policy = "policy p {\n  r: require approve(by: boss, shows: args) before pay\n}\n"
    spec(tmp_path, BANK[: BANK.index("workflow")] + policy, "policy.wf")
    path = spec(tmp_path, 'import "policy.wf" (pay)\n' + BANK[BANK.index("workflow") :])
    found = wfcheck.fix(path)
    assert 'import "policy.wf" (pay, boss)' in found.after.texts[str(path)]
    assert found.report.ok


# ---------------------------------------------------------------- what is not offered

PAID = BANK + "\npolicy p {\n  r: require approve(by: boss, shows: args) before pay\n}\n"


def tried(folder: Path, text: str, old: str, new: str) -> bool:
    """Whether a replacement in the text would be offered as a repair."""
    path = spec(folder, text)
    before = Spec((str(path),), (), Limits())
    start = text.index(old)
    candidate = Candidate("a change", (Edit(str(path), start, start + len(old), new),))
    found = attempt(before, [candidate], proved("p.r", "w"), deadline=1e18)
    return bool(found.repairs)


CALL = "  pay(to: to, amount: amount)\n"


@pytest.mark.parametrize(
    ("old", "new", "offered"),
    [
        (CALL, "  approve pay(to: to, amount: amount) by boss\n" + CALL, True),
        (CALL, "  audit(to: to)\n", False),  # nothing is left to judge
        (CALL, "  if amount > 5 and amount < 3 {\n  " + CALL + "  }\n", False),  # it never happens
        (CALL, "  stop\n" + CALL, False),
        (CALL, "  approve pay(to: to, amount: 1) by boss\n" + CALL, False),  # not what was asked for
        ("before pay", "before audit", False),  # the policy
        ("effect irreversible", "effect read", False),  # a declaration
        ("principal boss is human", "principal boss is human { trusts {user} }", False),
        (
            "amount: int from {user}) {",
            "amount: int) {\n  approve pay(to: to, amount: amount) by boss",
            False,
        ),
    ],
)
def test_only_what_is_proved_and_loses_nothing(tmp_path: Path, old: str, new: str, offered: bool) -> None:
    assert tried(tmp_path, PAID, old, new) is offered


def test_no_rule_that_held_is_lost(tmp_path: Path) -> None:
    approval = ("  pay(to", "  approve pay(to: to, amount: amount) by boss\n  pay(to")
    assert tried(tmp_path, PAID, *approval)
    quiet = PAID.replace("policy p {", "policy p {\n  quiet: forbid approve")
    assert not tried(tmp_path, quiet, *approval)


def test_no_tested_expectation_is_lost(tmp_path: Path) -> None:
    approval = ("  pay(to", "  approve pay(to: to, amount: amount) by boss\n  pay(to")
    test = '\ntest "at once" {\n  input user "x"\n  expect unreachable w: approve, pay\n}\n'
    assert not tried(tmp_path, PAID + test, *approval)


def test_the_policy_is_compared_as_a_tree(tmp_path: Path) -> None:
    path = spec(tmp_path, PAID)
    before = Spec((str(path),), (), Limits())
    moved = Spec((str(path),), (), Limits(), {str(path): "# a comment\n" + PAID})
    weaker = Spec((str(path),), (), Limits(), {str(path): PAID.replace("shows: args", "by: boss")})
    assert unchanged(before.made, moved.made)
    assert not unchanged(before.made, weaker.made)


def test_files_that_were_not_asked_for_stay(tmp_path: Path) -> None:
    inner = spec(tmp_path, PAID, "inner.wf")
    outer = spec(tmp_path, 'import "inner.wf" (w)\nworkflow v() {\n  w(to: "a", amount: 1)\n}\n', "outer.wf")
    found = wfcheck.fix(outer)
    assert str(inner) not in found.changes
    assert wfcheck.fix([outer, inner]).report.ok


def test_time_that_is_up_is_said(tmp_path: Path) -> None:
    found = wfcheck.fix(spec(tmp_path, PAID), budget=0.000001)
    assert [o.found.complete for o in found.outcomes] == [False]
    assert found.diff == ""


def test_the_same_spec_gets_the_same_repairs(tmp_path: Path) -> None:
    path = tmp_path / "unsafe.wf"
    folder = ROOT / "examples" / "lean4agent"
    for file in folder.glob("*.wf"):
        shutil.copy(file, tmp_path)
    first, second = wfcheck.fix(path), wfcheck.fix(path)
    assert first.diff == second.diff != ""
    assert [o.found.repairs for o in first.outcomes] == [o.found.repairs for o in second.outcomes]


@pytest.mark.parametrize(
    "case",
    ["case12_approval_in_branch", "case13_by_the_requester", "case14_one_path_never_audits", "case15_approved_once_paid_twice",
     "case18_retried_effect", "case20_grant_that_errs", "case24_unknown_predicate", "case33_raw_and_released"],
)  # fmt: skip
def test_a_written_repair_is_proved_by_a_new_check(tmp_path: Path, case: str) -> None:
    text = (ROOT / "tests" / "adversarial" / f"{case}.wf").read_text(encoding="utf-8")
    path = spec(tmp_path, text)
    found = wfcheck.fix(path)
    found.write()
    report = wfcheck.check(path)
    verdicts = {(r.rule, r.workflow): r.verdict.value for r in report.results}
    for outcome in found.outcomes:
        if outcome.found.repairs or outcome.already:
            assert verdicts[outcome.rule, outcome.workflow] == "PROVED"
    assert declared(text) == declared(path.read_text(encoding="utf-8"))


# ---------------------------------------------------------------- layout


def test_a_formatted_file_stays_formatted_and_others_stay_as_they_are(tmp_path: Path) -> None:
    changed = fixed(tmp_path, PAID)
    assert format_source(Source("spec.wf", changed)) == changed
    wild = PAID.replace("tool audit(to: text)", "tool   audit( to : text )")
    assert "tool   audit( to : text )" in fixed(tmp_path, wild)


def test_line_ends_and_comments_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "spec.wf"
    path.write_bytes(PAID.replace("  pay(", "  # now\n  pay(").replace("\n", "\r\n").encode())
    wfcheck.fix(path).write()
    data = path.read_bytes()
    assert b"# now\r\n" in data
    assert data.count(b"\n") == data.count(b"\r\n")


@pytest.mark.parametrize(
    "body",
    [
        "  # one\n  pay(to: to, amount: amount)  # two\n  # three\n",
        "  # one\n  audit(to: to)  pay(to: to, amount: amount)  audit(to: to)  # two\n  # three\n",
        '  if amount > 3 { audit(to: to)  pay(to: to, amount: amount) }  # one\n  # two\n  say "x"  # three\n',
    ],
)
@pytest.mark.parametrize(
    "rule", ["require approve(by: boss, shows: args) before pay", "require audit(to: same) after pay"]
)
def test_no_comment_is_lost(tmp_path: Path, body: str, rule: str) -> None:
    text = (
        BANK.replace("  pay(to: to, amount: amount)\n", body) + f"\npolicy p {{\n  r: {rule} before end\n}}\n"
    )
    text = text.replace("before pay before end", "before pay")
    if rule.startswith("require audit"):
        text = text.replace("audit(to: to)  #", "say 3  #").replace("audit(to: to)", "say 2")
    changed = fixed(tmp_path, text)
    assert re.findall(r"# (\w+)", changed) == re.findall(r"# (\w+)", text)


# ---------------------------------------------------------------- mends


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("effect irreversible", "effect irreversable", "effect irreversible"),
        ("  pay(to:", "  pya(to:", "  pay(to:"),
        ("before pay", "before pya", "before pay"),
        ("workflow w(", "import std.web (fetch_page)\nworkflow w(", "workflow w("),
        ("  pay(to:", "  x = audit(to)\n  pay(to:", "  audit(to)\n"),
        ("  pay(to:", "  x = 3\n  pay(to:", ""),
        ("principal boss is human", "principal boss is human { clears {pii} }", "import std.labels (pii)"),
    ],
)
def test_findings_that_name_their_mend(tmp_path: Path, old: str, new: str, wanted: str) -> None:
    text = PAID.replace("\n  pay(", "\n  approve pay(to: to, amount: amount) by boss\n  pay(", 1)
    path = spec(tmp_path, text.replace(old, new, 1))
    found = wfcheck.fix(path)
    assert found.mends
    assert found.report.ok
    assert found.report.diagnostics == ()
    assert wanted in found.after.texts[str(path)]


def test_what_is_silenced_is_not_mended(tmp_path: Path) -> None:
    text = PAID.replace("  pay(", "  # wfcheck: ignore[WF441] it is kept for later\n  x = 3\n  pay(")
    assert wfcheck.fix(spec(tmp_path, text)).mends == ()


def test_what_cannot_be_mended_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = spec(tmp_path, PAID.replace("before pay", "before nothing_like_it"))
    assert main(["fix", str(path)]) == 2
    assert "WF201" in capsys.readouterr().err


# ---------------------------------------------------------------- from a replay

RATES = """\
tool rate() -> int { effect read  emits nothing  returns {}  ensures low: result <= 5 }
tool pay(n: int) { effect irreversible  emits nothing  returns {} }

workflow w() {
  n = rate()
  pay(n: n)
}

policy p {
  r: forbid pay(n: > 5)
}
"""


def test_a_blamed_assumption_is_tested_after_the_call(tmp_path: Path) -> None:
    path = spec(tmp_path, RATES)
    report = tmp_path / "report.json"
    blame = {"event": 1, "why": "", "assumption": "rate.low", "source": None}
    report.write_text(
        json.dumps({"schema": "wfcheck.replay/1", "results": [{"rule": "p.r", "blame": blame}]}), "utf-8"
    )
    found = wfcheck.fix(path, replayed=report)
    assert "n = rate()\n  if n > 5 {\n    stop" in found.after.texts[str(path)]
    promised = found.after.texts[str(path)].replace("  ensures low: result <= 5", "")
    assert wfcheck.check(spec(tmp_path, promised, "weaker.wf")).ok
    assert not wfcheck.check(spec(tmp_path, RATES.replace("  ensures low: result <= 5", ""), "weak.wf")).ok


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": "other"}', '{"schema": "wfcheck.replay/1", "results": []}']
)
def test_reports_that_blame_nothing_are_refused(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = spec(tmp_path, text, "report.json")
    assert main(["fix", str(spec(tmp_path, RATES)), "--from", str(report)]) == 2
    assert "WF822" in capsys.readouterr().err


# ---------------------------------------------------------------- the command


def test_nothing_is_written_unless_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = spec(tmp_path, PAID)
    assert main(["fix", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "repaired  p.r in w: have `boss` approve `pay` before it is called" in shown
    assert path.read_text(encoding="utf-8") == PAID
    assert main(["fix", str(path), "--write"]) == 0
    assert main(["check", str(path), "--no-cache"]) == 0
    capsys.readouterr()
    assert main(["fix", str(path)]) == 0
    assert capsys.readouterr().out == "nothing to mend\n"


def test_the_diff_is_a_patch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec(tmp_path, PAID)
    monkeypatch.chdir(tmp_path)
    assert main(["fix", "--diff", "spec.wf"]) == 0
    patch = capsys.readouterr().out
    done = subprocess.run(
        ["git", "apply", "-p0", "-"], input=patch, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "approve pay" in (tmp_path / "spec.wf").read_text(encoding="utf-8")


def test_json_says_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = spec(tmp_path, PAID)
    assert main(["fix", str(path), "--output-format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "wfcheck.fix/1"
    assert (found["written"], found["mends"], found["diagnostics"]) == (False, [], [])
    (outcome,) = found["repairs"]
    assert (outcome["rule"], outcome["verdict"], outcome["already"]) == ("p.r", "VIOLATED", False)
    first = outcome["repairs"][0]
    assert set(first) == {"title", "size", "gives_up", "diff"}
    assert first["diff"] == found["diff"]
    assert found["after"]["violated"] == 0


@pytest.mark.parametrize("words", [["--rule", "p.rr"], ["--workflow", "nobody"]])
def test_a_filter_that_selects_nothing_is_an_error(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = spec(tmp_path, PAID)
    assert main(["fix", str(path), *words]) == 2
    assert "WF806" in capsys.readouterr().err
    assert main(["fix", str(path), "--rule", "p.*", "--workflow", "w"]) == 0


def test_what_is_left_keeps_its_exit_code(tmp_path: Path) -> None:
    text = BANK + "\npolicy p {\n  r: forbid end\n}\n"
    assert main(["fix", str(spec(tmp_path, text))]) == 1
