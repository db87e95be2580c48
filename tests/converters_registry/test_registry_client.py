"""The client of a registry against one that does what a test says: addresses, retries, credentials, errors, caches."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from barnabas.converters._registry_client.auth import authorizer, without_user
from barnabas.converters._registry_client.client import RegistryClient
from barnabas.converters._registry_client.faults import (
    IncompatibleSchemaError,
    RegistryUnavailableError,
    SchemaRefusedError,
    UnknownSchemaError,
)
from barnabas.converters._registry_client.mock import MockRegistry
from barnabas.converters._registry_client.schemas import Reference, RegisteredSchema, SchemaText
from barnabas.converters._registry_client.settings import RegistrySettings, registry_def
from barnabas.converters._registry_client.subjects import strategy_for
from barnabas.converters._registry_client.transport import HttpTransport
from barnabas.converters.avro_converter import AvroConverter
from barnabas.errors import ConfigError, DataError, OutageError, RefusedError
from barnabas.schema import Schema
from services.kafka_tls import make_certificates

TEXT = SchemaText('"string"')


class Scripted:
    """An HTTP server; ``answers`` are given one after the other, then the mock answers."""

    def __init__(self, context=None):
        self.answers = []
        self.seen = []
        self.mock = MockRegistry()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self):
                size = int(self.headers.get("Content-Length") or 0)
                data = self.rfile.read(size)
                body = json.loads(data) if data and "json" in self.headers["Content-Type"] else None
                outer.seen.append((self.command, self.path, dict(self.headers)))
                if outer.answers:
                    status, answer = outer.answers.pop(0)
                else:
                    status, answer, _ = outer.mock.request(self.command, self.path, body)
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = _answer  # noqa: N815 - the names that the class wants

            def log_message(self, *_):
                """Be silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server():
    made = Scripted()
    yield made
    made.close()


@pytest.fixture
def open_client():
    clients = []

    def make(*urls, **configs):
        props = {key.replace("__", "."): str(value) for key, value in configs.items()}
        props |= {"schema.registry.url": ",".join(urls), "retries.wait.ms": "1"}
        made = RegistryClient(RegistrySettings.of(registry_def().parse(props), props, is_key=False))
        clients.append(made)
        return made

    yield make
    for each in clients:
        each.close()


def refused_port():
    """Nobody listens there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


# ---------------------------------------------------------------------- what it does
def test_a_schema_goes_round(server, open_client):
    client = open_client(server.url)
    made = client.register("s", TEXT)
    assert made == RegisteredSchema(TEXT, 1, "s", 1)
    assert client.schema_by_id(1, "s").schema == TEXT
    assert client.lookup("s", TEXT) == client.latest("s") == client.version("s", 1) == client.version("s", -1) == made
    assert client.version_of(1, "s") == 1
    assert client.version_of(1, "other") is None


def test_what_does_not_change_is_asked_once_over_one_connection(server, open_client):
    client = open_client(server.url)
    for _ in range(3):
        client.register("s", TEXT)
        client.schema_by_id(1)
        client.version_of(1, "s")
        client.latest("s")
    assert len(server.seen) == 4
    assert len({headers["Host"] for _, _, headers in server.seen}) == 1


def test_the_newest_version_is_asked_again_after_a_while(server, open_client):
    client = open_client(server.url, latest__cache__ttl__sec="0")
    client.register("s", TEXT)
    client.latest("s")
    open_client(server.url).register("s", SchemaText('"int"'))
    assert client.latest("s").version == 2


def test_normalizing_is_the_registrys(server, open_client):
    open_client(server.url, normalize__schemas="true").register("s", TEXT)
    assert server.seen[0][1] == "/subjects/s/versions?normalize=true"


def test_names_of_subjects_are_quoted(server, open_client):
    client = open_client(server.url)
    client.register("a/b c-value", TEXT)
    assert client.latest("a/b c-value").version == 1


def test_references_are_resolved_deepest_first_and_once(open_client):
    client = open_client("mock://references")
    client.register("a", SchemaText('"a"'))
    client.register("b", SchemaText('"b"', references=(Reference("A", "a", 1),)))
    top = SchemaText('"c"', references=(Reference("B", "b", 1), Reference("A", "a", 1)))
    assert [*client.resolve(top)] == ["A", "B"]


def test_references_in_a_circle(open_client):
    client = open_client("mock://circle")
    client.register("a", SchemaText('"a"', references=(Reference("A", "a", 1),)))
    with pytest.raises(DataError, match="A → A"):
        client.resolve(SchemaText('"x"', references=(Reference("A", "a", 1),)))


# ---------------------------------------------------------------------- outages
def test_the_next_address_is_asked_and_kept(server, open_client):
    client = open_client(refused_port(), server.url)
    client.register("s", TEXT)
    client.latest("s")
    assert len(server.seen) == 2


def test_a_server_that_fails_inside_is_asked_again(server, open_client):
    server.answers = [(500, b"oops"), (503, {"message": "starting"}), (429, b"")]
    assert open_client(server.url).register("s", TEXT).id == 1
    assert len(server.seen) == 4


def test_nobody_answers(open_client):
    first, second = refused_port(), refused_port()
    with pytest.raises(RegistryUnavailableError) as caught:
        open_client(first, second).latest("s")
    assert isinstance(caught.value, OutageError)
    assert first in caught.value.message
    assert second in caught.value.message
    assert "skips nothing" in caught.value.remedy


def test_a_call_gives_up_within_its_budget(server):
    now = 0.0

    def sleep(seconds):
        nonlocal now
        now += seconds

    server.answers = [(503, b"")] * 100
    props = {"schema.registry.url": server.url, "max.retries": "90", "retries.wait.ms": "1000"}
    settings = RegistrySettings.of(registry_def().parse(props), props, is_key=False)
    transport = HttpTransport(settings, sleep=sleep, clock=lambda: now)
    with pytest.raises(OutageError):
        transport.request("GET", "/subjects")
    transport.close()
    assert now <= 30


def test_a_closed_connection_is_opened_again(server, open_client):
    client = open_client(server.url)
    client.register("s", TEXT)
    server.answers = [(200, {"id": 7})]
    client._transport._peers[0]._connection.sock.close()
    assert client.register("other", TEXT).id == 7


@pytest.fixture
def silent():
    """A server that accepts, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_registry_that_hangs_is_not_waited_for_twice(silent, open_client):
    began = time.monotonic()
    with pytest.raises(OutageError, match="no answer in time"):
        open_client(silent, http__read__timeout__ms="500").latest("s")
    assert time.monotonic() - began < 3


def test_a_task_that_is_to_end_does_not_wait_for_an_answer(silent):
    made = converter(silent)
    made.interrupted = lambda: True
    began = time.monotonic()
    with pytest.raises(OutageError):
        made.from_connect("t", ORDER, {"id": 1})
    made.close()
    assert time.monotonic() - began < 3


# ---------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("status", "code", "key"), [(401, "BRN-1401", "basic.auth.user.info"), (403, "BRN-1402", "schema.registry.url")]
)
def test_credentials_and_rights(server, open_client, status, code, key):
    server.answers = [(status, {"error_code": status, "message": "who are you"})]
    with pytest.raises(RefusedError, match="who are you") as caught:
        open_client(server.url).latest("s")
    assert (caught.value.code, caught.value.key) == (code, key)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((404, {"error_code": 40401, "message": "Subject 's' not found."}), UnknownSchemaError, "subject s"),
        ((404, b"<html>no such page"), RefusedError, "no schema registry"),
        ((404, {"error_code": 404, "message": "HTTP 404 Not Found"}), RefusedError, "no schema registry"),
        ((200, b"hello"), RefusedError, "no JSON"),
        ((409, {"error_code": 409, "message": "field x"}), IncompatibleSchemaError, "subject 's': field x"),
        ((422, {"error_code": 42201, "message": "Invalid Avro"}), SchemaRefusedError, "Invalid Avro"),
        ((418, {"message": "teapot"}), RefusedError, "HTTP 418"),
    ],
)
def test_each_refusal_has_its_error_and_remedy(server, open_client, answer, error, words):
    server.answers = [answer]
    with pytest.raises(error, match=words) as caught:
        open_client(server.url).register("s", TEXT)
    assert caught.value.remedy


def test_an_unknown_id_is_a_data_error(server, open_client):
    with pytest.raises(UnknownSchemaError, match="schema id 42") as caught:
        open_client(server.url).schema_by_id(42, "t-value")
    assert isinstance(caught.value, DataError)


# ---------------------------------------------------------------------- credentials
@pytest.mark.parametrize(
    ("configs", "header"),
    [
        ({}, None),
        ({"basic.auth.credentials.source": "USER_INFO", "basic.auth.user.info": "me:pa:ss"}, "me:pa:ss"),
        (
            {
                "basic.auth.credentials.source": "SASL_INHERIT",
                "sasl.jaas.config": 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" '
                'password="p";',
            },
            "u:p",
        ),
    ],
)
def test_basic_credentials(configs, header):
    headers = authorizer(configs, "http://host")()
    expected = {} if header is None else {"Authorization": f"Basic {base64.b64encode(header.encode()).decode()}"}
    assert headers == expected


def test_credentials_in_the_address_are_sent_and_not_shown(server, open_client):
    client = open_client(f"http://me:s%40cret@127.0.0.1:{server.port}")
    server.answers = [(401, {"message": "no"})]
    with pytest.raises(RefusedError) as caught:
        client.latest("s")
    assert server.seen[0][2]["Authorization"] == f"Basic {base64.b64encode(b'me:s@cret').decode()}"
    assert "cret" not in str(caught.value)
    assert without_user("https://a:b@h/p") == "https://h/p"


def test_a_static_token(server, open_client):
    client = open_client(
        server.url,
        bearer__auth__credentials__source="STATIC_TOKEN",
        bearer__auth__token="t0k",
        bearer__auth__logical__cluster="lsrc-1",
        bearer__auth__identity__pool__id="pool-1",
    )
    client.register("s", TEXT)
    headers = server.seen[0][2]
    assert headers["Authorization"] == "Bearer t0k"
    assert headers["target-sr-cluster"] == "lsrc-1"
    assert headers["Confluent-Identity-Pool-Id"] == "pool-1"


def oauth(server):
    return {
        "bearer.auth.credentials.source": "OAUTHBEARER",
        "bearer.auth.issuer.endpoint.url": f"{server.url}/token",
        "bearer.auth.client.id": "me",
        "bearer.auth.client.secret": "secret",
        "bearer.auth.scope": "sr",
    }


def test_a_fetched_token_is_kept_until_shortly_before_it_expires(server):
    now = 0.0
    server.answers = [(200, {"access_token": "one", "expires_in": 100}), (200, {"access_token": "two"})]
    headers = authorizer(oauth(server), server.url, lambda: now)
    assert headers() == headers() == {"Authorization": "Bearer one"}
    now = 71.0
    assert headers() == {"Authorization": "Bearer two"}
    assert [path for _, path, _ in server.seen] == ["/token", "/token"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [((401, b""), RefusedError), ((200, b"x"), RefusedError), ((200, {}), RefusedError), ((503, b""), OutageError)],
)
def test_an_issuer_that_gives_no_token(server, answer, error):
    server.answers = [answer]
    with pytest.raises(error, match="issuer of tokens"):
        authorizer(oauth(server), server.url)()


@pytest.mark.parametrize(
    ("configs", "key"),
    [
        ({"basic.auth.credentials.source": "USER_INFO"}, "basic.auth.user.info"),
        ({"basic.auth.credentials.source": "SASL_INHERIT"}, "sasl.jaas.config"),
        ({"bearer.auth.credentials.source": "STATIC_TOKEN"}, "bearer.auth.token"),
        ({"bearer.auth.credentials.source": "OAUTHBEARER"}, "bearer.auth.issuer.endpoint.url"),
        ({"bearer.auth.credentials.source": "SASL_OAUTHBEARER_INHERIT"}, "bearer.auth.credentials.source"),
    ],
)
def test_credentials_that_are_not_complete(configs, key):
    with pytest.raises(ConfigError) as caught:
        authorizer(configs, "http://host")
    assert caught.value.key == key


# ---------------------------------------------------------------------- TLS
@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(certificates):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    context.load_verify_locations(certificates.authority)
    context.verify_mode = ssl.CERT_OPTIONAL
    made = Scripted(context)
    made.context = context
    yield made
    made.close()


def test_an_authority_of_our_own_and_a_client_certificate(secure, certificates, open_client):
    secure.context.verify_mode = ssl.CERT_REQUIRED
    client = open_client(
        secure.url,
        schema__registry__ssl__truststore__location=certificates.authority,
        schema__registry__ssl__truststore__type="PEM",
        schema__registry__ssl__keystore__location=certificates.keystore,
        schema__registry__ssl__keystore__type="PEM",
    )
    assert client.register("s", TEXT).id == 1


def test_an_authority_that_is_not_trusted_is_a_refusal(secure, open_client):
    with pytest.raises(RefusedError, match="is not trusted") as caught:
        open_client(secure.url).register("s", TEXT)
    assert caught.value.key == "schema.registry.ssl.truststore.location"


# ---------------------------------------------------------------------- settings
@pytest.mark.parametrize("url", ["", "localhost:8081", "ftp://x", "http://", "mock://a,mock://b", "http://a b"])
def test_addresses_that_are_none(url):
    with pytest.raises(ConfigError, match=r"schema\.registry\.url"):
        AvroConverter().configure({"schema.registry.url": url})


def test_the_address_is_required():
    with pytest.raises(ConfigError, match=r"schema\.registry\.url"):
        AvroConverter().configure({})


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("io.confluent.kafka.serializers.subject.TopicNameStrategy", "t-key", "t-value"),
        ("RecordNameStrategy", "a.R", "a.R"),
        ("io.confluent.kafka.serializers.subject.TopicRecordNameStrategy", "t-a.R", "t-a.R"),
    ],
)
def test_subjects(name, key, value):
    strategy = strategy_for("x", name)
    assert strategy("t", True, "a.R") == key
    assert strategy("t", False, "a.R") == value


def test_subjects_named_by_records_that_have_no_name():
    with pytest.raises(DataError, match="must only be a record schema"):
        strategy_for("x", "RecordNameStrategy")("t", False, None)
    with pytest.raises(ConfigError, match="could not be found"):
        strategy_for("x", "com.example.MyStrategy")


# ---------------------------------------------------------------------- what converters make of it
ORDER = Schema.struct("a.Order", id=Schema.INT64)
WIDER = Schema.struct("a.Order", id=Schema.INT64, n=Schema.INT32)


def converter(url, **configs):
    made = AvroConverter()
    made.configure({"schema.registry.url": url, **{key.replace("__", "."): value for key, value in configs.items()}})
    return made


def test_nothing_is_asked_before_there_are_data():
    converter(refused_port()).close()


def test_a_subject_by_the_name_of_the_record():
    url = "mock://by-record"
    made = converter(url, value__subject__name__strategy="RecordNameStrategy")
    payload = made.from_connect("t", ORDER, {"id": 1})
    assert made.client.latest("a.Order").version == 1
    assert made.to_connect("t", payload).schema.version == 1


def test_a_schema_that_is_not_registered_and_must_not_be():
    url = "mock://lookup"
    made = converter(url, auto__register__schemas="false")
    with pytest.raises(UnknownSchemaError, match=r"auto\.register\.schemas=true"):
        made.from_connect("t", ORDER, {"id": 1})
    asked = MockRegistry.named(url).requests
    with pytest.raises(UnknownSchemaError):
        made.from_connect("t", ORDER, {"id": 1})
    assert MockRegistry.named(url).requests == asked, "not asked again for each record"
    other = converter(url)
    payload = other.from_connect("t", ORDER, {"id": 1})
    assert converter(url, auto__register__schemas="false").from_connect("t", ORDER, {"id": 1}) == payload


def test_the_newest_version_is_written_with():
    url = "mock://latest"
    converter(url).from_connect(
        "t", Schema.struct("a.Order", id=Schema.INT64, n=Schema.INT32.replace(default=7)), {"id": 1, "n": 1}
    )
    made = converter(url, auto__register__schemas="false", use__latest__version="true")
    payload = made.from_connect("t", Schema.struct("a.Order", id=Schema.INT32), {"id": 5})
    assert converter(url).to_connect("t", payload).value == {"id": 5, "n": 7}


def test_data_that_the_newest_version_cannot_read_are_refused_with_the_field():
    url = "mock://strict-latest"
    converter(url).from_connect("t", WIDER, {"id": 1, "n": 1})
    made = converter(url, auto__register__schemas="false", use__latest__version="true")
    with pytest.raises(IncompatibleSchemaError, match="field n is missing") as caught:
        made.from_connect("t", ORDER, {"id": 1})
    assert "version 1 of subject 't-value'" in caught.value.message
    assert "latest.compatibility.strict=false" in caught.value.remedy


def test_a_certain_schema_is_written_with():
    url = "mock://by-id"
    first = converter(url).from_connect("t", ORDER, {"id": 1})
    made = converter(url, auto__register__schemas="false", use__schema__id="1", id__compatibility__strict="false")
    assert made.from_connect("t", WIDER, {"id": 1, "n": 3}) == first


def test_a_message_of_another_format_names_its_converter():
    made = converter("mock://kinds")
    made.client.register("t-value", SchemaText('syntax = "proto3"; message A {}', "PROTOBUF"))
    with pytest.raises(DataError, match=r"Set value\.converter=ProtobufConverter"):
        made.to_connect("t", b"\0\0\0\0\x01\0")


def test_a_conflict_names_subject_version_and_field(server):
    made = converter(server.url)
    made.from_connect("t", ORDER, {"id": 1})
    server.answers = [(409, {"error_code": 409, "message": "Incompatible"})]
    with pytest.raises(IncompatibleSchemaError) as caught:
        made.from_connect("t", WIDER, {"id": 1, "n": 1})
    made.close()
    assert "'t-value'" in caught.value.message
    assert "version 1" in caught.value.message
    assert "field n is missing and has no default" in caught.value.message


def test_an_outage_while_converting_is_no_data_error(server):
    made = converter(server.url, retries__wait__ms="1")
    payload = made.from_connect("t", ORDER, {"id": 1})
    server.answers = [(503, b"")] * 99
    other = converter(server.url, retries__wait__ms="1")
    with pytest.raises(OutageError):
        other.to_connect_column("t", [payload, payload])
    server.answers = []
    assert other.to_connect("t", payload).value == {"id": 1}
    made.close()
    other.close()
