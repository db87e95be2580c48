"""The worker profiles that the recordings were made with."""

from __future__ import annotations

__all__ = ["GROUP", "PROFILES"]

GROUP = "validating-workers"
POLICY, ALLOWLIST = (f"connector.client.config.override.{name}" for name in ("policy", "allowlist"))
PROFILES: dict[str, dict[str, str]] = {
    "default": {},
    "principal": {POLICY: "Principal"},
    "none": {POLICY: "None"},
    "allowlist": {POLICY: "Allowlist", ALLOWLIST: "acks,max.poll.records,client.id"},
    "eos": {"exactly.once.source.support": "enabled"},
}
