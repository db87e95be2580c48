"""What a configuration has to pass before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from barnabas.herder.base import BadRequestError
from barnabas.herder.classes import ConnectorClasses
from barnabas.supervisor.api import Supervisor

__all__ = ["refuse_errors", "validate"]


async def validate(
    config: Mapping[str, str | None], classes: ConnectorClasses, supervisor: Supervisor
) -> dict[str, Any]:
    """Have a configuration validated, in a process of its own: the answer of ``…/config/validate``.

    Raises:
        BadRequestError: There is no class to ask.
        ConnectError: Validation itself failed, or hung past ``connector.call.timeout.ms``.
    """
    return await supervisor.validate(classes.find(config), config)


def refuse_errors(answer: Mapping[str, Any]) -> None:
    """Turn a validation answer that has errors into the error of a request to create or change a connector."""
    count = answer["error_count"]
    if not count:
        return
    messages = [message for entry in answer["configs"] for message in entry["value"]["errors"]]
    lines = "".join(f"\n{message}" for message in messages)
    raise BadRequestError(
        f"Connector configuration is invalid and contains the following {count} error(s):{lines}\n"
        "You can also find the above list of errors at the endpoint "
        "`/connector-plugins/{connectorType}/config/validate`",
        code="BRN-3022",
    )
