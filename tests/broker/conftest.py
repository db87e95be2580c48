"""A fresh embedded broker for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from barnabas.broker import EmbeddedBroker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def live(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A running broker with an empty folder."""
    with EmbeddedBroker(tmp_path / "data") as broker:
        yield broker
