"""How values are represented: the settings that decide about schemas and decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from barnabas import Config

__all__ = ["Modes"]


class Modes(NamedTuple):
    """The settings ``*.handling.mode`` and their like."""

    decimal: str = "precise"
    time: str = "adaptive"
    binary: str = "bytes"
    hstore: str = "json"
    interval: str = "numeric"
    money_digits: int = 2
    include_unknown: bool = False
    placeholder: str = "__debezium_unavailable_value"

    @classmethod
    def of(cls, config: Config) -> Modes:
        """From a parsed configuration."""
        return cls(
            decimal=config["decimal.handling.mode"].lower(),
            time=config["time.precision.mode"].lower(),
            binary=config["binary.handling.mode"].lower(),
            hstore=config["hstore.handling.mode"].lower(),
            interval=config["interval.handling.mode"].lower(),
            money_digits=config["money.fraction.digits"],
            include_unknown=config["include.unknown.datatypes"],
            placeholder=config["unavailable.value.placeholder"],
        )
