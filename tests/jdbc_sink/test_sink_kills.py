"""The short form of the campaign: what is killed loses nothing and repeats nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from campaigns.jdbc_sink import campaign
from services.missing import unavailable
from services.postgres import postgres_bin
from services.process import ServiceError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(180)
def test_kill_9_loses_and_repeats_nothing(tmp_path: Path) -> None:
    try:
        postgres_bin()
    except ServiceError as error:
        unavailable(str(error))
    verdict = campaign(tmp_path, kills=4, rate=1500, seed=1)
    assert verdict.ok, verdict
    assert verdict.sent > 1000
