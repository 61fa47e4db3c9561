import os
import ssl
from pathlib import Path

import pytest

from controller.bot.tls import TlsContexts, TlsFiles, context_of
from controller.errors import SettingError
from tests import certificates


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.make(tmp_path_factory.mktemp("tls"))


def test_the_machines_own_authorities_where_none_is_named() -> None:
    context = context_of(TlsFiles())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_an_authority_of_the_operators_own_is_the_only_one(made: certificates.Certificates) -> None:
    context = context_of(TlsFiles(made.ca, made.certificate("client"), made.key("client")))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert [str(ca["subject"]) for ca in context.get_ca_certs()] == ["((('commonName', 'test authority'),),)"]


def test_an_authority_of_the_operators_own_beside_the_machines(made: certificates.Certificates) -> None:
    both, usual = context_of(TlsFiles(made.ca, machines_too=True)), context_of(TlsFiles())
    assert len(both.get_ca_certs()) == len(usual.get_ca_certs()) + 1


def test_a_file_that_cannot_be_used_is_named(made: certificates.Certificates, tmp_path: Path) -> None:
    (tmp_path / "nonsense.pem").write_text("nonsense")
    nonsense = str(tmp_path / "nonsense.pem")
    for files, setting, name in (
        (TlsFiles("/nowhere/ca.pem"), "ca_file", "/nowhere/ca.pem"),
        (TlsFiles(nonsense), "ca_file", nonsense),
        (TlsFiles("", nonsense), "certificate_file", nonsense),
        (TlsFiles("", made.certificate("client"), made.key("server")), "certificate_file", made.key("server")),
    ):
        with pytest.raises(SettingError) as raised:
            context_of(files)
        assert raised.value.setting == setting
        assert name in raised.value.problem


def test_contexts_are_kept_until_a_file_changes(made: certificates.Certificates) -> None:
    contexts, files = TlsContexts(), TlsFiles(made.ca)
    first = contexts.context(files)
    assert contexts.context(files) is first
    os.utime(made.ca, ns=(1, 1))
    assert contexts.context(files) is not first
    assert contexts.context(TlsFiles()) is not first
