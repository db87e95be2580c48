"""How a task begins: what the stored offset and the slot say, and so whether a snapshot comes first. Pure."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from barnabas.connectors.postgres.slots import Slot, slot_is_ahead, slot_is_gone, slot_is_lost
from barnabas.connectors.postgres.wire import lsn_text

if TYPE_CHECKING:
    from barnabas import Config
    from barnabas.connectors.postgres.position import Place

__all__ = ["Opening", "decide"]

log = logging.getLogger(__name__)

_NEVER = ("never", "no_data")
_TRUSTING = ("trust_slot", "trust_greater_lsn", "no_validation")


class Opening(NamedTuple):
    """What a task does first.

    Args:
        snapshot: Read the tables.
        make_slot: Make the slot.
        drop_slot: Drop it before.
        place: Where streaming begins; ``None``: where the slot stands.
    """

    snapshot: bool
    make_slot: bool
    drop_slot: bool
    place: Place | None


def decide(config: Config, place: Place | None, slot: Slot | None) -> Opening:
    """What to do.

    Args:
        config: Of the connector.
        place: The stored place; ``None``: none, or a snapshot was not finished.
        slot: The slot, if there is one.

    Raises:
        ConnectError: Changes may be lost, and nobody said that this is fine.
    """
    mode = config["snapshot.mode"].lower()
    name: str = config["slot.name"]
    lost = slot is not None and slot.wal_status == "lost"
    if place is None:
        return _afresh(mode, name, slot, lost=lost)
    if slot is None or lost:
        if mode == "when_needed":
            return Opening(snapshot=True, make_slot=True, drop_slot=lost, place=None)
        if config["offset.mismatch.strategy"].lower() != "trust_slot":
            raise slot_is_lost(name) if lost else slot_is_gone(name, place.done)
        log.warning("The slot %s is made anew: changes since %s are not captured.", name, lsn_text(place.done))
        return Opening(snapshot=mode == "always", make_slot=True, drop_slot=lost, place=None)
    if slot.confirmed > place.done:
        if mode == "when_needed":
            return Opening(snapshot=True, make_slot=False, drop_slot=False, place=None)
        if config["offset.mismatch.strategy"].lower() not in _TRUSTING:
            raise slot_is_ahead(name, slot.confirmed, place.done)
        log.warning(
            "The slot %s stands at %s, beyond the stored offset %s: what lies between is not captured.",
            name,
            lsn_text(slot.confirmed),
            lsn_text(place.done),
        )
        place = None
    return Opening(snapshot=mode == "always", make_slot=False, drop_slot=False, place=place)


def _afresh(mode: str, name: str, slot: Slot | None, *, lost: bool) -> Opening:
    if lost and mode != "when_needed":
        raise slot_is_lost(name)
    return Opening(snapshot=mode not in _NEVER, make_slot=slot is None or lost, drop_slot=lost, place=None)
