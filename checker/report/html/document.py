"""The page itself. It loads nothing, and its policy forbids it to; script and style are allowed by their hash; data is an inert
script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from wfcheck.checker.report.escape import visible

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def page(title: str, lead: str, data: Mapping[str, Any], drawings: Sequence[str]) -> str:
    """A whole page. `title` and `lead` are shown even without scripts; `drawings` are SVG."""
    script, style = program(), asset("page.css")
    policy = (
        f"default-src 'none'; script-src '{digest(script)}'; style-src '{digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    templates = (f'<template id="dag-{number}">{drawn}</template>' for number, drawn in enumerate(drawings))
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{_text(title)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            f'<header><h1>{_text(title)}</h1><p id="lead">{_text(lead)}</p></header>',
            '<main id="main"></main>',
            "<noscript><p>The details of this report need its own script, which this browser does not run.</p></noscript>",
            f'<script type="application/json" id="data">{inert(data)}</script>',
            *templates,
            f"<script>{script}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


def inert(data: object) -> str:
    """JSON that no reader of markup takes for anything else: ASCII, without angle brackets and ampersands."""
    return json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)


_PARTS = ("base.js", "run.js", "check.js", "replay.js")


def program() -> str:
    """The script: its parts, one after the other."""
    return "\n".join(map(asset, _PARTS))


@cache
def asset(file: str) -> str:
    """A file beside this one."""
    return files(__package__ or "").joinpath(file).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """As a content security policy names an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _text(text: str) -> str:
    return escape(visible(text, limit=2_000), quote=True)
