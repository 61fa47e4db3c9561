"""TLS to bots: verified always, by the machine's authorities or by one of the operator's own.

Where the bot wants to see a certificate of ours, it is shown one (mutual TLS).
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

from controller.errors import SettingError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. Empty: the machine's own authorities; no certificate of ours."""

    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    """Empty: the key is in the certificate's file."""
    machines_too: bool = False
    """The machine's own authorities count beside `ca_file`."""


def context_of(files: TlsFiles) -> ssl.SSLContext:
    """Raises SettingError naming the file."""
    try:
        context = ssl.create_default_context(cafile=None if files.machines_too else files.ca_file or None)
        if files.machines_too and files.ca_file:
            context.load_verify_locations(files.ca_file)
    except (OSError, ssl.SSLError) as error:
        mend = "Name a readable PEM file with the authority's certificate"
        raise SettingError("ca_file", f"cannot use {files.ca_file} ({_reason(error)})", mend) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if files.certificate_file:
        try:
            # An empty password: OpenSSL would ask for one on the terminal.
            context.load_cert_chain(files.certificate_file, files.key_file or None, password="")
        except (OSError, ssl.SSLError, ValueError) as error:
            names = " and ".join(name for name in (files.certificate_file, files.key_file) if name)
            mend = "Name readable PEM files: a certificate, and its key without a password"
            raise SettingError("certificate_file", f"cannot use {names} ({_reason(error)})", mend) from error
    return context


def _reason(error: Exception) -> str:
    # The text of an SSLError has OpenSSL's source line in it.
    return (getattr(error, "strerror", "") or str(error)).partition(" (_ssl")[0]


class TlsContexts:
    """Made once for each set of files, for it takes tens of milliseconds; anew when a file has changed."""

    def __init__(self) -> None:
        self._contexts: dict[TlsFiles, tuple[tuple[int, ...], ssl.SSLContext]] = {}

    def context(self, files: TlsFiles) -> ssl.SSLContext:
        """Raises SettingError naming the file."""
        changed = tuple(map(_changed_at, (files.ca_file, files.certificate_file, files.key_file)))
        known = self._contexts.get(files)
        if known is None or known[0] != changed:
            known = self._contexts[files] = (changed, context_of(files))
        return known[1]


def _changed_at(name: str) -> int:
    try:
        return Path(name).stat().st_mtime_ns if name else 0
    except OSError:
        return -1
