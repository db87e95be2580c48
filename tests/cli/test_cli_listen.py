"""Binding REST's ports."""

from __future__ import annotations

import os
import socket

import pytest

from barnabas.cli.listen import bind_all
from barnabas.errors import ConfigError
from barnabas.herder.listeners import HttpListener


def test_every_listener_is_bound_and_takes_connections():
    sockets = bind_all([HttpListener("http", "127.0.0.1", 0), HttpListener("http", "", 0)])
    for sock in sockets:
        with socket.create_connection(("127.0.0.1", sock.getsockname()[1]), timeout=5):
            sock.close()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_no_host_means_both_families():
    (sock,) = bind_all([HttpListener("http", "", 0)])
    with sock, socket.create_connection(("::1", sock.getsockname()[1]), timeout=5):
        pass


@pytest.fixture
def taken():
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_port_in_use(taken):
    with pytest.raises(ConfigError) as caught:
        bind_all([HttpListener("http", "127.0.0.1", 0), HttpListener("http", "127.0.0.1", taken)])
    assert caught.value.describe() == (
        f"listeners: Cannot listen on http://127.0.0.1:{taken}: port {taken} is in use by another program. "
        "Stop the program that has it, or choose another port. (BRN-1050)"
    )


@pytest.mark.parametrize(
    ("host", "says"),
    [("no-such-host.invalid", "the host no-such-host.invalid is unknown"), ("192.0.2.7", "no address of this machine")],
)
def test_hosts_that_are_not_here(host, says):
    with pytest.raises(ConfigError, match=says):
        bind_all([HttpListener("http", host, 0)])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen anywhere")
def test_a_privileged_port():
    with pytest.raises(ConfigError, match="may not listen on port 1"):
        bind_all([HttpListener("http", "127.0.0.1", 1)])
