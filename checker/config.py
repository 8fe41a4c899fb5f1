"""Settings from `wfcheck.toml` or `[tool.wfcheck]` of pyproject.toml; the nearest file above the current folder wins.

In one folder `wfcheck.toml` goes before pyproject.toml. A pyproject.toml without the table does not count."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from wfcheck.checker.report.formats import FORMATS
from wfcheck.dsl.diagnostic import Diagnostic, WfError
from wfcheck.dsl.source import Source, Span

PROVENANCE = ("declared", "values", "context")
COLORS = ("auto", "always", "never")
FAIL_ON = ("vacuous", "uncovered")
_LARGEST = 1_000_000
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)?")
Wanted: TypeAlias = str | tuple[str, ...]

# what each key wants: a word for its kind, or its choices
KEYS: Mapping[str, Wanted] = {
    "baseline": "path",
    "certificates": "path",
    "color": COLORS,
    "fail-on": FAIL_ON,
    "lenient": "boolean",
    "output-format": FORMATS,
    "policy": "paths",
    "provenance": PROVENANCE,
    "rule": "texts",
    "seed": "integer",
    "timeout": "duration",
    "workflow": "text",
}


@attrs.frozen
class Config:
    """Settings by key; paths are absolute or relative to the current folder. `file` is None where there is no file."""

    file: str | None
    values: Mapping[str, Any]


def load(folder: Path) -> Config:
    """The settings that hold in a folder.

    Raises:
        WfError: the file is unreadable, is no TOML, or has an unknown key or a value of the wrong kind.
    """
    for place in (folder.absolute(), *folder.absolute().parents):
        for name, inside in (("wfcheck.toml", ()), ("pyproject.toml", ("tool", "wfcheck"))):
            file = place / name
            if file.is_file() and (config := _from_file(file, inside, folder)) is not None:
                return config
    return Config(None, {})


def seconds(text: str) -> float | None:
    """`500ms`, `10s`, `2m`, `1h` or a bare number of seconds; None for anything else, zero included."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    value = float(found[1]) * _UNITS[found[2] or "s"]
    return value if value > 0 else None


def _from_file(file: Path, inside: tuple[str, ...], folder: Path) -> Config | None:
    source = Source(_shown(file, folder), _text(file, folder))
    try:
        table: Any = tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        if inside and "[tool.wfcheck" not in source.text:
            return None
        raise WfError(_not_toml(source, error)) from None
    for key in inside:
        table = table.get(key) if isinstance(table, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise WfError(Diagnostic("WF802", "`tool.wfcheck` is not a table", _key_span(source, "wfcheck")))
    problems = tuple(_problems(table, source))
    if problems:
        raise WfError(*problems)
    return Config(
        source.path, {key: _settled(key, value, file.parent, folder) for key, value in table.items()}
    )


def _text(file: Path, folder: Path) -> str:
    try:
        data = file.read_bytes()
        if len(data) > _LARGEST:
            raise WfError(_unreadable(file, folder, f"it is larger than {_LARGEST} bytes"))
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise WfError(_unreadable(file, folder, error.strerror or "it cannot be opened")) from None
    except UnicodeDecodeError as error:
        raise WfError(_unreadable(file, folder, f"byte {error.start} is not UTF-8")) from None


def _shown(file: Path, folder: Path) -> str:
    """Relative where the file is below the folder or just above it."""
    home = folder.absolute()
    return str(file.relative_to(home)) if file.is_relative_to(home) else str(file)


def _unreadable(file: Path, folder: Path, why: str) -> Diagnostic:
    return Diagnostic(
        "WF803", "the configuration cannot be read", None, notes=(why,), file=_shown(file, folder)
    )


def _not_toml(source: Source, error: Exception) -> Diagnostic:
    found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    reason = (
        re.sub(r"\s*\(at .*\)$", "", str(error))
        if not isinstance(error, RecursionError)
        else "nested too deeply"
    )
    start = _offset(source, int(found[1]), int(found[2])) if found else len(source.text)
    return Diagnostic(
        "WF803",
        "the configuration is not valid TOML",
        source.span(start, start + 1),
        notes=(reason[:1].lower() + reason[1:],),
    )


def _offset(source: Source, line: int, column: int) -> int:
    lines = source.text.split("\n")
    return sum(len(text) + 1 for text in lines[: line - 1]) + column - 1


def _problems(table: Mapping[str, Any], source: Source) -> Iterator[Diagnostic]:
    for key, value in table.items():
        if key not in KEYS:
            near = get_close_matches(key.replace("_", "-"), KEYS, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"the keys are {', '.join(KEYS)}"
            yield attrs.evolve(_problem(source, key, f"`{key}` is no setting of wfcheck"), help=hint)
        elif not _fits(KEYS[key], value):
            found = Diagnostic("WF802", f"`{key}` has a value that does not fit", _key_span(source, key))
            yield attrs.evolve(found, help=_wanted(KEYS[key]))


def _problem(source: Source, key: str, message: str) -> Diagnostic:
    return Diagnostic("WF801", message, _key_span(source, key))


def _key_span(source: Source, key: str) -> Span:
    quoted = re.escape(key)
    found = re.search(
        rf"^[ \t]*\[?(?:[^\n=#]*\.)?[ \t]*[\"']?({quoted})[\"']?[ \t]*[=.\]]", source.text, re.MULTILINE
    )
    return source.span(*found.span(1)) if found else source.span(0, 1)


def _fits(wanted: Wanted, value: Any) -> bool:
    match wanted:
        case tuple():
            return value in wanted if isinstance(value, str) else False
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
        case "duration":
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return value > 0 if number else isinstance(value, str) and seconds(value) is not None
        case "texts" | "paths":
            listed = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
            return listed or (isinstance(value, str) and value != "")
        case _:
            return isinstance(value, str) and value != ""


def _wanted(wanted: Wanted) -> str:
    match wanted:
        case tuple():
            return "give " + " or ".join(f'`"{choice}"`' for choice in wanted)
        case "duration":
            return 'give a duration such as `"10s"`, or seconds as a number'
        case "texts" | "paths":
            return f"give a list of {'paths' if wanted == 'paths' else 'texts'}"
        case "integer":
            return "give a whole number, 0 or more"
        case _:
            return f"give a {wanted}"


def _settled(key: str, value: Any, home: Path, folder: Path) -> Any:
    match KEYS[key]:
        case "paths":
            return tuple(_placed(item, home, folder) for item in _listed(value))
        case "texts":
            return tuple(_listed(value))
        case "path":
            return _placed(value, home, folder)
        case "duration":
            return seconds(value) if isinstance(value, str) else float(value)
        case _:
            return value


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _placed(path: str, home: Path, folder: Path) -> str:
    """Paths in a configuration are relative to its own folder."""
    return _shown(home / path, folder)
