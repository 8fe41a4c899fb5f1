"""The statement as a document: its fields, its seal, and reading it from text that nobody vouches for.

The outer form is the Statement of the in-toto attestation framework, version 1: subjects with digests, a predicate and its type."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import msgspec

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:wfcheck:attestation:1"
LARGEST = 100_000_000


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that was read, by its path from the folder of the check, and the digest of its bytes under `sha256`."""

    name: str
    digest: dict[str, str]


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One result. `workflow` is None for what is said of a policy itself."""

    file: str
    workflow: str | None
    rule: str
    verdict: str
    severity: str
    heuristic: bool
    assumptions: list[str]
    cores: list[list[str]]
    depth: int | None
    reason: str | None


class Predicate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was checked and found. `tools`: versions of what it was found with; `paths` and `policies` as they were asked for, `files`
    what they came down to; `library`: SHA-256 of the library modules that were read; `timeout` in seconds;
    `outside`: a rule compared the policy with something else, such as a git revision; `seal`: SHA-256 of all else."""

    version: str
    tools: dict[str, str]
    paths: list[str]
    policies: list[str]
    files: list[str]
    library: dict[str, str]
    timeout: float
    seed: int
    outside: bool
    results: list[Verdict]
    seal: str = ""


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole document."""

    type: str = msgspec.field(name="_type")
    subject: list[Subject]
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: Predicate


def sealed(statement: Statement) -> Statement:
    """The statement with the digest of everything else in it."""
    predicate = msgspec.structs.replace(statement.predicate, seal=seal(statement))
    return msgspec.structs.replace(statement, predicate=predicate)


def seal(statement: Statement) -> str:
    """SHA-256 of everything but the seal itself."""
    plain: Any = msgspec.to_builtins(statement)
    del plain["predicate"]["seal"]
    return sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def written(statement: Statement) -> str:
    """The text of the file: ASCII, the same for the same statement."""
    return json.dumps(msgspec.to_builtins(statement), indent=1, ensure_ascii=True) + "\n"


def read(data: bytes) -> Statement:
    """The statement in a text; raises ValueError (its message says what is wrong)."""
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST} bytes")
    try:
        found = msgspec.json.decode(data, type=Statement)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if (found.type, found.predicate_type) != (TYPE, PREDICATE):
        raise ValueError(f"its types are not `{TYPE}` and `{PREDICATE}`")
    return found
