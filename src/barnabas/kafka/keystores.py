"""Java's key and trust stores (JKS, PKCS12, PEM) into PEM text, which is what the client library takes.

cryptography is imported on use: most clients have no stores, and it is heavy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from barnabas.errors import ConfigError
from barnabas.kafka.jks import MAGIC, StoreDamagedError, WrongPasswordError, read_jks, unlock

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["Identity", "read_identity", "read_trusted"]

_TYPES: Final = ("JKS", "PKCS12", "PEM")
_JCEKS: Final = b"\xce\xce\xce\xce"
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_PRIVATE: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)


class Identity(NamedTuple):
    """Who a client says it is: a private key and its certificates, own one first; PEM. Holds a secret."""

    key: str
    chain: list[str]


def read_trusted(java: Mapping[str, str]) -> str | None:
    """``ssl.truststore.*``: the authorities to trust, or ``None`` for those of the system.

    Raises:
        ConfigError: The store cannot be read, its password is wrong, or it holds no certificate; names the key.
    """
    store = _Store(java, "ssl.truststore")
    inline = store.inline("ssl.truststore.certificates")
    if inline is not None:
        return "\n".join(store.certificates(inline, "ssl.truststore.certificates"))
    if not store.location:
        return None
    data, kind = store.read()
    if kind == "PEM":
        return "\n".join(store.certificates(data.decode("utf-8", "replace"), store.location_key))
    if kind == "JKS":
        java_store = store.jks(data)
        found = [_pem_of(der) for der in java_store.certificates]
    else:
        key, own, others = store.pkcs12(data)
        found = [_pem(certificate) for certificate in ([own] if own is not None and key is None else []) + others]
    if not found:
        raise ConfigError(
            f"{store.location} holds no trusted certificate.",
            key=store.location_key,
            remedy="Import the broker's authority with keytool -importcert.",
            code="BRN-1263",
        )
    return "\n".join(found)


def read_identity(java: Mapping[str, str]) -> Identity | None:
    """``ssl.keystore.*`` and ``ssl.key.password``: the client's own certificate, or ``None`` without one.

    Raises:
        ConfigError: As :func:`read_trusted`.
    """
    store = _Store(java, "ssl.keystore")
    key_password = java.get("ssl.key.password") or None
    inline = store.inline("ssl.keystore.key")
    if inline is not None:
        chain = java.get("ssl.keystore.certificate.chain", "")
        return Identity(
            store.private_key(inline, key_password, "ssl.keystore.key"),
            store.certificates(chain, "ssl.keystore.certificate.chain"),
        )
    if not store.location:
        return None
    data, kind = store.read()
    if kind == "PEM":
        text = data.decode("utf-8", "replace")
        key = store.private_key(text, key_password, store.location_key)
        return Identity(key, store.certificates(text, store.location_key))
    if kind == "JKS":
        return store.jks_identity(data, key_password)
    key_object, own, others = store.pkcs12(data)
    if key_object is None or own is None:
        store.no_key()
    return Identity(_key_pem(key_object), [_pem(certificate) for certificate in [own, *others]])


class _Store:
    """One of the two stores, with the keys that its errors name."""

    def __init__(self, java: Mapping[str, str], prefix: str) -> None:
        self._java = java
        self._prefix = prefix
        self.location_key = f"{prefix}.location"
        self.location = java.get(self.location_key, "").strip()
        self.password_key = f"{prefix}.password"
        self.password: str | None = java.get(self.password_key) or None
        self.kind = java.get(f"{prefix}.type", "").strip().upper()

    def inline(self, key: str) -> str | None:
        """PEM written into the setting itself; Java allows it with type PEM only, and not beside a location."""
        text = self._java.get(key, "").strip()
        if not text:
            return None
        if self.location:
            raise ConfigError(
                f"Both {key} and {self.location_key} are set.", key=key, remedy="Remove one of them.", code="BRN-1264"
            )
        return text

    def read(self) -> tuple[bytes, str]:
        """The file, and which of the three it is: content decides, since Java too reads JKS and PKCS12 as either."""
        if self.kind and self.kind not in _TYPES:
            self._fail(
                f"{self.kind} key stores cannot be read.",
                f"{self._prefix}.type",
                "Convert it with keytool -importkeystore -deststoretype pkcs12.",
            )
        try:
            data = Path(self.location).read_bytes()
        except OSError as error:
            self._fail(
                f"Cannot read {self.location}: {error.strerror}.", self.location_key, "Check the path and its rights."
            )
        if data.startswith(MAGIC):
            return data, "JKS"
        if data.startswith(_JCEKS):
            self._fail(
                f"{self.location} is a JCEKS store, which cannot be read.",
                self.location_key,
                "Convert it with keytool -importkeystore -deststoretype pkcs12.",
            )
        return data, "PEM" if self.kind == "PEM" or b"-----BEGIN" in data[:4096] else "PKCS12"

    def jks(self, data: bytes) -> Any:
        try:
            return read_jks(data, self.password)
        except WrongPasswordError as error:
            self._wrong_password(str(error))
        except StoreDamagedError as error:
            self._damaged(str(error))

    def jks_identity(self, data: bytes, key_password: str | None) -> Identity:
        store = self.jks(data)
        if not store.keys:
            self.no_key()
        password = key_password or self.password
        if password is None:
            self._fail(f"{self.location} needs a password.", self.password_key, f"Set {self.password_key}.")
        entry = store.keys[0]
        try:
            plain = unlock(entry.locked, password)
        except WrongPasswordError as error:
            self._fail(f"Cannot open the key in {self.location}: {error}.", "ssl.key.password", "Correct the password.")
        except StoreDamagedError as error:
            self._damaged(str(error))
        from cryptography.hazmat.primitives.serialization import load_der_private_key  # noqa: PLC0415  see above

        return Identity(_key_pem(load_der_private_key(plain, None)), [_pem_of(der) for der in entry.chain])

    def pkcs12(self, data: bytes) -> tuple[Any, Certificate | None, list[Certificate]]:
        from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415  see above

        password = None if self.password is None else self.password.encode()
        try:
            store = pkcs12.load_pkcs12(data, password)
        except (ValueError, TypeError) as error:
            if "password" in str(error).lower():
                self._wrong_password("the password is wrong, or it is no PKCS12 file")
            self._damaged(str(error))
        own = None if store.cert is None else store.cert.certificate
        return store.key, own, [extra.certificate for extra in store.additional_certs]

    def certificates(self, text: str, key: str) -> list[str]:
        found: list[str] = _CERTIFICATE.findall(text)
        if not found:
            self._fail(
                "There is no certificate in it: no line -----BEGIN CERTIFICATE----- was found.",
                key,
                f"Give PEM text, or set {self._prefix}.type to what the file is.",
            )
        from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415  see above

        for pem in found:
            try:
                load_pem_x509_certificate(pem.encode())
            except ValueError as error:
                self._fail(f"A certificate in it is malformed: {error}.", key, "Copy it again, whole lines.")
        return found

    def private_key(self, text: str, password: str | None, key: str) -> str:
        match = _PRIVATE.search(text)
        if match is None:
            self._fail("There is no private key in it.", key, "Add the key in PKCS 8 PEM form.")
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415  see above

        locked = "ENCRYPTED" in match[0]
        if locked and password is None:
            self._fail("The private key is encrypted.", "ssl.key.password", "Set ssl.key.password.")
        try:
            return _key_pem(
                load_pem_private_key(match[0].encode(), password.encode() if locked and password is not None else None)
            )
        except ValueError as error:
            if locked:
                self._fail("Cannot open the private key: wrong password.", "ssl.key.password", "Correct the password.")
            self._fail(f"The private key is malformed: {error}.", key, "Copy it again, whole lines.")

    def no_key(self) -> NoReturn:
        self._fail(
            f"{self.location} holds no private key.",
            self.location_key,
            "Name the store with the client's own key; certificates to trust belong into ssl.truststore.location.",
        )

    def _wrong_password(self, why: str) -> NoReturn:
        if self.password is None:
            self._fail(f"{self.location} needs a password.", self.password_key, f"Set {self.password_key}.")
        self._fail(f"Cannot open {self.location}: {why}.", self.password_key, "Correct the password.", "BRN-1262")

    def _damaged(self, why: str) -> NoReturn:
        self._fail(
            f"Cannot read {self.location}: {why}.", self.location_key, f"Check the file and {self._prefix}.type."
        )

    @staticmethod
    def _fail(message: str, key: str, remedy: str, code: str = "BRN-1261") -> NoReturn:
        raise ConfigError(message, key=key, remedy=remedy, code=code)


def _key_pem(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415  see above
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def _pem(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415  see above

    return certificate.public_bytes(Encoding.PEM).decode().strip()


def _pem_of(der: bytes) -> str:
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415  see above

    return _pem(load_der_x509_certificate(der))
