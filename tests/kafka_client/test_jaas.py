"""The one-line form of a JAAS file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import ConfigError
from barnabas.kafka.jaas import parse_jaas
from barnabas.kafka.producer import open_producer
from barnabas.kafka.settings import translate

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
KERBEROS = "com.sun.security.auth.module.Krb5LoginModule"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (f'{PLAIN} required username="a" password="b";', {"username": "a", "password": "b"}),
        (f"{PLAIN} REQUIRED username='a' password=b-1.x;", {"username": "a", "password": "b-1.x"}),
        (
            f'{PLAIN}\n  required\n  username = "a"\n  password="x;=\\"y\\\\\\\'" ;\n',
            {"username": "a", "password": "x;=\"y\\'"},
        ),
        (f'{PLAIN} required /* who */ username="a" // secret\n password="b";', {"username": "a", "password": "b"}),
        (f'{PLAIN} required a=";" b="=";', {"a": ";", "b": "="}),
        (f"{PLAIN} required;", {}),
        (f'{PLAIN} required a="\\101\\n";', {"a": "A\n"}),
    ],
)
def test_options(text: str, options: dict[str, str]) -> None:
    login = parse_jaas(text)
    assert login.module == PLAIN
    assert login.options == options


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no login module"),
        (PLAIN, "names no login module"),
        (f"{PLAIN} maybe a=b;", "control flag"),
        (f'{PLAIN} required password="s3cret"', "semicolon"),
        (f'{PLAIN} required password="s3cret;', "quotation mark"),
        (f"{PLAIN} required password s3cret;", "key=value"),
        (f"{PLAIN} required password=;", "key=value"),
        (f'{PLAIN} required a="s3cret"; {PLAIN} required;', "more than one"),
    ],
)
def test_errors_say_what_is_wrong_and_keep_the_secret(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse_jaas(text)
    assert caught.value.key == "sasl.jaas.config"
    assert "s3cret" not in caught.value.describe()


@given(st.dictionaries(st.from_regex(r"[a-zA-Z_]{1,8}", fullmatch=True), st.text(), max_size=4))
def test_any_value_survives_quoting(options: dict[str, str]) -> None:
    quoted = {
        key: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for key, value in options.items()
    }
    line = " ".join([PLAIN, "required", *(f'{key}="{value}"' for key, value in quoted.items())]) + ";"
    assert parse_jaas(line).options == options


def _sasl(mechanism: str, jaas: str, **more: str) -> dict[str, str]:
    java = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism, "sasl.jaas.config": jaas}
    java |= {key.replace("_", "."): value for key, value in more.items()}
    made = translate(java, "producer").librdkafka
    return {key: value for key, value in made.items() if "sasl" in key}


def test_passwords() -> None:
    made = _sasl("SCRAM-SHA-256", f'{SCRAM} required username="me" password="secret";')
    assert made == {"sasl.mechanism": "SCRAM-SHA-256", "sasl.username": "me", "sasl.password": "secret"}


def test_without_sasl_nothing_is_passed_on() -> None:
    made = translate({"sasl.mechanism": "PLAIN", "sasl.jaas.config": "rubbish"}, "consumer").librdkafka
    assert not [key for key in made if key.startswith("sasl")]


def test_kerberos() -> None:
    jaas = f'{KERBEROS} required useKeyTab=true keyTab="/etc/my.keytab" principal="me@REALM";'
    made = _sasl("GSSAPI", jaas, sasl_kerberos_service_name="kafka")
    assert made["sasl.kerberos.keytab"] == "/etc/my.keytab"
    assert made["sasl.kerberos.principal"] == "me@REALM"
    assert made["sasl.kerberos.service.name"] == "kafka"
    assert made["sasl.kerberos.kinit.cmd"] == "kinit -k -t /etc/my.keytab me@REALM"
    with pytest.raises(ConfigError) as caught:
        _sasl("GSSAPI", jaas)
    assert caught.value.key == "sasl.kerberos.service.name"


def test_tokens_by_client_credentials() -> None:
    made = _sasl(
        "OAUTHBEARER",
        f'{OAUTH} required clientId="id" clientSecret="secret" scope="all" extension_logicalCluster="x";',
        sasl_oauthbearer_token_endpoint_url="https://login.example.com/token",
        sasl_login_callback_handler_class="org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler",
    )
    assert made == {
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.client.id": "id",
        "sasl.oauthbearer.client.secret": "secret",
        "sasl.oauthbearer.scope": "all",
        "sasl.oauthbearer.extensions": "logicalCluster=x",
        "sasl.oauthbearer.token.endpoint.url": "https://login.example.com/token",
    }


def test_unsigned_tokens() -> None:
    made = _sasl(
        "OAUTHBEARER", f'{OAUTH} required unsecuredLoginStringClaim_sub="me" unsecuredLoginLifetimeSeconds="60";'
    )
    assert made["enable.sasl.oauthbearer.unsecure.jwt"] == "true"
    assert made["sasl.oauthbearer.config"] == "principal=me lifeSeconds=60"


@pytest.mark.parametrize(
    ("mechanism", "jaas", "more", "key"),
    [
        ("PLAIN", "", {}, "sasl.jaas.config"),
        ("PLAIN", f'{PLAIN} required username="me";', {}, "sasl.jaas.config"),
        ("AWS_MSK_IAM", "", {}, "sasl.mechanism"),
        ("OAUTHBEARER", f"{OAUTH} required;", {}, "sasl.jaas.config"),
        (
            "OAUTHBEARER",
            f"{OAUTH} required;",
            {"sasl_login_callback_handler_class": "com.example.Mine"},
            "sasl.login.callback.handler.class",
        ),
        (
            "OAUTHBEARER",
            f"{OAUTH} required;",
            {"sasl_oauthbearer_token_endpoint_url": "file:///token"},
            "sasl.oauthbearer.token.endpoint.url",
        ),
        (
            "OAUTHBEARER",
            f'{OAUTH} required clientId="me";',
            {"sasl_oauthbearer_token_endpoint_url": "https://x"},
            "sasl.jaas.config",
        ),
    ],
)
def test_missing_pieces(mechanism: str, jaas: str, more: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _sasl(mechanism, jaas, **more)
    assert caught.value.key == key
    assert caught.value.remedy


@pytest.mark.parametrize("path", ["batch", "client"])
def test_kerberos_without_its_library_says_where_to_get_it(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BARNABAS_PRODUCER", path)
    java = {"bootstrap.servers": "localhost:1", "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "GSSAPI"}
    java |= {"sasl.kerberos.service.name": "kafka", "sasl.jaas.config": f"{KERBEROS} required useTicketCache=true;"}
    with pytest.raises(ConfigError, match="Cyrus SASL"):
        open_producer(translate(java, "producer"))
