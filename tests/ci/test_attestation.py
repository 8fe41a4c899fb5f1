"""What is attested is what was checked; whatever changed after that is noticed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wfcheck
from wfcheck.checker.attest import statement as statements
from wfcheck.checker.attest import verifying
from wfcheck.cli.main import main

TOOLS = "tool post(body: text) -> text { effect write  emits nothing  returns {} }\n"
RULES = 'import "tools.wf"\npolicy p {\n  quiet: forbid post(body: "secret")\n}\n'
GOOD = 'import "rules.wf"\nimport "tools.wf"\nworkflow go() {\n  post(body: "x")\n}\n'
BAD = GOOD.replace('"x"', '"secret"')


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "specs"
    folder.mkdir()
    for name, text in {"tools.wf": TOOLS, "rules.wf": RULES, "go.wf": GOOD}.items():
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def attested(home: Path) -> Path:
    assert home.is_dir()
    assert main(["attest", "specs", "-o", "att.json"]) == 0
    return Path("att.json")


def verified(*words: str) -> int:
    return main(["verify-attestation", "att.json", *words])


def problems() -> set[str]:
    found = statements.read(Path("att.json").read_bytes())
    return {problem.kind for problem in verifying.verify(found, wfcheck.__version__)}


def test_the_statement_has_the_form_of_in_toto(home: Path, attested: Path) -> None:
    value = json.loads(attested.read_text(encoding="utf-8"))
    assert value["_type"] == "https://in-toto.io/Statement/v1"
    assert set(value) == {"_type", "subject", "predicateType", "predicate"}
    digests = {subject["name"]: subject["digest"]["sha256"] for subject in value["subject"]}
    files = {str(path.relative_to(home.parent)): path.read_bytes() for path in home.iterdir()}
    assert digests == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    [result] = value["predicate"]["results"]
    assert (result["rule"], result["verdict"]) == ("p.quiet", "PROVED")
    assert result["assumptions"]


def test_what_did_not_change_is_verified(attested: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert attested.exists()
    assert verified() == 0
    assert verified("--recheck") == 0
    assert "complete-mediation" in capsys.readouterr().out


def test_a_statement_is_the_same_each_time(attested: Path) -> None:
    before = attested.read_bytes()
    assert main(["attest", "specs", "-o", "att.json"]) == 0
    assert attested.read_bytes() == before


def edit(name: str, text: str) -> Callable[[Path], None]:
    return lambda home: (home / name).write_text(text, encoding="utf-8") and None


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a spec": (edit("go.wf", BAD), "source"),
    "a comment": (edit("go.wf", GOOD + "# well\n"), "source"),
    "an import": (edit("rules.wf", RULES + "\n"), "source"),
    "a new file": (edit("more.wf", "workflow idle() {\n}\n"), "files"),
    "a file less": (lambda home: (home / "tools.wf").unlink(), "source"),
}


@pytest.mark.usefixtures("attested")
@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_noticed(home: Path, change: str) -> None:
    act, kind = CHANGES[change]
    act(home)
    assert verified() == 1
    assert kind in problems()


def test_verdicts_that_did_not_hold_are_refused(home: Path) -> None:
    (home / "go.wf").write_text(BAD, encoding="utf-8")
    assert main(["attest", "specs", "-o", "att.json"]) == 1
    assert verified() == 1
    assert problems() == {"verdict"}


def test_bad_input_is_not_attested(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "go.wf").write_text("workflow {", encoding="utf-8")
    assert main(["attest", "specs", "-o", "att.json"]) == 2
    assert not Path("att.json").exists()
    assert "error" in capsys.readouterr().err


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*path, index))]
    return [path]


def changed(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
        case None:
            return "x"
        case _:
            return ["x"]


def test_every_changed_leaf_is_noticed(attested: Path) -> None:
    whole = attested.read_text(encoding="utf-8")
    paths = leaves(json.loads(whole))
    assert len(paths) > 25
    for path in paths:
        value = json.loads(whole)
        inner = value
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = changed(inner[path[-1]])
        attested.write_text(json.dumps(value), encoding="utf-8")
        try:
            found = problems()
        except ValueError:
            continue
        assert "seal" in found, path


def forged(attested: Path, act: Callable[[dict[str, Any]], None]) -> None:
    """Changed by somebody who knows how to seal it again."""
    value = json.loads(attested.read_text(encoding="utf-8"))
    act(value)
    made = statements.sealed(statements.read(json.dumps(value).encode()))
    attested.write_text(statements.written(made), encoding="utf-8")


def test_a_sealed_lie_is_found_by_proving_again(home: Path) -> None:
    (home / "go.wf").write_text(BAD, encoding="utf-8")
    assert main(["attest", "specs", "-o", "att.json"]) == 1
    forged(Path("att.json"), lambda value: value["predicate"]["results"][0].update(verdict="PROVED"))
    assert problems() == set()
    assert verified("--recheck") == 1


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (lambda v: v["predicate"].update(results=[]), "verdict"),
        (lambda v: v.update(subject=[]), "source"),
        (lambda v: v["subject"].pop(), "files"),
        (lambda v: v["predicate"].update(version="9"), "version"),
        (lambda v: v["predicate"]["tools"].update({"z3-solver": "0"}), "version"),
        (lambda v: v["predicate"].update(library={"std.labels": "0"}), "library"),
        (lambda v: v["subject"][0].update(name="/dev/zero"), "source"),
        (lambda v: v["subject"][0].update(name="specs"), "source"),
        (lambda v: v["subject"][0].update(name="\0"), "source"),
    ],
)
def test_a_sealed_statement_is_not_believed_otherwise(
    attested: Path, act: Callable[[dict[str, Any]], None], kind: str
) -> None:
    forged(attested, act)
    assert kind in problems()
    assert verified() == 1


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"_type": 1}'])
def test_what_is_no_statement_is_bad_input(
    home: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (home.parent / "att.json").write_bytes(data)
    assert verified() == 2
    assert main(["verify-attestation", "missing.json"]) == 2
    assert capsys.readouterr().err.count("WF821") == 2


@given(st.binary(max_size=60))
def test_reading_is_total(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        statements.read(data)


def test_as_json(attested: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert attested.exists()
    capsys.readouterr()
    assert verified("--output-format", "json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "schema": "wfcheck.verify-attestation/1", "version": wfcheck.__version__, "verified": True, "problems": [],
    }  # fmt: skip


def test_raise_for_violations_lets_nothing_pass(home: Path) -> None:
    wfcheck.check(home).raise_for_violations()
    (home / "go.wf").write_text(BAD, encoding="utf-8")
    with pytest.raises(wfcheck.ViolatedError, match=r"VIOLATED p\.quiet in go"):
        wfcheck.check(home).raise_for_violations()
    (home / "go.wf").write_text("workflow {", encoding="utf-8")
    with pytest.raises(wfcheck.WfError):
        wfcheck.check(home).raise_for_violations()
    with pytest.raises(wfcheck.WfError):
        wfcheck.check([]).raise_for_violations()
    with pytest.raises(wfcheck.WfError):
        wfcheck.check(home / "missing").raise_for_violations()
