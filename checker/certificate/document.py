"""The certificate as a document: its fields, its seal, and reading it from text that nobody vouches for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec

from wfcheck.dsl.source import Source

SCHEMA = "wfcheck.certificate/1"
LARGEST = 500_000_000


class HeadEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fixpoint at a loop, a retry, an agent or a parallel region. Numbers name sets."""

    variables: dict[str, Any]
    exits: int
    returns: int
    failing: int
    failures: int


class ActEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a step may do: the label of the decision, of each argument and of the result."""

    decision: int
    arguments: dict[str, Any]
    result: Any


class LabelsEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One labelling. `marks` are tags, or places that values are copied from; `sets` are sets of marks, by position. A label is the
    position of a set, or an object with such a label for each field. `heads` by workflow and node, `acts` of the proved workflow."""

    marks: list[Any]
    sets: list[list[int]]
    stores: dict[str, Any]
    inboxes: dict[str, int]
    heads: dict[str, dict[str, HeadEntry]]
    acts: dict[str, ActEntry]


class ConditionEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A verification condition: SMT-LIB text that has no model in which all selectors are true. `assumptions`: the name of what each
    selector switches on."""

    name: str
    text: str
    selectors: list[str]
    assumptions: list[str]


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a certificate says. `base`: the folder that paths are relative to, seen from the certificate. `sources`: the
    SHA-256 of the text of every module, library modules included. `tools`: what the proof was found with."""

    schema: str
    version: str
    tools: dict[str, str]
    base: str
    paths: list[str]
    policies: list[str]
    sources: dict[str, str]
    workflow: str
    rule: str
    verdict: str
    kind: str
    assumptions: list[str]
    cores: list[list[str]]
    depth: int | None
    labels: dict[str, LabelsEntry]
    invariant: dict[str, Any]
    conditions: list[ConditionEntry]
    digest: str


def sealed(certificate: Certificate) -> Certificate:
    """The certificate with the digest of all its other fields."""
    return msgspec.structs.replace(certificate, digest=digest(certificate))


def digest(certificate: Certificate) -> str:
    """SHA-256 of every field but the digest itself."""
    plain = msgspec.to_builtins(certificate)
    del plain["digest"]
    return sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def written(certificate: Certificate) -> bytes:
    """The text of the file: ASCII, the same for the same certificate."""
    plain = msgspec.to_builtins(certificate)
    return (json.dumps(plain, indent=1, ensure_ascii=True) + "\n").encode()


def read(data: bytes) -> Certificate:
    """The certificate in the text; raises ValueError (its message says what is wrong)."""
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST} bytes")
    try:
        return msgspec.json.decode(data, type=Certificate)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None


def hashes(sources: Iterable[Source]) -> dict[str, str]:
    """SHA-256 of the text of each module, by its path."""
    return {
        source.path: sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest() for source in sources
    }
