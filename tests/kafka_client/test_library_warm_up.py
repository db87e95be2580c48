"""The client library sets itself up before anything is forked, and leaves no thread."""

from __future__ import annotations

import pytest

from barnabas.errors import HostDiedError
from barnabas.kafka import warm


def test_a_thread_that_ends_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([2, 2, 1, 1])
    monkeypatch.setattr(warm, "_threads", lambda: next(seen))
    warm.initialise_library()
    assert next(seen, None) is None


def test_a_thread_that_stays_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "_threads", lambda: 2)
    monkeypatch.setattr(warm, "_VANISH", 0.01)
    with pytest.raises(HostDiedError, match="left a thread behind"):
        warm.initialise_library()
