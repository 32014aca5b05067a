# SPDX-License-Identifier: BSD-3-Clause
"""MQTT over TLS: certificates, and why a handshake failed.  Loaded only where it is asked for: ssl takes 4 MiB."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, cast


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


class TlsSocket(ssl.SSLSocket):
    """Remembers why the other side ended it, and ends it as any socket ends: paho 1.6.1 expects nothing else.

    With TLS 1.3 a broker judges our certificate after the handshake: paho knows only that the connection is gone.
    """

    problem: ssl.SSLError | None = None

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        with self._remembering():
            return super().recv(buflen, flags)

    def send(self, data: Any, flags: int = 0) -> int:
        with self._remembering():
            return super().send(data, flags)

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self.problem = error
            raise ConnectionAbortedError(str(error)) from error


class TlsContext(ssl.SSLContext):
    """Remembers the socket that it wraps: paho leaves it open when the handshake fails."""

    sslsocket_class = TlsSocket
    wrapped: TlsSocket | None = None
    has_own_certificate = False

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        self.wrapped = cast("TlsSocket", super().wrap_socket(*arguments, **options))
        return self.wrapped

    @property
    def problem(self) -> ssl.SSLError | None:
        """Why the other side ended the connection, if it said so."""
        return None if self.wrapped is None else self.wrapped.problem


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
        context.has_own_certificate = True
    return context


# X509_V_ERR_… of OpenSSL (x509_vfy.h)
_NOT_YET_VALID, _EXPIRED, _WRONG_NAMES = 9, 10, (62, 64)
_NO_AUTHORITY = (2, 18, 19, 20, 21)

# What OpenSSL calls the alerts of RFC 8446, 6.2, and of older versions; and its own trouble with our files.
_REASONS: Mapping[str, str] = {
    "CERTIFICATE_REQUIRED": "{place} wants a certificate of ours, and has got none",
    "UNKNOWN_CA": "{place} refuses our certificate: it is from an authority that the broker does not know",
    "CERTIFICATE_EXPIRED": "{place} refuses our certificate: it has expired",
    "CERTIFICATE_REVOKED": "{place} refuses our certificate: it was revoked",
    "CERTIFICATE_UNKNOWN": "{place} refuses our certificate",
    "BAD_CERTIFICATE": "{place} refuses our certificate",
    "HANDSHAKE_FAILURE": "no TLS with {place}: it ended the handshake; it may want a certificate of ours",
    "WRONG_VERSION_NUMBER": "no TLS with {place}: what answers there does not speak it",
    "KEY_VALUES_MISMATCH": "a file of the TLS settings is no good: key_file is not the key of certificate_file",
    "NO_CERTIFICATE_OR_CRL_FOUND": "a file of the TLS settings is no good: there is no certificate in ca_file",
}


def explain(error: Exception, place: str, host: str = "") -> str:
    """Why TLS failed, in words that say what to look at; error: one of ssl's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {place} is not trusted: {_judgement(error, host)}"
    reason = getattr(error, "reason", None) or str(error)
    for name, words in _REASONS.items():
        if name in reason:
            return words.format(place=place)
    return f"no TLS with {place}: {reason}"


def _judgement(error: ssl.SSLCertVerificationError, host: str) -> str:
    code = getattr(error, "verify_code", 0)
    if code == _EXPIRED:
        return "it has expired, or our clock is wrong"
    if code == _NOT_YET_VALID:
        return "it is not valid yet, or our clock is wrong"
    if code in _WRONG_NAMES:
        return f"it is not for the name {host}, by which we call the broker"
    if code in _NO_AUTHORITY:
        return f"no authority that we trust has signed it ({error.verify_message})"
    return error.verify_message
