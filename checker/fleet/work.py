"""One unit of work: judged alone, by options that can be sent to another process or machine. No process is started here."""

from __future__ import annotations

import hashlib
import pickle
import traceback
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import attrs

from wfcheck.checker.conformance.model import Compiled
from wfcheck.checker.fleet.units import Unit, pieces_of
from wfcheck.checker.naming import plain_result
from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.collecting import Collector, Outcome
from wfcheck.checker.replay.judges import judged, unhindered
from wfcheck.checker.replay.judging import Setting
from wfcheck.checker.replay.policy import compile_policy
from wfcheck.dsl import core


@attrs.frozen
class Options:
    """By what units are judged. `program`: pickled, by whoever starts the work and for nobody else. `digest`: the same for the same
    sources and options, in any process."""

    program: bytes = attrs.field(repr=False)
    digest: str
    rules: tuple[str, ...] = ()
    provenance: Mode = "values"
    lenient: bool = False
    certificates: str | None = None

    @staticmethod
    def of(
        program: core.Program,
        version: str,
        *,
        rules: Sequence[str] = (),
        provenance: Mode = "values",
        lenient: bool = False,
        certificates: str | Path | None = None,
    ) -> Options:
        """The options of a replay. Raises RecursionError for a program that is nested too deeply to be sent."""
        folder = None if certificates is None else str(certificates)
        asked = (version, tuple(rules), provenance, lenient, folder)
        digest = hashlib.sha256(repr(asked).encode())
        for file in (*program.files, *_certificates(folder)):
            digest.update(b"\0" + file.encode("utf-8", "surrogatepass") + b"\0" + _content(file))
        sent = pickle.dumps(program, pickle.HIGHEST_PROTOCOL)
        return Options(sent, digest.hexdigest(), tuple(rules), provenance, lenient, folder)


def _certificates(folder: str | None) -> list[str]:
    return [] if folder is None else sorted(str(path) for path in Path(folder).glob("*.json"))


def _content(file: str) -> bytes:
    """A digest of a file; nothing for what is no file, such as a module of the library."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).digest()
    except OSError:
        return b""


@lru_cache(maxsize=2)
def prepared(options: Options) -> tuple[Setting, core.Program]:
    """The program compiled, once in each process."""
    from wfcheck.checker.proofs import proofs_of

    program = pickle.loads(options.program)  # noqa: S301 - made by `Options.of`
    policy = compile_policy(program, options.rules)
    proofs, _ = proofs_of(program, options.certificates)
    return Setting.of(policy, options.provenance, Compiled(program, policy.tables), proofs), program


def judge_unit(options: Options, unit: Unit) -> Outcome:
    """What the traces of a unit show. A failure of our own is told in the outcome."""
    try:
        setting, program = prepared(options)
        found = Collector(options.lenient)
        with unhindered():
            for one in judged(setting, pieces_of(unit, lenient=options.lenient), lenient=options.lenient):
                found.take(one)
        found.results = found.results.mapped(plain_result(program.files))
        return found.outcome()
    except Exception:  # noqa: BLE001 - whatever was not foreseen is our defect; the other units go on
        return Outcome(defect=f"{names_of(unit)}:\n{traceback.format_exc()}")


def names_of(unit: Unit) -> str:
    """The files of a unit, in words."""
    first, *others = (part.path for part in unit.parts)
    return f"{first} and {len(others)} more" if others else first
