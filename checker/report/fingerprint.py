"""What makes a finding the same finding tomorrow: what it says, not the lines it says it about."""

from __future__ import annotations

import hashlib
import posixpath
from pathlib import PurePath

from wfcheck.checker.result import Result
from wfcheck.dsl.diagnostic import Diagnostic


def fingerprint(result: Result) -> str:
    """A digest of file, workflow, rule, verdict and the way to the problem: its words and files, not its lines.

    A rule that was undecided and is now violated is another finding; so is a violation along another path."""
    steps = [part for step in result.path for part in (step.edge, step.text, uri(step.span.file))]
    run = [] if result.witness is None else sorted({e.source.file for e in result.witness.events if e.source})
    words = (uri(result.file), result.workflow or "", result.rule, result.verdict.value)
    return digest(*words, *steps, *map(uri, run))


def diagnostic_fingerprint(diagnostic: Diagnostic) -> str:
    """The same for a diagnostic: file, code and message."""
    return digest(uri(diagnostic_file(diagnostic)), diagnostic.code, diagnostic.message)


def diagnostic_file(diagnostic: Diagnostic) -> str:
    """The file a diagnostic is about, or an empty text."""
    return diagnostic.span.file if diagnostic.span else diagnostic.file or ""


def digest(*parts: str) -> str:
    """Sixteen hexadecimal digits over the parts; their borders count."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def uri(path: str) -> str:
    """A path with forward slashes and without detours, as machine formats want it."""
    return posixpath.normpath(PurePath(path).as_posix()) if path else ""
