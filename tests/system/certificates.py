# SPDX-License-Identifier: BSD-3-Clause
"""A small authority for tests, by openssl: certificates for a broker and its clients, good ones and others."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Certificate:
    """PEM files."""

    file: Path
    key: Path


def _openssl(*words: str) -> None:
    subprocess.run(("openssl", *words), check=True, capture_output=True)


@dataclass(frozen=True)
class Authority:
    """Signs; its own certificate is `certificate.file`."""

    folder: Path
    certificate: Certificate

    @classmethod
    def make(cls, folder: Path, name: str = "authority") -> "Authority":
        made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
        _openssl(
            *("req", "-x509", *_KEY, "-keyout", str(made.key), "-out", str(made.file), "-days", "2"),
            *("-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE"),
        )
        return cls(folder, made)

    def sign(self, name: str, *, alternative: str = "IP:127.0.0.1", is_expired: bool = False) -> Certificate:
        """A certificate for whoever has that (subjectAltName), until tomorrow or until long ago."""
        made = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\n")
        _openssl("req", *_KEY, "-keyout", str(made.key), "-out", str(request), "-subj", f"/CN={name}")
        _openssl(
            *("x509", "-req", "-in", str(request), "-out", str(made.file), "-extfile", str(extensions)),
            *("-CA", str(self.certificate.file), "-CAkey", str(self.certificate.key), "-CAcreateserial"),
            *("-days", "-1" if is_expired else "1"),
        )
        made.key.chmod(0o644)  # mosquitto reads it as whoever it is
        return made
