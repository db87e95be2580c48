"""HTTP basic authentication, as Kafka Connect's own extension does it: users and passwords are in a file.

The file is ``rest.basic.auth.file``, or that of the JAAS entry ``KafkaConnect`` in the file which the JVM's option
``java.security.auth.login.config`` names in ``KAFKA_OPTS``. Each line is ``user=password``; an empty file lets all
in. Requests between workers are signed, and pass.
"""

from __future__ import annotations

import base64
import hmac
import logging
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from barnabas.errors import BarnabasError, ConfigError
from barnabas.extension import ConnectRestExtension, ConnectRestExtensionContext
from barnabas.kafka.jaas import parse_jaas
from barnabas.properties import load_properties
from barnabas.rest.answers import json_answer

__all__ = ["FILE_KEY", "BasicAuth", "BasicAuthExtension"]

log = logging.getLogger(__name__)

FILE_KEY: Final = "rest.basic.auth.file"
_OPTION: Final = "-Djava.security.auth.login.config="
_ENTRY: Final = re.compile(r"\bKafkaConnect\s*\{(.*?)\}\s*;", re.DOTALL)
_INTERNAL: Final = re.compile(r"POST /connectors/[^/]+/tasks/?|PUT /connectors/[^/]+/fence/?")
_DENIED: Final = 401


class BasicAuthExtension(ConnectRestExtension):
    """Lets only known users in."""

    def __init__(self) -> None:
        self._users: dict[str, str] = {}

    def configure(self, props: Mapping[str, str]) -> None:
        """Read the users.

        Raises:
            ConfigError: There is no file, or it cannot be read.
        """
        path = props.get(FILE_KEY) or _file_of_jaas(os.environ)
        if not path:
            raise _wrong("no file of users is named")
        try:
            self._users = load_properties(path)
        except BarnabasError as error:
            raise _wrong(error.message.rstrip(".")) from error
        if not self._users:
            log.warning("%s holds no users: everybody is let in.", path)

    def register(self, context: ConnectRestExtensionContext) -> None:
        """Put the check before everything."""
        context.app.add_middleware(BasicAuth, users=self._users)


class BasicAuth:
    """The check.

    Args:
        app: What users may use.
        users: Their passwords.
    """

    def __init__(self, app: ASGIApp, users: Mapping[str, str]) -> None:
        self._app = app
        self._users = {name.encode(): password.encode() for name, password in users.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] == "http" and self._users and not self._may_pass(scope):
            body = {"error_code": _DENIED, "message": "User cannot access the resource."}
            answer = json_answer(body, _DENIED, {"WWW-Authenticate": 'Basic realm="Kafka Connect"'})
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        if _INTERNAL.fullmatch(f"{scope['method']} {scope['raw_path'].decode('latin-1')}"):
            return True
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            name, colon, password = base64.b64decode(given.strip(), validate=True).partition(b":")
        except ValueError:
            return False
        known = self._users.get(name)
        equal = hmac.compare_digest(known or b"", password)  # in either case: time must not tell who is known
        return bool(colon) and known is not None and equal


def _file_of_jaas(environment: Mapping[str, str]) -> str | None:
    """The file of users, as a JVM worker finds it."""
    options = shlex.split(environment.get("KAFKA_OPTS", ""))
    jaas = next((option.removeprefix(_OPTION) for option in options if option.startswith(_OPTION)), None)
    if jaas is None:
        return None
    try:
        text = Path(jaas.removeprefix("=")).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _wrong(f"{jaas} cannot be read: {error}") from error
    entry = _ENTRY.search(text)
    if entry is None:
        raise _wrong(f"{jaas} has no entry KafkaConnect")
    login = parse_jaas(entry[1].strip())
    if not login.module.endswith("PropertyFileLoginModule") or "file" not in login.options:
        raise _wrong(f"the entry KafkaConnect of {jaas} is no PropertyFileLoginModule with a file")
    return login.options["file"]


def _wrong(why: str) -> ConfigError:
    return ConfigError(
        f"Basic authentication cannot be set up: {why}.",
        key=FILE_KEY,
        remedy="Name a file with lines user=password, which only the worker can read.",
        code="BRN-1094",
    )
