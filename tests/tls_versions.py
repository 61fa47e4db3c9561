"""Which versions of TLS somebody speaks, tried one by one with real handshakes."""

import socket
import ssl
import threading
import warnings

VERSIONS = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
SECONDS_MAX = 30.0
ANY_CIPHER = "ALL:@SECLEVEL=0"
"""Else OpenSSL itself would refuse the old versions, and nothing would be learnt of the other side."""


def spoken(host: str, port: int) -> list[str]:
    """Such as TLSv1.2. No certificate is looked at."""
    return [version for version in (_handshake(host, port, one) for one in VERSIONS) if version]


def _handshake(host: str, port: int, version: ssl.TLSVersion) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _only(context, version)
    with socket.create_connection((host, port), timeout=SECONDS_MAX) as connection:
        try:
            with context.wrap_socket(connection) as secure:
                return secure.version() or ""
        except (ssl.SSLError, ConnectionResetError):
            return ""


def _only(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    context.set_ciphers(ANY_CIPHER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the old versions, which is the point
        context.minimum_version = context.maximum_version = version


def can_try(certificate: str, key: str) -> list[str]:
    """The versions that this machine's own OpenSSL can speak, seen against a server that takes each."""
    return [version for one in VERSIONS for version in _with_a_server_of(one, certificate, key)]


def _with_a_server_of(version: ssl.TLSVersion, certificate: str, key: str) -> list[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    _only(context, version)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(SECONDS_MAX)
        answering = threading.Thread(target=_answer_once, args=(listening, context))
        answering.start()
        found = _handshake("127.0.0.1", listening.getsockname()[1], version)
        answering.join()
    return [found] if found else []


def _answer_once(listening: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listening.accept()
    connection.settimeout(SECONDS_MAX)
    try:
        context.wrap_socket(connection, server_side=True).close()
    except (ssl.SSLError, OSError):
        connection.close()
