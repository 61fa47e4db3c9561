"""What Asterisk is given."""

from dataclasses import replace

from controller.trunks.rendering import render
from controller.trunks.trunk import CalledIn, Srtp, Transport, Trunk, Trunks, Way

REGISTERED = Trunk(
    "acme", Way.REGISTER, "sip.example.com", username="u1", password="a;b", outbound_proxy="proxy.example.com"
)


def objects(trunk: Trunk) -> dict[str, dict[str, list[str]]]:
    """By their type: key -> values."""
    found: dict[str, dict[str, list[str]]] = {}
    for block in render(Trunks("trunks.toml", {trunk.name: trunk}, trunk.name)).split("\n\n")[1:]:
        name, *lines = block.strip().split("\n")
        assert name == f"[{trunk.name}]"
        pairs = [line.split(" = ", 1) for line in lines]
        fields: dict[str, list[str]] = {}
        for key, value in pairs:
            fields.setdefault(key, []).append(value)
        found[fields.pop("type")[0]] = fields
    return found


def test_a_registration() -> None:
    made = objects(REGISTERED)
    assert set(made) == {"endpoint", "aor", "auth", "registration"}
    assert made["registration"]["server_uri"] == ["sip:sip.example.com"]
    assert made["registration"]["client_uri"] == ["sip:u1@sip.example.com"]
    assert made["registration"]["outbound_proxy"] == [r"sip:proxy.example.com\;lr"]
    assert made["registration"]["line"] == ["yes"]
    assert made["auth"]["password"] == [r"a\;b"]
    assert made["endpoint"]["identify_by"] == ["ip"], "a name in From proves nothing"
    assert made["endpoint"]["context"] == ["from-trunk"]
    assert made["endpoint"]["allow_transfer"] == ["no"]


def test_a_peer_is_known_by_its_addresses() -> None:
    peer = Trunk(
        "pbx", Way.PEER, "pbx.example.com", port=5070, addresses=("192.0.2.0/29", "192.0.2.9"), check_seconds=30
    )
    made = objects(peer)
    assert set(made) == {"endpoint", "aor", "identify"}
    assert made["identify"]["match"] == ["192.0.2.0/29", "192.0.2.9"]
    assert made["aor"] == {"contact": ["sip:pbx.example.com:5070"], "qualify_frequency": ["30"]}
    assert objects(replace(peer, addresses=()))["identify"]["match"] == ["pbx.example.com"]


def test_an_account_has_to_show_its_password() -> None:
    made = objects(Trunk("pbx", Way.ACCOUNT, password="long enough"))
    assert set(made) == {"endpoint", "aor", "auth"}
    assert made["endpoint"]["auth"] == ["pbx"]
    assert made["endpoint"]["rtp_symmetric"] == ["yes"]
    assert made["auth"]["username"] == ["pbx"]


def test_tls_and_srtp() -> None:
    made = objects(replace(REGISTERED, transport=Transport.TLS, srtp=Srtp.REQUIRED, port=5061))
    assert made["registration"]["server_uri"] == [r"sip:sip.example.com:5061\;transport=tls"]
    assert made["endpoint"]["media_encryption"] == ["sdes"]
    assert made["endpoint"]["media_encryption_optimistic"] == ["no"]


def test_what_the_dialplan_is_told() -> None:
    made = objects(replace(REGISTERED, called_in=CalledIn.TO, calls_max=7))
    assert made["endpoint"]["set_var"] == ["CALLED_IN=to", "TRUNK_CALLS_MAX=7"]


def test_nothing_is_added_by_what_a_value_says() -> None:
    made = objects(replace(REGISTERED, password="[x]\\;--"))
    assert made["auth"]["password"] == ["[x]\\\\;--"]


def test_no_trunks() -> None:
    assert render(Trunks()) == "; Made from no trunks.toml: a change here is lost.\n"
