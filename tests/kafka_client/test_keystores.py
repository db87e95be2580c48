"""Key and trust stores: JKS (Java's own and ours), PKCS12, PEM files and PEM in the setting."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from hypothesis import given
from hypothesis import strategies as st
from jks_writer import lock, write_jks

from barnabas.errors import ConfigError
from barnabas.kafka.jks import StoreDamagedError, WrongPasswordError, read_jks, unlock
from barnabas.kafka.keystores import read_identity, read_trusted
from barnabas.kafka.settings import translate
from services.kafka_tls import make_certificates

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "chängeit"  # beyond ASCII: passwords count in UTF-16


class Material:
    """One authority, one key with its certificate."""

    def __init__(self, folder: Path) -> None:
        self.files = make_certificates(folder)
        self.ca = self.files.authority.read_text()
        self.certificate = self.files.certificate.read_text()
        self.key = self.files.key.read_text()

    def der(self, pem: str) -> bytes:
        return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)

    @property
    def key_object(self) -> Any:
        return load_pem_private_key(self.key.encode(), None)

    @property
    def pkcs8(self) -> bytes:
        plain: bytes = self.key_object.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return plain


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return Material(tmp_path_factory.mktemp("tls"))


def _same(pem: str | None, other: str) -> bool:
    return pem is not None and ssl.PEM_cert_to_DER_cert(pem.strip() + "\n") == ssl.PEM_cert_to_DER_cert(other)


@given(st.binary(min_size=1, max_size=200), st.text(max_size=8), st.binary(min_size=20, max_size=20))
def test_keys_open_with_their_password_only(plain: bytes, password: str, salt: bytes) -> None:
    try:
        password.encode("utf-16-be")
    except UnicodeEncodeError:
        return
    locked = lock(plain, password, salt)
    assert unlock(locked, password) == plain
    with pytest.raises(WrongPasswordError):
        unlock(locked, password + "x")


@given(st.data())
def test_a_damaged_store_is_never_another_kind_of_error(data: st.DataObject) -> None:
    whole = write_jks("pw", [(lock(b"key", "pw", b"s" * 20), [b"certificate"])], [b"authority"])
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = data.draw(
        st.sampled_from([whole[:at], whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :], whole[at:]])
    )
    for password in ("pw", None):
        try:
            store = read_jks(broken, password)
            for entry in store.keys:
                unlock(entry.locked, "pw")
        except (StoreDamagedError, WrongPasswordError):
            continue


def test_jks(material: Material, tmp_path: Path) -> None:
    chain = [material.der(material.certificate), material.der(material.ca)]
    keystore, truststore = tmp_path / "key.jks", tmp_path / "trust.jks"
    keystore.write_bytes(write_jks(PASSWORD, [(lock(material.pkcs8, "key-pw", os.urandom(20)), chain)]))
    truststore.write_bytes(write_jks(PASSWORD, certificates=[chain[1]]))
    java = {
        "security.protocol": "SSL",
        "ssl.truststore.location": str(truststore),
        "ssl.truststore.password": PASSWORD,
        "ssl.keystore.location": str(keystore),
        "ssl.keystore.password": PASSWORD,
        "ssl.key.password": "key-pw",
        "ssl.endpoint.identification.algorithm": "",
    }
    made = translate(java, "producer").librdkafka
    assert _same(made["ssl.ca.pem"], material.ca)
    assert made["ssl.certificate.pem"].count("BEGIN CERTIFICATE") == 2
    assert _same(made["ssl.certificate.pem"].split("-----END")[0] + "-----END CERTIFICATE-----\n", material.certificate)
    assert made["ssl.key.pem"] == material.key
    assert made["ssl.endpoint.identification.algorithm"] == "none"
    without = {key: value for key, value in java.items() if key != "ssl.truststore.password"}
    assert _same(translate(without, "consumer").librdkafka["ssl.ca.pem"], material.ca)  # unchecked, as in Java
    for key in ("ssl.truststore.password", "ssl.keystore.password", "ssl.key.password"):
        with pytest.raises(ConfigError) as caught:
            translate({**java, key: "wrong"}, "admin")
        assert caught.value.key == key
        assert "password" in str(caught.value)


@pytest.mark.skipif(shutil.which("keytool") is None, reason="no keytool")
@pytest.mark.parametrize("kind", ["JKS", "PKCS12"])
def test_stores_that_keytool_makes(material: Material, tmp_path: Path, kind: str) -> None:
    truststore, keystore, password = tmp_path / "trust", tmp_path / "key", "changeit"

    def keytool(*arguments: str | Path) -> None:
        subprocess.run(["keytool", *arguments, "-storepass", password], check=True, capture_output=True)

    keytool(
        *("-importcert", "-noprompt", "-alias", "ca", "-file", material.files.authority),
        *("-keystore", truststore, "-storetype", kind),
    )
    name = ("-genkeypair", "-alias", "me", "-keyalg", "RSA", "-dname", "CN=me")
    keytool(*name, "-keystore", keystore, "-storetype", kind, "-keypass", password)
    java = {"ssl.truststore.location": str(truststore), "ssl.truststore.password": password}
    java |= {"ssl.keystore.location": str(keystore), "ssl.keystore.password": password}
    assert _same(read_trusted(java), material.ca)
    identity = read_identity(java)
    assert identity is not None
    own = x509.load_pem_x509_certificate(identity.chain[0].encode())
    assert own.subject.rfc4514_string() == "CN=me"
    key: Any = load_pem_private_key(identity.key.encode(), None)
    assert key.public_key() == own.public_key()
    for store in ("truststore", "keystore"):
        with pytest.raises(ConfigError) as caught:
            (read_trusted if store == "truststore" else read_identity)({**java, f"ssl.{store}.password": "wrong"})
        assert caught.value.key == f"ssl.{store}.password"


def test_pkcs12(material: Material, tmp_path: Path) -> None:
    path = tmp_path / "store.p12"
    own = x509.load_pem_x509_certificate(material.certificate.encode())
    authority = x509.load_pem_x509_certificate(material.ca.encode())
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"me", material.key_object, own, [authority], BestAvailableEncryption(PASSWORD.encode())
        )
    )
    java = {"ssl.keystore.location": str(path), "ssl.keystore.password": PASSWORD, "ssl.keystore.type": "PKCS12"}
    identity = read_identity(java)
    assert identity is not None
    assert [_same(*pair) for pair in zip(identity.chain, [material.certificate, material.ca], strict=True)] == [
        True
    ] * 2
    assert identity.key == material.key
    with pytest.raises(ConfigError) as caught:
        read_identity({"ssl.keystore.location": str(path)})
    assert caught.value.key == "ssl.keystore.password"


def test_pem_files_and_inline(material: Material, tmp_path: Path) -> None:
    locked = material.key_object.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"key-pw")
    ).decode()
    path = tmp_path / "me.pem"
    path.write_text(locked + material.certificate)
    from_file = {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(path), "ssl.key.password": "key-pw"}
    inline = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.key": locked,
        "ssl.keystore.certificate.chain": material.certificate,
        "ssl.key.password": "key-pw",
    }
    for java in (from_file, inline):
        identity = read_identity(java)
        assert identity is not None
        assert identity.key == material.key
        assert _same(identity.chain[0], material.certificate)
        for password in ("wrong", ""):
            with pytest.raises(ConfigError) as caught:
                read_identity({**java, "ssl.key.password": password})
            assert caught.value.key == "ssl.key.password"
    assert _same(read_trusted({"ssl.truststore.certificates": material.ca, "ssl.truststore.type": "PEM"}), material.ca)
    assert _same(read_trusted({"ssl.truststore.location": str(material.files.authority)}), material.ca)


def test_errors_name_the_key(material: Material, tmp_path: Path) -> None:
    rubbish, empty, jceks = tmp_path / "rubbish", tmp_path / "empty.jks", tmp_path / "store.jceks"
    rubbish.write_bytes(b"no store at all")
    empty.write_bytes(write_jks("pw"))
    jceks.write_bytes(b"\xce\xce\xce\xce\0\0\0\2")
    cases: list[tuple[dict[str, str], str]] = [
        ({"ssl.truststore.location": str(tmp_path / "missing")}, "ssl.truststore.location"),
        ({"ssl.truststore.location": str(rubbish), "ssl.truststore.type": "PEM"}, "ssl.truststore.location"),
        ({"ssl.truststore.location": str(empty)}, "ssl.truststore.location"),
        ({"ssl.truststore.location": str(jceks)}, "ssl.truststore.location"),
        ({"ssl.truststore.location": str(rubbish), "ssl.truststore.type": "BKS"}, "ssl.truststore.type"),
        ({"ssl.truststore.certificates": "-----BEGIN"}, "ssl.truststore.certificates"),
        (
            {"ssl.truststore.certificates": material.ca, "ssl.truststore.location": str(rubbish)},
            "ssl.truststore.certificates",
        ),
        ({"ssl.enabled.protocols": "TLSv1"}, "ssl.enabled.protocols"),
        ({"ssl.endpoint.identification.algorithm": "ldaps"}, "ssl.endpoint.identification.algorithm"),
        ({"ssl.keystore.location": str(empty), "ssl.keystore.password": "pw"}, "ssl.keystore.location"),
        ({"ssl.keystore.key": "x"}, "ssl.keystore.key"),
    ]
    for java, key in cases:
        with pytest.raises(ConfigError) as caught:
            translate({"security.protocol": "SSL", **java}, "consumer")
        assert caught.value.key == key, java
        assert caught.value.remedy


def test_cipher_names() -> None:
    java = {
        "security.protocol": "SSL",
        "ssl.cipher.suites": "TLS_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,"
        "TLS_RSA_WITH_AES_128_CBC_SHA,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    }
    made = translate(java, "producer").librdkafka["ssl.cipher.suites"]
    assert made == "ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA:ECDHE-ECDSA-CHACHA20-POLY1305"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(made)
