"""Bearer tokens by OAuth 2's client credentials: fetched when needed, kept until shortly before they expire."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Callable
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from barnabas.converters._registry_client.faults import RegistryUnavailableError
from barnabas.errors import ConfigError, RefusedError

__all__ = ["OAuthTokens"]

_TIMEOUT: Final = 10.0
_MARGIN: Final = 30.0  # seconds before its end from which a token is not used any more
_DEFAULT_LIFE: Final = 300.0
_CODE: Final = "BRN-1412"


class OAuthTokens:
    """Used on the task's thread.

    Args:
        url: The token endpoint.
        client_id: Who asks.
        secret: With this secret.
        scope: For this scope; may be empty.
        clock: Seconds.
    """

    def __init__(self, url: str, client_id: str, secret: str, *, scope: str, clock: Callable[[], float]) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError(
                f"Invalid value {url} for configuration bearer.auth.issuer.endpoint.url: it is no address.",
                code="BRN-1411",
                key="bearer.auth.issuer.endpoint.url",
                remedy="Write https://host/path of the token endpoint.",
            )
        self._url = url
        self._login = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self._form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        self._clock = clock
        self._token = ""
        self._until = 0.0

    def current(self) -> str:
        """A token that is good for a while.

        Raises:
            OutageError: Its issuer does not answer.
            RefusedError: Its issuer refuses.
        """
        if not self._token or self._clock() >= self._until:
            answer = self._fetch()
            self._token = str(answer["access_token"])
            life = float(answer.get("expires_in", _DEFAULT_LIFE))
            self._until = self._clock() + max(life - _MARGIN, life / 2)
        return self._token

    def _fetch(self) -> dict[str, Any]:
        request = Request(  # noqa: S310 - the scheme was checked
            self._url,
            data=urlencode(self._form).encode(),
            headers={"Authorization": f"Basic {self._login}", "Accept": "application/json"},
        )
        try:
            with build_opener(_NoRedirects).open(request, timeout=_TIMEOUT) as answer:
                body = json.loads(answer.read())
        except HTTPError as error:
            with error:
                if error.code >= 500 or error.code == 429:  # noqa: PLR2004 - HTTP's numbers
                    raise self._away(f"it answered {error.code}") from error
                raise self._refuses(f"{error.code} {error.reason}") from error
        except (URLError, http.client.HTTPException, OSError) as error:
            raise self._away(str(getattr(error, "reason", error))) from error
        except ValueError as error:
            raise self._refuses("an answer that is no JSON") from error
        if not isinstance(body, dict) or not body.get("access_token"):
            raise self._refuses("an answer without access_token")
        return body

    def _away(self, why: str) -> RegistryUnavailableError:
        return RegistryUnavailableError(
            f"The issuer of tokens at {self._url} does not answer: {why}.",
            key="bearer.auth.issuer.endpoint.url",
            remedy="The task waits for it.",
        )

    def _refuses(self, got: str) -> RefusedError:
        return RefusedError(
            f"The issuer of tokens at {self._url} gave none: {got}.",
            code=_CODE,
            key="bearer.auth.client.id",
            remedy="Check bearer.auth.client.id, bearer.auth.client.secret and bearer.auth.scope.",
        )


class _NoRedirects(HTTPRedirectHandler):
    """The secret goes where it was meant to, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None
