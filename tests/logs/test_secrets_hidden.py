"""Secrets that this process was told of never come out: whatever the channel, whatever stands around them."""

from __future__ import annotations

import json
import logging
import socket
import string
import time
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas import logs, secrets
from barnabas.cli.exits import report
from barnabas.errors import ConfigError, ConnectError
from barnabas.rest.answers import error_answer
from barnabas.secrets import HIDDEN, hide, is_secret_key, redact, secrets_in
from barnabas.supervisor.api import describe
from barnabas.supervisor.channel import Channel, Done, UnitState

SECRETS = st.one_of(
    st.text(string.ascii_letters + string.digits, min_size=4, max_size=30),
    st.text(string.ascii_letters + string.digits + string.punctuation + " ", min_size=4, max_size=30),
    st.text(min_size=4, max_size=20),
    st.lists(st.text(string.ascii_letters + string.digits, min_size=8, max_size=20), min_size=2, max_size=4).map(
        "\n".join
    ),
).filter(lambda secret: len(secret.strip()) >= 4)
USUAL = f"{HIDDEN} cannot connect with after before x jdbc:postgresql://joe:@db/x?user=joe&x= https://h/?y="


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch):
    monkeypatch.setattr(secrets, "_registry", secrets._Registry())


def is_usual(secret):
    """It is in the words around it already."""
    return secret.strip().lower() in USUAL or secret.strip().lower() in secrets._HARMLESS


def tell(secret):
    secrets.register("connector c", {secret: HIDDEN})


def log_text(secret):
    record = logging.makeLogRecord(
        {"name": "n", "msg": "cannot connect with %s after %r", "args": (secret, secret), "levelno": 40}
    )
    return logs._Text(terminal=False).format(record)


def raised(secret):
    with pytest.raises(RuntimeError) as caught:
        raise RuntimeError(f"cannot connect with {secret}")
    return caught.value


def log_trace(secret):
    error = raised(secret)
    record = logging.makeLogRecord({"name": "n", "msg": "x", "exc_info": (RuntimeError, error, error.__traceback__)})
    return logs._Text(terminal=False).format(record)


def log_json(secret):
    record = logging.makeLogRecord({"name": "n", "msg": f"cannot connect with {secret}"})
    return json.loads(logs._JsonLines().format(record))["message"]


def status_trace(secret):
    """As it leaves a host."""
    ours, theirs = socket.socketpair()
    info = describe(raised(secret))
    channel = Channel(ours.detach())
    channel.send(UnitState("c|task-0", "FAILED", info))
    channel.send(Done(1, error=info))
    channel.close()
    with theirs, theirs.makefile("rb") as stream:
        return stream.read().decode(errors="replace")


def rest_answer(secret):
    return json.loads(bytes(error_answer(ConfigError(f"cannot connect with {secret}")).body))["message"]


def url(secret):
    quoted = urllib.parse.quote(secret, safe="")
    return hide(
        f"jdbc:postgresql://joe:{quoted}@db/x?user=joe&x={quoted} https://h/?y={urllib.parse.quote_plus(secret)}"
    )


def inside_json(secret):
    return hide(json.dumps({"x": [secret]})) + hide(json.dumps({"x": secret}, ensure_ascii=False))


CHANNELS = [log_text, log_trace, log_json, status_trace, rest_answer, url, inside_json]


@pytest.mark.parametrize("channel", CHANNELS)
@given(secret=SECRETS)
def test_no_secret_comes_out(channel, secret):
    if is_usual(secret):
        return
    secrets._registry = secrets._Registry()
    tell(secret)
    text = channel(secret)
    assert secret not in text
    for line in secret.splitlines():
        if len(line) >= 8 and not is_usual(line):
            assert line not in text
    if channel is not url:
        assert json.dumps(secret)[1:-1] not in text


@given(st.lists(SECRETS, min_size=1, max_size=5), st.text(max_size=10))
def test_secrets_that_overlap(several, between):
    secrets._registry = secrets._Registry()
    for number, secret in enumerate(several):
        secrets.register(f"connector {number}", {secret: HIDDEN})
    text = hide(between.join(several) + several[0][:2] + "".join(several))
    for secret in several:
        if not is_usual(secret):
            assert secret not in text


def test_the_last_line_of_a_program(capfd):
    tell("correct horse")
    report(ConfigError("no 'correct horse' here"), debug=True, json=False)
    err = capfd.readouterr().err
    assert "no '[hidden]' here" in err
    assert "correct horse" not in err


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("db.password", True),
        ("aws.secret.access.key", True),
        ("sasl.jaas.config", True),
        ("producer.override.sasl.jaas.config", True),
        ("ssl.keystore.key", True),
        ("basic.auth.credentials", True),
        ("api_key", True),
        ("apiKey", True),
        ("github.token", True),
        ("pwd", True),
        ("sasl.oauthbearer.token.endpoint.url", False),
        ("password.file", False),
        ("key.converter", False),
        ("message.key.columns", False),
        ("topics", False),
        ("token.name", False),
        ("basic.auth.credentials.source", False),
        ("max.tokens", False),
    ],
)
def test_keys(key, secret):
    assert is_secret_key(key) == secret


def test_secrets_in_a_configuration():
    props = {
        "name": "c",
        "database.password": "pw-one",
        "connection.url": "jdbc:mysql://joe:pw-two@db/x?user=joe&password=pw-three",
        "http.url": "https://api.example.com/x?access_token=tok-four&page=1",
        "sasl.jaas.config": 'x.PlainLoginModule required\n  username="joe"\n  password="pw-five";',
        "pin": "pw-six",
        "x.password": "${file:/a:b}",
        "y.password": None,
    }
    found = secrets_in(props, ["pin"])
    assert {"pw-one", "pw-two", "pw-three", "tok-four", "pw-five", "pw-six", props["sasl.jaas.config"]} <= found.keys()
    assert not {"c", "joe", "${file:/a:b}", "1"} & found.keys()
    secrets.register("connector c", found)
    text = "joe cannot log in at db: pw-two pw-three tok-four pw-five pw-six username"
    assert hide(text) == "joe cannot log in at db: " + " ".join([HIDDEN] * 5) + " username"


def test_login_modules_of_several_lines_are_hidden_by_their_looks():
    text = 'config: sasl.jaas.config=x.Module required\n   username="joe"\n   password="pw";\nnext line'
    assert redact(text) == "config: sasl.jaas.config=[hidden]\nnext line"


def test_values_that_were_refused():
    text = "Invalid value hunter2 for configuration db.password: too short"
    assert redact(text) == "Invalid value [hidden] for configuration db.password: too short"
    kept = "Invalid value x for configuration tasks.max: Not a number of type INT"
    assert redact(kept) == kept


def test_what_is_no_secret_is_shown_by_its_placeholder():
    secrets.register("connector c", {"orders-eu": "${env:TOPIC}"})
    assert hide("Writing to orders-eu.") == "Writing to ${env:TOPIC}."
    secrets.register("connector d", {"orders-eu": HIDDEN})
    assert hide("Writing to orders-eu.") == "Writing to [hidden]."


def test_short_values_that_are_no_secrets_are_whole_words():
    secrets.register("connector c", {"test": "${env:TOPIC}"})
    assert hide("test latest (test) test1 test") == "${env:TOPIC} latest (${env:TOPIC}) test1 ${env:TOPIC}"
    secrets.register("connector c", {"test": HIDDEN})
    assert hide("latest") == "la[hidden]"


@pytest.mark.parametrize("value", ["abc", "", "true", "required", "NONE"])
def test_what_every_text_has_by_chance_is_left_alone(value):
    tell(value)
    assert hide(f"x {value} y") == f"x {value} y"


def test_old_values_are_hidden_for_a_while_then_forgotten():
    for number in range(5):
        secrets.register("connector c", {f"secret-{number}": HIDDEN})
    assert hide("secret-2 secret-3 secret-4") == " ".join([HIDDEN] * 3)
    assert hide("secret-0") == "secret-0"
    assert secrets.owned_by("connector c", "connector x") == {"secret-4": HIDDEN}
    secrets.register("connector c", {"secret-2": HIDDEN})
    assert secrets.owned_by("connector c") == {"secret-2": HIDDEN}
    secrets.forget("connector c")
    secrets.forget("connector unknown")
    assert hide("secret-4") == "secret-4"
    assert secrets._registry.values == ()


def test_a_wrong_log_call_does_not_show_its_arguments(capfd, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", True)
    handler = logs._StandardError()
    handler.setFormatter(logs._Text(terminal=False))
    handler.handle(logging.makeLogRecord({"name": "n", "msg": "%d", "args": ("swordfish",)}))
    err = capfd.readouterr().err
    assert "swordfish" not in err
    assert "A log call is wrong: TypeError" in err


def test_errors_keep_what_is_no_secret():
    tell("swordfish")
    error = ConnectError("no swordfish", remedy="Give swordfish.", key="k", code="BRN-2999")
    ours, theirs = socket.socketpair()
    channel = Channel(ours.detach())
    channel.send(Done(7, error=describe(error)))
    channel.close()
    with theirs, theirs.makefile("rb") as stream:
        raw = stream.read()
    assert b"swordfish" not in raw
    assert b"Give [hidden]." in raw
    assert b"BRN-2999" in raw


def test_it_costs_little():
    for number in range(1000):
        secrets.register(f"connector {number}", {f"a-secret-{number}": HIDDEN})
    text = "a line of a log that is about as long as most of them are, and says nothing secret at all" * 3
    began = time.process_time()
    for _ in range(100):
        hide(text)
    assert time.process_time() - began < 1
