# SPDX-License-Identifier: BSD-3-Clause
"""Which library does the arithmetic, for who asks in a report of an error."""

from cryptography.hazmat.backends.openssl import backend


def library_version() -> str:
    """Such as "OpenSSL 3.0.16 11 Feb 2025"."""
    return backend.openssl_version_text()
