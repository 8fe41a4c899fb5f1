"""The sources that a certificate speaks of, as they are now."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

import attrs
import msgspec

from wfcheck.checker.certificate.document import Certificate, hashes
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load, names


@attrs.frozen
class Sources:
    """The program of the sources. `problem`: what differs from the certificate, in a sentence; None if nothing does. `certificate`:
    the one that was asked about, with the names that its files have when they are seen from the current folder."""

    program: core.Program
    problem: str | None
    certificate: Certificate


def load_sources(found: Certificate, path: Path) -> Sources:
    """Read the files that were checked, relative to where they were checked from; where they are not there, to the current folder."""
    home = os.path.normpath(path.absolute().parent / found.base)
    given = (*found.paths, *found.policies)
    there = all(Path(home, name).exists() for name in given)
    root = os.path.relpath(home) if there else "."

    def placed(listed: Iterable[str]) -> list[str]:
        return [os.path.normpath(Path(root, name)) for name in listed]

    made = elaborate.load_all(
        placed(found.paths), policies=placed(found.policies), library=load, library_names=names()
    )
    now = {_real(name, "."): digest for name, digest in hashes(made.sources.values()).items()}
    then = {_real(name, root): digest for name, digest in found.sources.items()}
    problem = _difference(now, then)
    if problem is None and any(d.severity is Severity.ERROR for d in made.diagnostics):
        problem = "the sources have errors"
    names_now = {_real(source.path, "."): source.path for source in made.sources.values()}
    renamed = {name: names_now.get(_real(name, root), name) for name in found.sources}
    return Sources(made.program, problem, _renamed(found, renamed))


def _renamed(found: Certificate, files: Mapping[str, str]) -> Certificate:
    """Where two files declare one name, its symbol is `name@file`: with the files as they are called now."""
    suffixes = {f"@{old}": f"@{new}" for old, new in files.items() if old != new}
    if not suffixes:
        return found

    def told(value: Any) -> Any:
        match value:
            case str():
                for old, new in suffixes.items():
                    value = value.replace(old, new)
                return value
            case list():
                return [told(item) for item in value]
            case dict():
                return {told(key): told(item) for key, item in value.items()}
            case _:
                return value

    return msgspec.convert(told(msgspec.to_builtins(found)), type=Certificate)


def _difference(now: dict[str, str], then: dict[str, str]) -> str | None:
    for name in sorted(now.keys() | then.keys()):
        if name not in now:
            return f"`{_shown(name)}` is not there any more"
        if name not in then:
            return f"`{_shown(name)}` was not among the sources"
        if now[name] != then[name]:
            return f"`{_shown(name)}` is not the text that was checked"
    return None


def _real(name: str, root: str) -> str:
    """One spelling per file; modules of the library stay as they are."""
    file = "\0" not in name and PurePath(name).suffix == ".wf"
    return os.path.realpath(Path(root, name)) if file else name


def _shown(name: str) -> str:
    return os.path.relpath(name) if Path(name).is_absolute() else name
