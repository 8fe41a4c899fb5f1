"""`check policy at most`: an older policy in a file or in git, and runs that only the newer one allows."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.policy import references
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.result import Report, Result, Verdict
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load

TOOLS = """principal bot is agent
principal boss is human
tool login() { effect read  emits nothing  returns {} }
tool pay(to: text, amount: decimal) { effect irreversible  emits nothing  returns {} }
tool post(to: text, body: text) { effect irreversible  emits nothing  returns {} }
tool audit(to: text) { effect write  emits nothing  returns {} }
"""
OLD = {
    "grant": "allow bot: login, audit, post(to: matches /agent@x[.]com/)",
    "pay": "allow bot: pay when amount <= 100",
    "first": "first: require login before pay",
    "quiet": "quiet: forbid post after pay until login",
    "few": "few: limit count(pay) <= 3 per run",
    "ok": "ok: require approve(by: boss, shows: args) before pay(amount: > 50)",
    "audited": "audited: require audit after pay before end",
    "once": "once: limit count(audit) <= 2 per audit.to per run",
    "same": "same: require audit(to: same) before post",
}


def policy(lines: dict[str, str], check_line: str = "") -> str:
    rules = "\n  ".join([*lines.values(), check_line])
    return f'import "tools.wf"\npolicy p {{\n  {rules}\n}}\n'


@pytest.fixture
def compared(tmp_path: Path) -> Callable[[dict[str, str]], Result]:
    (tmp_path / "tools.wf").write_text(TOOLS)
    (tmp_path / "old.wf").write_text(policy(OLD))

    def run(changed: dict[str, str]) -> Result:
        lines = {name: line for name, line in {**OLD, **changed}.items() if line}
        path = tmp_path / "new.wf"
        path.write_text(policy(lines, 'c: check policy at most "old.wf"'))
        report = check([path], rules=["p.c"], timeout=6.0)
        assert not [d for d in report.diagnostics if d.severity.value == "error"], report.diagnostics
        (found,) = report.results
        if found.verdict is Verdict.VIOLATED:
            confirm(found, path, tmp_path / "old.wf")
        return found

    return run


def confirm(found: Result, new: Path, old: Path) -> None:
    """The witness by the naive evaluator: the newer policy holds on it, the older one breaks."""
    assert found.witness is not None
    events = found.witness.events
    programs = [elaborate.load([path], library=load)[0] for path in (new, old)]
    rules = [r for r in programs[0].rules if r.name != "p.c"]
    assert all(breaks(programs[0], r, events, marked=True).holds for r in rules)
    assert any(
        found.witness.index in breaks(programs[1], r, events, marked=True).broken for r in programs[1].rules
    )


def test_the_same_policy(compared: Callable[[dict[str, str]], Result]) -> None:
    assert compared({}).verdict is Verdict.PROVED


@pytest.mark.parametrize(
    "changed",
    [
        {"grant": 'allow bot: login, audit, post(to: "agent@x.com")'},
        {"pay": 'allow bot: pay when amount <= 90 and to != "x"'},
        {"first": "first: require login before {pay, post}"},
        {"quiet": "quiet: forbid post after {pay, audit}"},
        {"few": "few: limit count({pay, post}) <= 2 per run"},
        {"few": "few: limit count(pay) <= 2 per session"},
        {"ok": "ok: require approve(by: boss, shows: args) before pay"},
        {"once": "once: limit count(audit) <= 1 per audit.to per run"},
        {"once": "once: forbid audit", "audited": "none: forbid pay"},
    ],
    ids=lambda changed: ",".join(changed),
)
def test_stricter_policies_are_at_most_the_old_one(
    compared: Callable[[dict[str, str]], Result], changed: dict[str, str]
) -> None:
    found = compared(changed)
    assert found.verdict is Verdict.PROVED, found.reason


@pytest.mark.parametrize(
    "changed",
    [
        {"grant": "allow bot: login, audit, post(to: matches /.*/)"},
        {"grant": "allow bot: login, audit, post(to: matches /agent@x.com/)"},
        {"grant": "allow bot: login, audit, post"},
        {"grant": 'allow bot: login, audit, post(to: contains "agent@x.com")'},
        {"pay": "allow bot: pay"},
        {"pay": "allow bot: pay when amount < 101"},
        {"first": ""},
        {"first": "first: require {login, audit} before pay"},
        {"quiet": "quiet: forbid post after pay until {login, audit}"},
        {"few": "few: limit count(pay) <= 4 per run"},
        {"ok": "ok: require approve(by: boss, shows: args) before pay(amount: > 60)"},
        {"ok": "ok: require approve(by: boss) before pay(amount: > 50.5)"},
        {"audited": ""},
        {"once": ""},
        {"same": "same: require audit before post"},
    ],
    ids=lambda changed: next(iter(changed.items()))[1][:40],
)
def test_wider_policies_have_a_run_to_show(
    compared: Callable[[dict[str, str]], Result], changed: dict[str, str]
) -> None:
    found = compared(changed)
    assert found.verdict is Verdict.VIOLATED, found.reason


def test_an_unknown_tool_is_not_compared(tmp_path: Path) -> None:
    (tmp_path / "old.wf").write_text(
        "tool pay(n: int) { effect irreversible }\npolicy p { a: forbid call(effect: irreversible) }\n"
    )
    (tmp_path / "new.wf").write_text(
        "tool pay(n: int) { effect irreversible }\ntool wire(n: int) { effect irreversible }\n"
        'policy p { a: forbid pay  c: check policy at most "old.wf" }\n'
    )
    (found,) = check([tmp_path / "new.wf"], rules=["p.c"]).results
    assert found.verdict is Verdict.UNKNOWN
    assert "wire" in (found.reason or "")


# ---------------------------------------------------------------- where the other policy is


def git(folder: Path, *words: str) -> None:
    env = {"GIT_CONFIG_GLOBAL": "/dev/null", "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *words],
        cwd=folder,
        env=env,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "tools.wf").write_text(TOOLS)
    (tmp_path / "sub" / "policy.wf").write_text(policy(OLD))
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "old")
    (tmp_path / "sub" / "tools.wf").write_text(
        TOOLS + "tool wire() { effect read  emits nothing  returns {} }\n"
    )
    return tmp_path


def report(repository: Path, location: str, **changed: str) -> Report:
    path = repository / "sub" / "policy.wf"
    path.write_text(policy({**OLD, **changed}, f'c: check policy at most "{location}"'))
    return check([path], rules=["p.c"], timeout=6.0)


@pytest.mark.parametrize(
    "location", ["main:policy.wf", "HEAD:./policy.wf", "main:/sub/policy.wf", "HEAD~0:policy.wf"]
)
def test_a_revision_and_its_imports(repository: Path, location: str) -> None:
    (found,) = report(repository, location).results
    assert found.verdict is Verdict.PROVED, found.reason
    (wider,) = report(repository, location, few="few: limit count(pay) <= 9 per run").results
    assert wider.verdict is Verdict.VIOLATED


@pytest.mark.parametrize(
    "location",
    ["gone.wf", "main:gone.wf", "other:policy.wf", "--help:policy.wf", "-x:policy.wf", "main:../../etc/passwd", "main:",
     "main:a:b", "a..b:policy.wf", "$(touch x):policy.wf", "main:--output=x"],
)  # fmt: skip
def test_what_cannot_be_read_is_an_error_at_the_check(repository: Path, location: str) -> None:
    found = report(repository, location)
    (problem,) = [d for d in found.diagnostics if d.code == "WF547"]
    assert problem.span is not None
    assert problem.span.line == 12
    assert found.exit_code == 2
    assert found.results[0].verdict is Verdict.UNKNOWN
    assert not (repository / "sub" / "x").exists()


def test_an_older_policy_with_errors(repository: Path) -> None:
    (repository / "sub" / "broken.wf").write_text("policy p { a: forbid nothing_known }\n")
    (problem,) = [d for d in report(repository, "broken.wf").diagnostics if d.code == "WF547"]
    assert any("nothing_known" in note for note in problem.notes)


def test_git_is_told_apart_from_files(tmp_path: Path) -> None:
    (tmp_path / "a:b.wf").write_text("")
    assert references.reference("a:b.wf", str(tmp_path / "x.wf")).revision is None
    assert references.reference("a:c.wf", str(tmp_path / "x.wf")).revision == "a"
