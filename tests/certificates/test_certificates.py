"""Every PROVED rule has a certificate; a recheck confirms it, and does so without Z3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import wfcheck
from wfcheck.checker.certificate.recheck import recheck
from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Report, Verdict
from wfcheck.solver import second

ROOT = Path(__file__).resolve().parents[2]
TWINS = sorted((ROOT / "tests" / "adversarial").glob("case*_repaired.wf"))
EXAMPLES = sorted({path.parent for path in (ROOT / "examples").rglob("*.wf")})

WITHOUT_Z3 = """
import subprocess, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name == "z3" or name.startswith("z3."):
            raise ImportError("z3 is blocked")
sys.meta_path.insert(0, Blocked())
start = subprocess.Popen
class Watched(start):
    def __init__(self, args, *more, **named):
        assert not any("z3" in str(arg) for arg in args), "the prover was started"
        super().__init__(args, *more, **named)
subprocess.Popen = Watched
from wfcheck.cli.main import main
code = main(["recheck", *sys.argv[1:]])
assert "z3" not in sys.modules
sys.exit(code)
"""

needs_cvc5 = pytest.mark.skipif(not second.available(), reason="cvc5 is not installed")


def test_every_proved_rule_has_one_and_its_path_is_reported(shop: tuple[Path, Path, Report]) -> None:
    _, folder, report = shop
    proved = [r for r in report.results if r.verdict is Verdict.PROVED]
    assert len(proved) >= 8
    assert len({r.certificate for r in proved}) == len(proved) == len(list(folder.glob("*.json")))
    assert all(r.certificate is not None and Path(r.certificate).is_file() for r in proved)
    assert all(r.certificate is None for r in report.results if r.verdict is not Verdict.PROVED)
    kinds = {json.loads(path.read_text())["kind"] for path in folder.glob("*.json")}
    assert kinds == {"labels", "formulas", "shape"}


@needs_cvc5
def test_they_are_confirmed(shop: tuple[Path, Path, Report]) -> None:
    found = [recheck(path, "1") for path in shop[1].glob("*.json")]
    assert [o for o in found if o.status != "confirmed"] == []


@needs_cvc5
def test_an_invariant_is_confirmed(loop: Path) -> None:
    assert json.loads(loop.read_text())["kind"] == "invariant"
    assert recheck(loop, "1").status == "confirmed"


MANY = """
tool send(body: text) { effect irreversible  emits nothing  returns {} }
tool pay(amount: int) -> int { effect irreversible  emits nothing  returns {}  requires amount >= 0 }
tool more() -> bool { effect read  emits nothing  returns {} }
tool cost(x: text) -> int { effect read  emits nothing  returns {}  ensures pos: result >= 0  ensures ten: result <= 10 }
policy p {
  few: limit count(send) <= 10 per run
  total: limit sum(pay.amount) <= 100 per run
  order: require send before pay
  after: require pay after send before end
  never: forbid send after pay until more
}
workflow w(t: text from {user}) {
  n = 0
  go = true
  repeat while go and n < 10 { send(t)  pay(cost(t))  n = n + 1  go = more() }
}
"""


@needs_cvc5
def test_proofs_of_one_workflow_are_confirmed_one_by_one(tmp_path: Path) -> None:
    """What rules share while they are proved together is no part of a proof."""
    spec = tmp_path / "many.wf"
    spec.write_text(MANY, encoding="utf-8")
    report = check([spec], certificates=tmp_path / "proofs", version="1")
    assert {r.verdict for r in report.results} == {Verdict.PROVED}
    found = [recheck(Path(r.certificate or ""), "1") for r in report.results]
    assert [o for o in found if o.status != "confirmed"] == []


def test_the_same_check_writes_the_same_bytes(shop: tuple[Path, Path, Report], tmp_path: Path) -> None:
    spec, folder, _ = shop
    there = tmp_path.parent / f"{tmp_path.name}-again"
    check([spec], certificates=there, version="1")
    for path in folder.glob("*.json"):
        one, other = json.loads(path.read_text()), json.loads((there / path.name).read_text())
        for entry in (one, other):
            del entry["base"], entry["digest"]
        assert one == other


@needs_cvc5
@pytest.mark.parametrize("path", TWINS, ids=lambda p: p.stem)
def test_proofs_of_the_repaired_twins_are_confirmed(path: Path, tmp_path: Path) -> None:
    report = check([path], certificates=tmp_path, version="1")
    proved = [r for r in report.results if r.verdict is Verdict.PROVED]
    missing = [r.rule for r in proved if r.certificate is None and r.workflow is not None]
    assert missing == []
    found = [recheck(Path(r.certificate), "1") for r in proved if r.certificate is not None]
    assert [o for o in found if o.status != "confirmed"] == []


@needs_cvc5
@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda p: p.name)
def test_certificates_of_examples_are_confirmed_without_z3(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    report = wfcheck.check(".", certificates=tmp_path)
    if report.exit_code == 2:  # a file is meant to be refused, and beside bad input nothing is certified
        assert not [*tmp_path.iterdir()]
        return
    proved = [r for r in report.results if r.verdict is Verdict.PROVED and r.workflow is not None]
    assert all(r.certificate for r in proved)
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_Z3, str(tmp_path), "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if proved:
        assert run.returncode == 0, run.stdout + run.stderr
        assert run.stdout.startswith(f"{len(proved)} of {len(proved)} certificate")


def test_without_the_second_solver_formulas_are_undecided_and_labels_confirmed(
    shop: tuple[Path, Path, Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second, "available", lambda: False)
    for path in shop[1].glob("*.json"):
        asks = json.loads(path.read_text())["kind"] == "formulas"
        assert recheck(path, "1").status == ("undecided" if asks else "confirmed")


@needs_cvc5
def test_they_are_found_from_any_folder(
    shop: tuple[Path, Path, Report], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec, _, _ = shop
    monkeypatch.chdir(spec.parent)
    check([spec.name], certificates=Path("moved"), version="1")
    monkeypatch.chdir(tmp_path)
    found = [recheck(path, "1") for path in (spec.parent / "moved").glob("*.json")]
    assert found
    assert [o for o in found if o.status != "confirmed"] == []


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "schema": {"const": "wfcheck.recheck/1"},
        "version": {"type": "string"},
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["certificate", "workflow", "rule", "status", "part", "why"],
                "properties": {
                    "certificate": {"type": "string"},
                    "workflow": {"type": ["string", "null"]},
                    "rule": {"type": ["string", "null"]},
                    "status": {"enum": ["confirmed", "refuted", "undecided"]},
                    "part": {"type": ["string", "null"]},
                    "why": {"type": ["string", "null"]},
                },
            },
        },
    },
    "required": ["schema", "version", "results"],
}


def test_the_json_of_recheck(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    command = [sys.executable, "-m", "wfcheck", "recheck", str(bad), "--output-format", "json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    found = json.loads(run.stdout)
    jsonschema.validate(found, SCHEMA)
    assert found["results"][0]["part"] == "format"


def test_a_missing_certificate_is_bad_input(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wfcheck", "recheck", str(tmp_path / "none.json")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert run.returncode == 2
    assert "WF001" in run.stderr


def test_no_certificate_is_written_over_faulty_sources(tmp_path: Path) -> None:
    spec = tmp_path / "bad.wf"
    spec.write_text('workflow w() { say "a"\n x = }', encoding="utf-8")
    report = check([spec], certificates=tmp_path / "proofs", version="1")
    assert report.exit_code == 2
    assert not (tmp_path / "proofs").exists()
