"""Workers of each profile that the recordings were made with."""

from __future__ import annotations

import sys
from pathlib import Path

from services.worker import Worker

__all__ = ["GROUP", "PROFILES", "ValidatingWorker"]

LAUNCHER = Path(__file__).parents[1] / "services" / "validating_worker.py"
GROUP = "validating-workers"
POLICY, ALLOWLIST = (f"connector.client.config.override.{name}" for name in ("policy", "allowlist"))
PROFILES: dict[str, dict[str, str]] = {
    "default": {},
    "principal": {POLICY: "Principal"},
    "none": {POLICY: "None"},
    "allowlist": {POLICY: "Allowlist", ALLOWLIST: "acks,max.poll.records,client.id"},
    "eos": {"exactly.once.source.support": "enabled"},
}


class ValidatingWorker(Worker):
    """Our worker, validating as a distributed one."""

    name = "validating-worker"

    def own_defaults(self) -> dict[str, str]:
        return {"group.id": GROUP}

    def command(self):
        return [sys.executable, LAUNCHER, self.config]
