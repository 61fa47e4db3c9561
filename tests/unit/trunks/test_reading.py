"""What a trunks.toml becomes, and what is said of one that is wrong."""

from pathlib import Path

import pytest

from controller.trunks.profiles import PROFILES
from controller.trunks.trunk import CalledIn, NumberForm, Srtp, Transport, Way
from tests.unit.trunks.files import problems_of, trunk_of, trunks_of

REGISTERED = 'host = "sip.example.com"\nusername = "u1"\npassword = {env = "CARRIER_PASSWORD"}\n'
ROOT = Path(__file__).parents[3]


def test_no_trunks() -> None:
    trunks = trunks_of("")
    assert (dict(trunks.by_name), trunks.default) == ({}, "")


def test_a_registration_by_what_is_there() -> None:
    trunk = trunk_of(REGISTERED)
    assert (trunk.way, trunk.host, trunk.username) == (Way.REGISTER, "sip.example.com", "u1")
    assert trunk.password == "s3cret; --and=more"
    assert "s3cret" not in repr(trunk)


def test_a_peer_by_what_is_not_there() -> None:
    trunk = trunk_of('host = "pbx.example.com"\naddresses = "192.0.2.7"')
    assert (trunk.way, trunk.addresses, trunk.transport) == (Way.PEER, ("192.0.2.7",), Transport.UDP)


def test_the_table_outranks_the_profile() -> None:
    common = 'username = "1234567t0"\npassword = {env = "CARRIER_PASSWORD"}\n'
    trunk = trunk_of(f'profile = "sipgate"\n{common}')
    assert (trunk.host, trunk.country, trunk.called_in) == ("sipconnect.sipgate.de", "DE", CalledIn.TO)
    other = trunk_of(f'profile = "sipgate"\nhost = "other.example.com"\ntransport = "tls"\nsrtp = "required"\n{common}')
    assert (other.host, other.transport, other.srtp) == ("other.example.com", Transport.TLS, Srtp.REQUIRED)


def test_numbers_in_any_form() -> None:
    trunk = trunk_of(
        f'{REGISTERED}country = "DE"\nnumbers = ["030 23125 000", "+4930231251*"]\ncaller_id = "03023125000"'
    )
    assert trunk.numbers == ("+493023125000", "+4930231251*")
    assert trunk.caller_id == "+493023125000"


def test_countries_and_the_default() -> None:
    trunks = trunks_of(
        f'[defaults]\ncountry = "DE"\ntrunk = "b"\n[trunks.a]\n{REGISTERED}[trunks.b]\n{REGISTERED}country = "AT"\n'
    )
    assert (trunks.countries, trunks.default) == ({"a": "DE", "b": "AT"}, "b")
    assert trunks_of(f"[trunks.a]\n{REGISTERED}[trunks.b]\n{REGISTERED}").default == "a"


def test_an_account_has_the_name_of_its_trunk() -> None:
    trunk = trunks_of('[trunks.pbx]\nway = "account"\npassword = {env = "PBX_PASSWORD"}').by_name["pbx"]
    assert (trunk.way, trunk.host) == (Way.ACCOUNT, "")


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_profile_can_be_used(profile: str) -> None:
    known = PROFILES[profile]
    needed = {
        "host": 'host = "x.example.com"\n' if "host" not in known.values else "",
        "login": 'username = "u"\npassword = {env = "CARRIER_PASSWORD"}\n',
        "proxy": 'outbound_proxy = "1.primary.example.com"\n' if "outbound_proxy" in known.mends else "",
    }
    trunk = trunk_of(f'profile = "{profile}"\n{"".join(needed.values())}')
    assert trunk.profile == profile
    assert (ROOT / "docs/trunks" / known.page).is_file()
    assert known.unchecked <= known.values.keys()


def test_the_example_can_be_read() -> None:
    text = (ROOT / "trunks.example.toml").read_text(encoding="utf-8")
    secrets = dict.fromkeys(("SIPGATE_PASSWORD", "TWILIO_PASSWORD", "PBX_PASSWORD"), "x" * 16)
    assert list(trunks_of(text, secrets).by_name) == ["sipgate"]
    head, _, tables = text.partition("\n# [")
    whole = head + "\n[" + tables.replace("\n# ", "\n")
    assert list(trunks_of(whole, secrets).by_name) == ["sipgate", "twilio", "pbx"]


BAD = {
    "[trunks.a": "is not TOML",
    "trunk = 1": "this key is not known. Did you mean 'trunks'?",
    "[trunks]\na = 1": "trunks.a: is a table with a name. Write [trunks.a]",
    "[trunks.phone]\nhost = 'h'": "'phone' cannot be the name of a trunk",
    "[trunks.'a b']\nhost = 'h'": "'a b' cannot be the name of a trunk",
    "[trunks.a]\nhots = 'h'": "this key is not known. Did you mean 'host'?",
    "[trunks.a]\nprofile = 'sipgat'": "there is no profile 'sipgat'. Did you mean 'sipgate'?",
    "[trunks.a]\npassword = 'geheim'": "a secret does not belong into this file",
    "[trunks.a]\nhost = 'h'\nusername = 'u'": "trunks.a.password: is missing",
    "[trunks.a]\nhost = 'h'\nusername = 'u'\npassword = {env = 'NOT_SET'}": "NOT_SET is not set",
    "[trunks.a]\nhost = 'h'\nusername = 'u'\npassword = {file = 'none'}": "cannot read none (No such",
    "[trunks.a]\nhost = 'sip:h'": "'sip:h' is no host name",
    "[trunks.a]\nhost = 'h'\nport = 70000": "trunks.a.port: does not fit",
    "[trunks.a]\nhost = 'h'\nusername = 'a b;c'": "has characters that cannot stand in a SIP address",
    "[trunks.a]\nhost = 'h'\naddresses = '0.0.0.0/0'": "is half the world",
    "[trunks.a]\nhost = 'h'\naddresses = '300.1.1.1'": "is no address",
    "[trunks.a]\nhost = 'h'\nsrtp = 'required'": "the keys would travel in clear text",
    "[trunks.a]\nhost = 'h'\nsend_as = 'national'": "trunks.a.country: is missing. National numbers need it",
    "[trunks.a]\nhost = 'h'\nnumbers = ['12']": "trunks.a.numbers[1]: '12' is no number of ours",
    "[trunks.a]\nhost = 'h'\ncodecs = ['g729']": "'g729' is not possible here",
    "[trunks.a]\nprofile = 'twilio'": 'trunks.a.host: is missing. Write host = "NAME.pstn.twilio.com"',
    "[trunks.a]\nway = 'account'\nhost = 'h'\npassword = {env = 'PBX_PASSWORD'}": "host: is not used",
    "[trunks.a]\nway = 'account'": "trunks.a.password: is missing",
    "[defaults]\ntrunk = 'b'\n[trunks.a]\nhost = 'h'": "there is no trunk 'b'",
}


@pytest.mark.parametrize(("text", "said"), BAD.items())
def test_what_is_wrong_is_named_with_its_line_and_its_mend(text: str, said: str) -> None:
    found = problems_of(text)
    assert any(said in problem for problem in found), found
    assert all(problem.startswith("trunks.toml") for problem in found)


def test_all_at_once() -> None:
    text = "[trunks.a]\nhost = 'h'\nport = 0\n[trunks.b]\nprofile = 'x'\n"
    assert [problem.split(": ")[0] for problem in problems_of(text)] == ["trunks.toml:3", "trunks.toml:5"]


def test_a_short_password_of_an_account() -> None:
    text = "[trunks.a]\nway = 'account'\npassword = {env = 'SHORT'}"
    with pytest.raises(Exception, match="short enough to be guessed"):
        trunks_of(text, {"SHORT": "abc123"})


def test_forms_of_numbers() -> None:
    assert trunk_of(f'{REGISTERED}country = "DE"\nsend_as = "national"').send_as is NumberForm.NATIONAL
