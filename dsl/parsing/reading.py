"""Files to text: every way in which a file can fail to be a readable text is a located diagnostic."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.source import Source

MAX_BYTES = 4 * 1024 * 1024
_FORBIDDEN = re.compile(
    "\r(?!\n)|[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
)


def read_source(path: Path) -> Source | Diagnostic:
    """The text of a file, or why it cannot be read."""
    shown = str(path)
    try:
        if _is_special(path):
            return _refused("WF003", f"`{shown}` is no regular file", shown, "name a file that ends")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return _refused("WF001", f"there is no file `{shown}`", shown, "check the spelling of the path")
    except IsADirectoryError:
        return _refused("WF002", f"`{shown}` is a folder", shown, "name a file in it")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _refused("WF003", f"`{shown}` cannot be read", shown, "check its permissions", reason.lower())
    return decode(data, shown)


def _is_special(path: Path) -> bool:
    """Whether a path is a pipe or a device, which might never end; what the shell opened for us (`<(...)`) does."""
    mode = path.stat().st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and not str(path).startswith(
        ("/dev/fd/", "/dev/stdin")
    )


def decode(data: bytes, path: str) -> Source | Diagnostic:
    """UTF-8 text, with or without a byte order mark, free of control characters."""
    if len(data) > MAX_BYTES:
        return _refused("WF006", f"this file is larger than {MAX_BYTES // 1024 // 1024} MB", path, "split it")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(data, error.start, path)
    source = Source(path, text)
    found = _FORBIDDEN.search(text)
    return source if found is None else _control(source, found.start())


def _not_utf8(data: bytes, offset: int, path: str) -> Diagnostic:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return _refused("WF004", "this file is UTF-16, not UTF-8", path, "save it as UTF-8")
    good = Source(path, data[:offset].decode("utf-8") + "\ufffd")
    message = f"the byte 0x{data[offset]:02x} at offset {offset} is not UTF-8"
    return Diagnostic(
        "WF004", message, good.span(len(good.text) - 1, len(good.text)), help="save the file as UTF-8"
    )


def _control(source: Source, offset: int) -> Diagnostic:
    code = ord(source.text[offset])
    if code == 0x0D:
        message = "a carriage return alone ends a line in some editors and not in others"
        return Diagnostic("WF005", message, source.span(offset, offset + 1), help="end lines with line feeds")
    help_ = f"remove it, or write `\\u{code:04x}` in a text"
    message = f"the character U+{code:04X} is invisible and may not stand in a file"
    return Diagnostic("WF005", message, source.span(offset, offset + 1), help=help_)


def _refused(code: str, message: str, path: str, help_: str, *notes: str) -> Diagnostic:
    return Diagnostic(code, message, None, notes=notes, help=help_, file=path)
