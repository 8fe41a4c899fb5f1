"""Labellings survive being written and read, under any assumptions; one bit less at a fixpoint is no labelling."""

from __future__ import annotations

from random import Random

import attrs
import msgspec
import pytest
from generators.programs import generate

from wfcheck.checker import cores
from wfcheck.checker.certificate.document import LabelsEntry
from wfcheck.checker.certificate.labels import MismatchError, decode, encode
from wfcheck.checker.obligation import Case, Limits
from wfcheck.checker.tasks import analysis_of


def copied(entry: LabelsEntry) -> LabelsEntry:
    return msgspec.json.decode(msgspec.json.encode(entry), type=LabelsEntry)


def test_what_is_written_is_read() -> None:
    for seed in range(60):
        program, workflow = generate(seed)
        analysis = analysis_of(program, Limits())
        names = sorted(cores.candidates(Case(analysis, workflow, None)))
        dropped = frozenset(name for name in names if Random(f"{seed} {name}").random() < 0.3)
        found = analysis.under(dropped)
        for name, labelling in (
            ("labels", found.labelling),
            ("data", found.explicit),
            ("origins", found.origins),
        ):
            entry = encode(labelling, "w")
            again = decode(copied(entry), name, attrs.evolve(found), "w")
            assert encode(again, "w") == entry, (seed, name)


def test_a_labelling_of_stronger_assumptions_is_refused() -> None:
    """What the labels are where everything holds is no labelling where nothing does, unless it makes no difference."""
    refused = 0
    for seed in range(60):
        program, workflow = generate(seed)
        analysis = analysis_of(program, Limits())
        worse = analysis.under(cores.candidates(Case(analysis, workflow, None)))
        entry = encode(analysis.labelling, "w")
        if entry == encode(worse.labelling, "w"):
            continue
        with pytest.raises(MismatchError):
            decode(copied(entry), "labels", attrs.evolve(worse), "w")
        refused += 1
    assert refused > 40


def test_less_at_any_loop_or_store_is_refused() -> None:
    tried = 0
    for seed in range(60):
        program, _ = generate(seed)
        analysis = analysis_of(program, Limits())
        entry = encode(analysis.labelling, "w")
        plain = msgspec.to_builtins(entry)
        for store, label in plain["stores"].items():
            if isinstance(label, int) and plain["sets"][label]:
                changed = copied(entry)
                changed.sets.append(changed.sets[label][1:])
                changed.stores[store] = len(changed.sets) - 1
                with pytest.raises(MismatchError):
                    decode(changed, "labels", analysis, "w")
                tried += 1
    assert tried > 20
