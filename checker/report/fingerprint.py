"""What makes a finding the same finding tomorrow: what it says, not the lines it says it about."""

from __future__ import annotations

import hashlib
import posixpath
from pathlib import PurePath

from wfcheck.checker.result import Result
from wfcheck.dsl.diagnostic import Diagnostic


def fingerprint(result: Result) -> str:
    """The fingerprint a result carries, or one over file, workflow, rule, verdict and the words of its path.

    A rule that was undecided and is now violated is another finding; so is a violation along another path."""
    if result.fingerprint:
        return result.fingerprint
    steps = [part for step in result.path for part in (step.edge, step.text)]
    return digest(uri(result.file), result.workflow or "", result.rule, result.verdict.value, *steps)


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
