# SPDX-License-Identifier: BSD-3-Clause
"""A small authority for tests: certificates for a broker and its clients, good ones and others."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@dataclass(frozen=True)
class Certificate:
    """PEM files."""

    file: Path
    key: Path


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def _write(folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Certificate:
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    made.file.write_bytes(certificate.public_bytes(Encoding.PEM))
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    made.key.chmod(0o644)  # mosquitto reads it as whoever it is
    return made


@dataclass(frozen=True)
class Authority:
    """Signs; its own certificate is `certificate.file`."""

    folder: Path
    name: str
    certificate: Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def make(cls, folder: Path, name: str = "authority") -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _draft(name, name, key, days=2)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, SHA256())
        )
        return cls(folder, name, _write(folder, name, certificate, key), key)

    def sign(self, name: str, *, is_expired: bool = False) -> Certificate:
        """A certificate for whoever has 127.0.0.1, until tomorrow or until yesterday."""
        key = ec.generate_private_key(ec.SECP256R1())
        address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        draft = _draft(name, self.name, key, days=-1 if is_expired else 1).add_extension(address, critical=False)
        return _write(self.folder, name, draft.sign(self.key, SHA256()), key)


def _draft(name: str, issuer: str, key: ec.EllipticCurvePrivateKey, *, days: int) -> x509.CertificateBuilder:
    """Not signed yet; from three days ago, for so many days from now."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(now + timedelta(days=days))
    )
