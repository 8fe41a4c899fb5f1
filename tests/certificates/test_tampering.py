"""Whatever is changed in a certificate, or in what it is about, is found and named - also where the seal is renewed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wfcheck.checker.certificate.document import Certificate, read, sealed
from wfcheck.checker.certificate.recheck import recheck
from wfcheck.checker.result import Report
from wfcheck.solver import second

pytestmark = pytest.mark.skipif(not second.available(), reason="cvc5 is not installed")

Edit = Callable[[dict[str, Any]], None]
TRUE_TEXT = "(declare-sort Text 0)\n(declare-sort Opaque 0)\n(assert false)"


def put(*path: Any) -> Edit:
    """Sets what lies at a path of keys to the last of them."""
    *way, last, value = path

    def edit(found: dict[str, Any]) -> None:
        place: Any = found
        for key in way:
            place = place[key]
        assert place[last] != value
        place[last] = value

    return edit


def every_set(found: dict[str, Any]) -> None:
    """One bit dropped from the largest set of a labelling."""
    sets = found["labels"]["labels"]["sets"]
    max(sets, key=len).pop()


def added_bit(found: dict[str, Any]) -> None:
    sets, marks = found["labels"]["labels"]["sets"], found["labels"]["labels"]["marks"]
    smallest = min((s for s in sets if len(s) < len(marks)), key=len)
    smallest.append(next(i for i in range(len(marks)) if i not in smallest))


def cleared_argument(found: dict[str, Any]) -> None:
    """A step whose arguments are said to carry nothing."""
    acts = found["labels"]["labels"]["acts"]
    sets = found["labels"]["labels"]["sets"]
    sets.append([])
    act = next(
        a for a in acts.values() if any(sets[t] if isinstance(t, int) else t for t in a["arguments"].values())
    )
    act["arguments"] = {name: len(sets) - 1 for name in act["arguments"]}


def dropped_act(found: dict[str, Any]) -> None:
    found["labels"]["labels"]["acts"].popitem()


def empty_store(found: dict[str, Any]) -> None:
    labels = found["labels"]["labels"]
    labels["sets"].append([])
    assert labels["sets"][labels["stores"]["box"]]
    labels["stores"]["box"] = len(labels["sets"]) - 1


def dropped_head(found: dict[str, Any]) -> None:
    heads = found["labels"]["labels"]["heads"]["shop"]
    assert heads
    heads.popitem()


def renamed_mark(found: dict[str, Any]) -> None:
    found["labels"]["labels"]["marks"][0] = "web2"


def without_core_name(found: dict[str, Any]) -> None:
    """The last name of the core is dropped wherever it stands; the depth is what it would be."""
    found["cores"][0].pop()
    found["assumptions"].pop()
    found["depth"] = 1 if found["cores"][0] else None


def without_condition_name(found: dict[str, Any]) -> None:
    without_core_name(found)
    condition = found["conditions"][0]
    condition["assumptions"].pop()
    selector = condition["selectors"].pop()
    condition["text"] = "\n".join(
        line for line in condition["text"].split("\n") if f" {selector} " not in line
    )


def further_core(found: dict[str, Any]) -> None:
    found["cores"].append([])
    found["depth"] = None


def foreign_core(found: dict[str, Any]) -> None:
    found["cores"].append(["of my own"])
    found["depth"] = 2


def weaker_text(found: dict[str, Any]) -> None:
    found["conditions"][0]["text"] = TRUE_TEXT


def edited_text(found: dict[str, Any]) -> None:
    text = found["conditions"][0]["text"]
    assert "100" in text
    found["conditions"][0]["text"] = text.replace("100", "99")


LABELS = {
    "the schema": (put("schema", "wfcheck.certificate/0"), "schema"),
    "the version": (put("version", "2"), "version"),
    "the verdict": (put("verdict", "VACUOUS"), "verdict"),
    "the rule": (put("rule", "p.top"), "labels"),
    "a rule that is none": (put("rule", "p.other"), "rule"),
    "a built-in rule that is none": (put("rule", "builtin.other"), "rule"),
    "the workflow": (put("workflow", "again"), "assumptions"),
    "a workflow that is none": (put("workflow", "other"), "workflow"),
    "the kind": (put("kind", "formulas"), "kind"),
    "a kind that is none": (put("kind", "faith"), "kind"),
    "the depth": (put("depth", 7), "depth"),
    "the assumptions": (put("assumptions", ["complete-mediation"]), "assumptions"),
    "a name of the core": (without_core_name, "assumptions"),
    "a core that does not suffice": (further_core, "cores"),
    "a core of names that mean nothing": (foreign_core, "cores"),
    "no core": (put("cores", []), "assumptions"),
    "no labels": (put("labels", {}), "labels"),
    "a bit of a label": (every_set, "labels"),
    "one bit more": (added_bit, "labels"),
    "the label of an argument": (cleared_argument, "labels"),
    "a step": (dropped_act, "labels"),
    "a store": (empty_store, "labels"),
    "the fixpoint of a loop": (dropped_head, "labels"),
    "a tag": (renamed_mark, "labels"),
    "an invariant where none belongs": (put("invariant", {"start": [["const", "Bool", True]]}), "invariant"),
    "a condition where none belongs": (
        put("conditions", [{"name": "x", "text": "", "selectors": [], "assumptions": []}]),
        "conditions",
    ),
    "the hash of a source": (lambda found: found["sources"].update({next(iter(found["sources"])): "0" * 64}), "sources"),
    "one source more": (lambda found: found["sources"].update({"other.wf": "0" * 64}), "sources"),
    "the paths": (put("paths", []), "sources"),
}  # fmt: skip

FORMULAS = {
    "a name of the core": (without_core_name, "conditions"),
    "a name of the core and of the condition": (without_condition_name, "conditions"),
    "the text, to something that holds": (weaker_text, "conditions"),
    "a number in the text": (edited_text, "conditions"),
    "a selector": (lambda found: found["conditions"][0]["selectors"].append("a!9"), "conditions"),
    "no condition": (put("conditions", []), "conditions"),
    "the workflow": (put("workflow", "again"), "conditions"),
    "the kind": (put("kind", "labels"), "labels"),
    "a label where none belongs": (
        put("labels", {"labels": {"marks": [], "sets": [], "stores": {}, "inboxes": {}, "heads": {}, "acts": {}}}),
        "labels",
    ),
}  # fmt: skip


def certificate(folder: Path, rule: str) -> Path:
    return next(
        p
        for p in folder.glob("*.json")
        if (c := json.loads(p.read_text()))["rule"] == rule and c["workflow"] == "shop"
    )


def outcome(path: Path, edit: Edit, to: Path, *, renew: bool) -> tuple[str, str]:
    plain = json.loads(path.read_text())
    edit(plain)
    changed = msgspec.convert(plain, type=Certificate)
    target = path.with_name(to.name + ".tampered")
    target.write_bytes(msgspec.json.encode(sealed(changed) if renew else changed))
    try:
        found = recheck(target, "1")
    finally:
        target.unlink()
    return found.status, found.part


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("renew", [True, False], ids=["sealed again", "seal broken"])
def test_a_changed_proof_by_labels_is_refuted(
    shop: tuple[Path, Path, Report], tmp_path: Path, name: str, renew: bool
) -> None:
    edit, part = LABELS[name]
    assert outcome(certificate(shop[1], "p.safe"), edit, tmp_path, renew=renew) == ("refuted", part)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("renew", [True, False], ids=["sealed again", "seal broken"])
def test_a_changed_proof_by_formulas_is_refuted(
    shop: tuple[Path, Path, Report], tmp_path: Path, name: str, renew: bool
) -> None:
    edit, part = FORMULAS[name]
    assert outcome(certificate(shop[1], "p.top"), edit, tmp_path, renew=renew) == ("refuted", part)


def at_head(*nodes: Any) -> Edit:
    """Another invariant at the only place that has one."""

    def edit(found: dict[str, Any]) -> None:
        (place,) = found["invariant"]
        found["invariant"][place] = list(nodes)

    return edit


def weaker(found: dict[str, Any]) -> None:
    """`<=` becomes `<=` up to one more."""
    (place,) = found["invariant"]
    *operands, last = found["invariant"][place]
    left, right = last[2]
    one = [["const", "Int", 1], ["add", "Int", [right, len(operands)], None]]
    found["invariant"][place] = [*operands, *one, ["le", "Bool", [left, len(operands) + 1], None]]


def stronger(found: dict[str, Any]) -> None:
    """`<=` becomes `<`."""
    (place,) = found["invariant"]
    found["invariant"][place][-1][0] = "lt"


def renamed_place(found: dict[str, Any]) -> None:
    (place,) = found["invariant"]
    found["invariant"] = {"elsewhere": found["invariant"][place]}


def misread_variable(found: dict[str, Any]) -> None:
    (place,) = found["invariant"]
    found["invariant"][place][0][2] = "other"


INVARIANT = {
    "true": (at_head(["const", "Bool", True]), "invariant"),
    "false": (at_head(["const", "Bool", False]), "invariant"),
    "weaker": (weaker, "invariant"),
    "stronger": (stronger, "invariant"),
    "no formula": (at_head(["le", "Bool", [5, 6], None]), "invariant"),
    "no node": (at_head("x"), "invariant"),
    "no nodes": (at_head(), "invariant"),
    "another place": (renamed_place, "invariant"),
    "another variable": (misread_variable, "invariant"),
    "none": (put("invariant", {}), "invariant"),
    "one condition less": (lambda found: found["conditions"].pop(), "conditions"),
    "another order": (lambda found: found["conditions"].reverse(), "conditions"),
    "a condition to something that holds": (
        lambda found: found["conditions"][-1].update(text=TRUE_TEXT),
        "conditions",
    ),
    "the kind": (put("kind", "formulas"), "kind"),
}  # fmt: skip


@pytest.mark.parametrize("name", INVARIANT)
@pytest.mark.parametrize("renew", [True, False], ids=["sealed again", "seal broken"])
def test_a_changed_proof_by_an_invariant_is_refuted(
    loop: Path, tmp_path: Path, name: str, renew: bool
) -> None:
    edit, part = INVARIANT[name]
    assert outcome(loop, edit, tmp_path, renew=renew) == ("refuted", part)


@pytest.mark.parametrize("field", ["tools", "base"])
def test_what_no_proof_depends_on_is_under_the_seal(
    shop: tuple[Path, Path, Report], tmp_path: Path, field: str
) -> None:
    value: Any = {"z3-solver": "0"} if field == "tools" else "./nowhere/.."
    found = outcome(certificate(shop[1], "p.safe"), put(field, value), tmp_path, renew=False)
    assert found == ("refuted", "digest")


def test_every_bit_of_a_set_matters(shop: tuple[Path, Path, Report], tmp_path: Path) -> None:
    """Each set of the labelling, less its last bit."""
    path = certificate(shop[1], "p.safe")
    sets = read(path.read_bytes()).labels["labels"].sets
    for number, bits in enumerate(sets):
        if bits:
            edit = put("labels", "labels", "sets", number, bits[:-1])
            assert outcome(path, edit, tmp_path, renew=True) == ("refuted", "labels")


@pytest.mark.parametrize("change", ["# one more line\n", "\npolicy q { r: forbid pay }\n"])
def test_edited_sources_are_refuted(shop: tuple[Path, Path, Report], change: str) -> None:
    spec, folder, _ = shop
    before = spec.read_text(encoding="utf-8")
    try:
        spec.write_text(before + change, encoding="utf-8")
        found = [recheck(path, "1") for path in folder.glob("*.json")]
    finally:
        spec.write_text(before, encoding="utf-8")
    assert {(o.status, o.part) for o in found} == {("refuted", "sources")}


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"schema": 1}', "[" * 100_000, "\xff"])
def test_what_is_no_certificate_is_refuted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="latin-1")
    found = recheck(path, "1")
    assert (found.status, found.part) == ("refuted", "format")
