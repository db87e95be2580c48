"""What surrounds the routes: headers, CORS, the request log, listeners for /admin, https between workers."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
from email.utils import parsedate_to_datetime

import pytest
from rest_client import Client
from test_rest_server import hello, pem

from barnabas.errors import ConfigError
from barnabas.herder.base import RequestError
from barnabas.herder.group.forwarding import Forwarder
from barnabas.herder.listeners import parse_listeners
from barnabas.herder.worker_config import WorkerConfig
from barnabas.rest import client_context, open_rest, serve
from barnabas.rest.header_rules import parse_header_rules
from barnabas.rest.middleware import CrossOrigin
from herder.herder_fakes import worker_props

__all__ = ["pem"]


@pytest.fixture
async def site(herder, tmp_path):
    """Opens REST with these settings; gives a client for each listener."""
    async with contextlib.AsyncExitStack() as undo:

        async def opened(**settings):
            props = {key.replace("_", "."): value for key, value in settings.items()}
            config = WorkerConfig.standalone(worker_props(tmp_path, **props))
            count = len(config.listeners) + len(config.admin_listeners or ())
            sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
            await undo.enter_async_context(open_rest(herder, config, sockets))
            return [Client(sock.getsockname()[1]) for sock in sockets]

        yield opened


# ---------------------------------------------------------------------- headers
async def test_headers_for_every_answer(site):
    rules = 'set X-Frame-Options: DENY, "add Cache-Control: no-cache, no-store", setDate Expires: 3600000'
    (client,) = await site(response_http_headers_config=rules)
    for path in ("/", "/nowhere"):
        headers = (await client("GET", path)).headers
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-cache, no-store"
        assert parsedate_to_datetime(headers["expires"])


@pytest.mark.parametrize(
    "text",
    ["X: y", "put X: y", "set X y", "set : y", "set a b: y", "setDate X: soon", "set X: ä", "set X: a\x01", "set"],
)
def test_malformed_header_rules(text):
    with pytest.raises(ConfigError, match=r"response\.http\.headers\.config"):
        parse_header_rules(text)


def test_no_header_rules():
    assert parse_header_rules(" ") == []


def test_dates_are_counted_from_now():
    (rule,) = parse_header_rules("addDate Expires: 1000")
    assert rule.text(clock=lambda: 0) == "Thu, 01 Jan 1970 00:00:01 GMT"
    assert not rule.replaces


# ---------------------------------------------------------------------- CORS
async def test_pages_of_allowed_origins_may_ask(site):
    (client,) = await site(access_control_allow_origin=r"http://a.example,https://.*\.b\.example")
    for origin in ("http://a.example", "https://x.b.example"):
        headers = (await client("GET", "/", headers={"Origin": origin})).headers
        assert headers["access-control-allow-origin"] == origin
        assert headers["vary"] == "Origin"
    for origin in ("http://evil.example", "http://a.example.evil", "https://b.example", "http://aXexample"):
        assert "access-control-allow-origin" not in (await client("GET", "/", headers={"Origin": origin})).headers
    headers = (await client("GET", "/")).headers
    assert "access-control-allow-origin" not in headers
    assert headers["vary"] == "Origin"


def test_an_origin_that_is_no_expression():
    with pytest.raises(ConfigError, match=r"access\.control\.allow\.origin"):
        CrossOrigin(hello, ["http://("])


async def test_preflight(site):
    (client,) = await site(access_control_allow_origin="*", access_control_allow_methods="GET,PUT")
    asked = {"Origin": "http://x", "Access-Control-Request-Method": "PUT"}
    answer = await client("OPTIONS", "/connectors/x/config", headers=asked)
    assert answer.status == 200
    assert answer.headers["access-control-allow-methods"] == "GET,PUT"
    assert answer.headers["access-control-allow-origin"] == "http://x"


async def test_no_cors_unless_configured(site):
    (client,) = await site()
    assert "access-control-allow-origin" not in (await client("GET", "/", headers={"Origin": "http://x"})).headers


# ---------------------------------------------------------------------- the request log
async def test_a_line_for_each_request(site, caplog):
    (client,) = await site()
    with caplog.at_level(logging.INFO, "barnabas.rest.requests"):
        await client("GET", "/connectors/a%22b?x=%0a", headers={"User-Agent": 'me "x"'})
    (record,) = [record for record in caplog.records if record.name == "barnabas.rest.requests"]
    line = record.getMessage()
    assert line.startswith("127.0.0.1 - - [")
    assert '"GET /connectors/a%22b?x=%0a HTTP/1.1" 404 ' in line
    assert '"me \\x22x\\x22"' in line


async def test_no_line_when_nobody_wants_it(site, caplog):
    (client,) = await site()
    with caplog.at_level(logging.WARNING, "barnabas.rest.requests"):
        await client("GET", "/")
    assert not [record for record in caplog.records if record.name == "barnabas.rest.requests"]


# ---------------------------------------------------------------------- /admin
async def test_admin_is_with_the_rest_by_default(site):
    (client,) = await site()
    assert (await client("GET", "/admin/loggers/root")).status == 200


async def test_admin_may_have_a_listener_of_its_own(site):
    main, admin = await site(admin_listeners="http://127.0.0.1:0")
    assert (await main("GET", "/admin/loggers/root")).status == 404
    assert (await admin("GET", "/admin/loggers/root")).status == 200
    assert (await admin("GET", "/connectors")).status == 404


async def test_admin_may_be_off(site):
    (client,) = await site(admin_listeners="")
    assert (await client("GET", "/admin/loggers")).status == 404
    assert (await client("GET", "/connectors")).status == 200


# ---------------------------------------------------------------------- between workers
async def test_requests_to_workers_with_https(pem):
    props = {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(pem), "ssl.client.auth": "required"}
    props |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(pem)}
    sock = socket.create_server(("127.0.0.1", 0))
    url = f"https://localhost:{sock.getsockname()[1]}/"
    async with serve(hello, [sock], parse_listeners(["https://localhost:1"]), props):
        assert await Forwarder(client_context(props)).send(url, "GET", "/") == (200, None)
        with pytest.raises(RequestError, match="IO Error"):
            await Forwarder(client_context({})).send(url, "GET", "/")


def test_names_of_other_workers_are_checked_unless_said_otherwise(pem):
    assert client_context({}).check_hostname
    assert not client_context({"ssl.endpoint.identification.algorithm": ""}).check_hostname
    assert client_context({"ssl.enabled.protocols": "TLSv1.3"}).minimum_version == ssl.TLSVersion.TLSv1_3
