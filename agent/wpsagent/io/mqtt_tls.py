# SPDX-License-Identifier: BSD-3-Clause
"""MQTT over TLS: certificates, and why a handshake failed.  Loaded only where it is asked for: ssl takes 4 MiB."""

import ssl
from typing import Any, Protocol


class TlsOptions(Protocol):
    """Encryption: PEM files, None for the system's or for no certificate of ours."""

    @property
    def ca_file(self) -> str | None: ...
    @property
    def certificate_file(self) -> str | None: ...
    @property
    def key_file(self) -> str | None: ...
    @property
    def insecure(self) -> bool: ...


class TlsContext(ssl.SSLContext):
    """Remembers the socket that it wraps: paho leaves it open when the handshake fails."""

    wrapped: ssl.SSLSocket | None = None

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        self.wrapped = super().wrap_socket(*arguments, **options)
        return self.wrapped


def tls_context(options: TlsOptions) -> TlsContext:
    """Certificates are checked against ca_file or the system's; raises OSError for files that are no certificates."""
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif options.ca_file is not None:
        context.load_verify_locations(options.ca_file)
    else:
        context.load_default_certs()
    if options.certificate_file is not None:
        context.load_cert_chain(options.certificate_file, options.key_file)
    return context


def explain(error: Exception, place: str) -> str:
    """Why TLS failed, in words that say what to look at; error: one of ssl's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {place} is not trusted: {error.verify_message}"
    return f"no TLS with {place}: {getattr(error, 'reason', None) or error}"
