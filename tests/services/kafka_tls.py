"""A SASL_SSL variant of the Kafka fixture: PEM stores, SCRAM-SHA-512 users and ACLs."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from services.kafka import Security

if TYPE_CHECKING:
    from pathlib import Path

ADMIN = ("admin", "admin-secret")
USER = ("connect", "connect-secret")
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


@dataclass(frozen=True)
class Certificates:
    """PEM files: the authority's certificate, and a server's key, certificate, and both in one file."""

    authority: Path
    key: Path
    certificate: Path
    keystore: Path


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: str, issuer: str, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
    )


def make_certificates(folder: Path) -> Certificates:
    """Make a throw-away authority and a certificate for ``localhost`` and ``127.0.0.1`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    authority_key, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    authority = (
        _builder("test-ca", "test-ca", authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    server = (
        _builder("localhost", "test-ca", key)
        .add_extension(names, critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = Certificates(folder / "ca.pem", folder / "server.key", folder / "server.crt", folder / "server.pem")
    files.authority.write_bytes(authority.public_bytes(pem))
    files.key.write_bytes(private)
    files.certificate.write_bytes(server.public_bytes(pem))
    files.keystore.write_bytes(private + server.public_bytes(pem))
    return files


def jaas(user: str, password: str, module: str = _SCRAM) -> str:
    """A ``sasl.jaas.config`` value."""
    return f'{module} required username="{user}" password="{password}";'


def scram_sha_512(folder: Path) -> Security:
    """``SASL_SSL`` with the users ``ADMIN`` (super user) and ``USER`` (nothing allowed until an ACL says so)."""
    certificates = make_certificates(folder)
    user, password = USER
    broker = {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": jaas(*ADMIN),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates.keystore),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates.authority),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # ANONYMOUS is the controller itself: its listener is plaintext on loopback.
        "super.users": f"User:{ADMIN[0]};User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
    }
    client = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": jaas(user, password),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates.authority),
    }
    users = [f"SCRAM-SHA-512=[name={name},password={secret}]" for name, secret in (ADMIN, USER)]
    return Security(
        protocol="SASL_SSL",
        host="localhost",
        broker=broker,
        client=client,
        librdkafka=librdkafka(certificates, *ADMIN),
        format_options=[option for user in users for option in ("--add-scram", user)],
    )


def librdkafka(certificates: Certificates, user: str, password: str) -> dict[str, str]:
    """confluent-kafka settings that log in as ``user``."""
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": user,
        "sasl.password": password,
        "ssl.ca.location": str(certificates.authority),
    }
