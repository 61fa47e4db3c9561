"""How a bot is reached, as routes.toml says it: its protocol, and every way to prove who we are."""

import pytest

from controller.routing.problems import RoutesError
from controller.routing.route import BotRung
from tests.unit.routing.files import problems_of, routes_of

SECRETS = {"TOKEN": "t0ken", "PASSWORD": "pa55word", "SIGNING": "s1gning", "CHOOSE": "ch00se"}
FILES = {"ca.pem": "", "client.pem": "", "client.key": "", "signing": "s1gning-file\n", "empty": "\n", "lines": "a\nb"}
ROUTE = '\n[[routes]]\nname = "all"\nladder = [{bot = "a"}]\n'


def bot(keys: str, url: str = "wss://b") -> str:
    return f'[bots.a]\nurl = "{url}"\n{keys}{ROUTE}'


def read(keys: str, url: str = "wss://b") -> BotRung:
    (rung,) = routes_of(bot(keys, url), SECRETS, FILES).routes[0].ladder
    assert isinstance(rung, BotRung)
    return rung


def test_every_way_to_prove_who_we_are() -> None:
    rung = read(
        'username = "us"\npassword = {env = "PASSWORD"}\nsigning_secret = {file = "signing"}\n'
        'ca_file = "ca.pem"\ncertificate_file = "client.pem"\nkey_file = "client.key"\n'
        'headers = {X-Key = {env = "TOKEN"}}'
    )
    assert (rung.username, rung.token, rung.signing_secret) == ("us", "pa55word", "s1gning-file")
    assert (rung.ca_file, rung.certificate_file, rung.key_file) == ("/etc/ca.pem", "/etc/client.pem", "/etc/client.key")
    assert rung.headers == {"X-Key": "t0ken"}


def test_a_webhook_that_chooses() -> None:
    rung = read('choose_url = "https://crm/bot?key=k3y"\nchoose_secret = {env = "CHOOSE"}\nchoose_seconds = 2')
    assert (rung.choose_url, rung.choose_secret, rung.choose_seconds) == ("https://crm/bot?key=k3y", "ch00se", 2.0)


def test_no_secret_shows() -> None:
    rung = read(
        'username = "us"\npassword = {env = "PASSWORD"}\nsigning_secret = {env = "SIGNING"}\n'
        'choose_url = "https://crm/bot?key=k3y"\nchoose_secret = {env = "CHOOSE"}\nheaders = {X-Key = {env = "TOKEN"}}'
    )
    for text in (repr(rung), str(rung)):
        assert not [secret for secret in (*SECRETS.values(), "k3y") if secret in text]


def test_a_rung_outranks_its_bot() -> None:
    text = bot('username = "us"\npassword = {env = "PASSWORD"}').replace(
        '{bot = "a"}', '{bot = "a", password = {env = "TOKEN"}}'
    )
    (rung,) = routes_of(text, SECRETS).routes[0].ladder
    assert isinstance(rung, BotRung)
    assert rung.token == "t0ken"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ('protocol = "twillio"', ":3: bots.a.protocol: there is no protocol 'twillio'. Did you mean 'twilio'?"),
        ('protocol = "morse"', ":3: bots.a.protocol: there is no protocol 'morse'. Known are: native, twilio"),
        ('protocol = "twilio"\naudio = "alaw"',
         ':4: bots.a.audio: twilio does not carry alaw. Write audio = "mulaw"'),
        ('protocol = "twilio"\nmultiplex = true', ":4: bots.a.multiplex: twilio has one call on a socket"),
        ('username = "us"', ":3: bots.a.username: has no password. Add password"),
        ('password = {env = "PASSWORD"}', ":3: bots.a.password: has no user name. Add username"),
        ('username = "u:s"\npassword = {env = "PASSWORD"}', ":3: bots.a.username: 'u:s' is no user name. It has no"),
        ('username = "us"\npassword = "pa55word"', ":4: bots.a.password: a secret does not belong into this file"),
        ('username = "us"\npassword = {env = "PASSWORD"}\ntoken = {env = "TOKEN"}',
         ":5: bots.a.token: is not sent beside a password"),
        ('signing_secret = {env = "NONE"}', ":3: bots.a.signing_secret: the environment variable NONE is not set"),
        ('signing_secret = {file = "none"}', ":3: bots.a.signing_secret: cannot read /etc/none (No such file"),
        ('signing_secret = {file = "empty"}', ":3: bots.a.signing_secret: /etc/empty is empty. Write the secret"),
        ('signing_secret = {file = "lines"}', ":3: bots.a.signing_secret: the secret has line breaks"),
        ('ca_file = "none.pem"', ":3: bots.a.ca_file: cannot use /etc/none.pem (No such file or directory). Name a"),
        ('certificate_file = "none.pem"', ":3: bots.a.certificate_file: cannot use /etc/none.pem"),
        ('key_file = "client.key"', ":3: bots.a.key_file: has no certificate. Add certificate_file"),
        ('choose_secret = {env = "CHOOSE"}', ":3: bots.a.choose_secret: has no webhook. Add choose_url"),
        ('choose_url = "wss://crm/?key=k3y"', ":3: bots.a.choose_url: is no URL of a web server. Write choose_url = "),
        ('choose_url = "https://crm/"\nchoose_seconds = 0', ":4: bots.a.choose_seconds: does not fit"),
        ('parameters = {oauth_client_secret = "s3cret"}', ":3: bots.a.parameters: oauth_client_secret does not"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_its_key_and_the_mend(keys: str, problem: str) -> None:
    (found,) = problems_of(bot(keys), SECRETS, FILES)
    assert found.startswith(problem)
    assert "s3cret" not in found
    assert "k3y" not in found


def test_files_for_tls_where_there_is_none() -> None:
    (found,) = problems_of(bot('ca_file = "ca.pem"', "ws://b"), SECRETS, FILES)
    assert found.startswith(":3: bots.a.ca_file: is for TLS, and url is without it. Write wss:// in url")
    assert not problems_of(bot('ca_file = "ca.pem"\nchoose_url = "https://crm/"', "ws://b"), SECRETS, FILES)


def test_a_secret_that_is_missing_is_found_before_a_call() -> None:
    with pytest.raises(RoutesError, match="the environment variable TOKEN is not set"):
        routes_of(bot('headers = {X-Key = {env = "TOKEN"}}'))
