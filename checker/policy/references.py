"""The other policy of `policy at most "main:policy.wf"`: a file beside this one, or a revision and a path of its git repository.

Git is asked for blobs only, without a shell, without prompts, filters or fetches, and within a time limit; nothing that is read there
is run. Paths are relative to the folder of the file that holds the check; one that begins with `/` to the root of the repository."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import attrs

from wfcheck.checker.explaining.vocabulary import nodes
from wfcheck.dsl import core, syntax
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.parsing.parser import parse
from wfcheck.dsl.source import Source
from wfcheck.stdlib import load, names

SECONDS = 10.0
MOST_BYTES = 4_000_000
MOST_FILES = 200
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@^~{}+-]{0,200}")
_SAFE = ("-c", "core.fsmonitor=false", "-c", "protocol.allow=never", "-c", "core.hooksPath=/dev/null")
_DROPPED = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_EXTERNAL_DIFF",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
)


class UnreadableError(Exception):
    """The other policy cannot be read; `reason` is one lower-case sentence, `notes` hold more of it."""

    def __init__(self, reason: str, *notes: str) -> None:
        super().__init__(reason)
        self.reason, self.notes = reason, notes


@attrs.frozen
class Reference:
    """`revision` None: a plain file."""

    folder: Path
    revision: str | None
    path: str


def reference(written: str, file: str) -> Reference:
    """What a text stands for, seen from a file. A file of that very name wins over a revision.

    Raises:
        UnreadableError: the text is neither a path nor a revision and a path.
    """
    folder = Path(file).parent
    revision, colon, path = written.partition(":")
    if not written or "\0" in written or "\n" in written:
        raise UnreadableError("this is no path")
    if not colon or (folder / written).is_file():
        return Reference(folder, None, written)
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise UnreadableError(f"`{revision}` is no name of a revision")
    if not path or ":" in path:
        raise UnreadableError("there is no path after the revision")
    return Reference(folder, revision, path)


@attrs.frozen
class Older:
    """The program of the other policy, and the texts of its files."""

    program: core.Program
    texts: Mapping[str, str]

    def by_name(self, rule: core.Rule) -> bool:
        """Whether the rule names each tool that it speaks of, so that no other tool was meant."""
        if isinstance(rule.body, core.Flow | core.FromOnly | core.Decision | core.Always):
            return False
        choices = [n for n in nodes(rule.body) if isinstance(n, core.EventChoice)]
        return all(self._named(choice) for choice in choices)

    def _named(self, choice: core.EventChoice) -> bool:
        if choice.kind in ("emit", "write", "read", "step") or (
            choice.kind in ("call", "fail") and not choice.subjects
        ):
            return False
        text = self.texts.get(choice.span.file, "")[choice.span.start : choice.span.end]
        words = set(re.findall(r"\w+", text))
        tools = [s.partition("@")[0] for s in choice.subjects if s in self.program.tools]
        return all(set(re.findall(r"\w+", tool)) <= words for tool in tools)


def read(written: str, file: str) -> Older:
    """The other policy.

    Raises:
        UnreadableError: it cannot be read, or has errors.
    """
    found = reference(written, file)
    if found.revision is None:
        return _program(found.folder / found.path)
    with tempfile.TemporaryDirectory(prefix="wfcheck-") as folder:
        return _program(_copied(found, Path(folder)), Path(folder))


def _program(path: Path, root: Path | None = None) -> Older:
    made = elaborate.load_all([path], library=load, library_names=names())
    errors = [d for d in made.diagnostics if d.severity is Severity.ERROR]
    if errors:
        raise UnreadableError("it has errors", *(_told(d, root) for d in errors[:3]))
    return Older(made.program, {file: source.text for file, source in made.sources.items()})


def _told(diagnostic: Diagnostic, root: Path | None) -> str:
    where = diagnostic.span.file if diagnostic.span is not None else diagnostic.file or ""
    place = os.path.relpath(where, root) if root is not None and where else where
    line = f":{diagnostic.span.line}" if diagnostic.span is not None else ""
    return f"{place}{line}: {diagnostic.message}"


def problems(program: core.Program) -> Iterator[Diagnostic]:
    """An error for each check whose other policy cannot be read."""
    for rule in program.rules:
        if isinstance(rule.body, core.Meta) and rule.body.kind == "policy_at_most":
            written = rule.body.names[0]
            try:
                read(written, rule.file)
            except UnreadableError as error:
                yield Diagnostic(
                    "WF547",
                    f"the policy `{written}` cannot be read",
                    rule.span,
                    notes=(error.reason, *error.notes),
                    help='name a file, `"old/policy.wf"`, or a revision and a file, `"main:policy.wf"`',
                )


# ---------------------------------------------------------------- git


def _copied(wanted: Reference, folder: Path) -> Path:
    """The file of the revision and all that it imports, below a folder of our own; where the file is."""
    commit = (
        _git(wanted, "rev-parse", "--verify", "--quiet", f"{wanted.revision}^{{commit}}").decode().strip()
    )
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        raise UnreadableError(f"there is no revision `{wanted.revision}`")
    prefix = _git(wanted, "rev-parse", "--show-prefix").decode().strip()
    start = _joined(prefix, wanted.path)
    waiting, seen = [start], {start}
    while waiting:
        path = waiting.pop()
        text = _blob(wanted, commit, path)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)
        for imported in _imports(path, text):
            if imported not in seen:
                seen.add(imported)
                waiting.append(imported)
        if len(seen) > MOST_FILES:
            raise UnreadableError("it imports too many files")
    return folder / start


def _joined(prefix: str, path: str) -> str:
    """A path from the root of the repository, without `.` and `..`."""
    whole = path.lstrip("/") if path.startswith("/") else f"{prefix}{path}"
    plain = os.path.normpath(whole).replace(os.sep, "/")
    if plain.startswith(("..", "/")) or plain == ".":
        raise UnreadableError(f"`{path}` leads out of the repository")
    return plain


def _imports(path: str, text: bytes) -> Iterator[str]:
    try:
        tree, _ = parse(Source(path, text.decode("utf-8-sig")))
    except UnicodeDecodeError:
        raise UnreadableError(f"`{path}` is not UTF-8 text") from None
    for item in tree.imports:
        if isinstance(item, syntax.FileImport):
            yield _joined(f"{PurePosixPath(path).parent}/", item.path.value)


def _blob(wanted: Reference, commit: str, path: str) -> bytes:
    name = f"{commit}:{path}"
    try:
        size = int(_git(wanted, "cat-file", "-s", name))
    except (ValueError, UnreadableError):
        raise UnreadableError(f"`{path}` is not in revision `{wanted.revision}`") from None
    if size > MOST_BYTES:
        raise UnreadableError(f"`{path}` is too large")
    return _git(wanted, "cat-file", "blob", name)


def _git(wanted: Reference, *words: str) -> bytes:
    kept = {k: v for k, v in os.environ.items() if k not in _DROPPED}
    env = {
        **kept,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "LC_ALL": "C",
    }
    folder = wanted.folder if str(wanted.folder) else Path()
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, words that are no options
            ["git", *_SAFE, *words],  # noqa: S607 - the git of the user's path, as everywhere
            cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise UnreadableError("`git` was not found") from None
    except subprocess.TimeoutExpired:
        raise UnreadableError("`git` took too long") from None
    except OSError as error:
        raise UnreadableError((error.strerror or "`git` cannot be run").lower()) from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UnreadableError(f"there is no revision `{wanted.revision}` here", *said[:1])
    return done.stdout
