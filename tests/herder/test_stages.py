from __future__ import annotations

import contextlib
import itertools

from barnabas.herder.stages import Stages

SECOND = "1970-01-01T00:00:0{}.000Z"


def stages():
    ticks = itertools.count()
    return Stages(lambda: float(next(ticks)))


def test_before_anything():
    assert stages().describe() == f"The worker is currently awaiting startup, which began at {SECOND.format(0)}."


def test_what_began_last_counts():
    found = stages()
    with found.during("one"), found.during("two"):
        assert found.describe() == f"The worker is currently two, which began at {SECOND.format(2)}."


def test_what_ended_last_is_told_when_nothing_is_under_way():
    found = stages()
    with found.during("one"):
        pass
    assert found.describe() == (
        f"The last operation the worker completed was one, which began at {SECOND.format(1)} and completed at "
        f"{SECOND.format(2)}."
    )
    found.enter("three")
    assert found.describe() == f"The worker is currently three, which began at {SECOND.format(3)}."


def test_errors_end_a_stage_too():
    found = stages()
    with contextlib.suppress(ZeroDivisionError), found.during("one"):
        _ = 1 // 0
    assert found.describe().startswith("The last operation the worker completed was one")
