from __future__ import annotations

import pytest

from barnabas.connectors.postgres.slots import Slot
from barnabas.connectors.postgres.watch import warning_about

MIB = 1 << 20


def slot(status: str, safe: int | None, lag: int | None) -> Slot:
    return Slot("pgoutput", "logical", "db", None, 0, status, safe, lag)


@pytest.mark.parametrize(
    ("found", "limit", "code"),
    [
        (slot("reserved", None, 5 * MIB), 0, None),
        (slot("reserved", None, 5 * MIB), 10 * MIB, None),
        (slot("reserved", None, 11 * MIB), 10 * MIB, "BRN-6141"),
        (slot("extended", 10 * MIB, 11 * MIB), 0, "BRN-6140"),
        (slot("unreserved", -5, 11 * MIB), 0, "BRN-6140"),
        (slot("lost", None, None), 0, "BRN-6129"),
    ],
)
def test_a_warning_comes_before_the_slot_is_lost(found: Slot, limit: int, code: str | None) -> None:
    warning = warning_about(found, "s", limit)
    assert warning is None if code is None else warning is not None and code in warning
