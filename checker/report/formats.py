"""The names of the formats."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Format: TypeAlias = Literal["text", "json", "sarif", "github", "gitlab", "junit", "html"]
FORMATS: tuple[str, ...] = get_args(Format)
