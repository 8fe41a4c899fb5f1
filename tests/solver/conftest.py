"""An empty program to encode over."""

from __future__ import annotations

import pytest

from wfcheck.checker.encoding.encoded import Notes
from wfcheck.dsl import core


@pytest.fixture
def notes() -> Notes:
    """A fresh notebook over a program that declares nothing."""
    return Notes(core.Program((), (), {}, {}, {}, {}, {}, {}, {}, {}, {}, (), {}, (), ()))
