"""Trunks as Asterisk's configuration: the file that its pjsip.conf includes."""

from collections.abc import Iterator

from controller.trunks.trunk import Srtp, Transport, Trunk, Trunks, Way

REGISTER_SECONDS = 3600
"""For how long a registration is asked for; the other side may grant less."""
RETRY_SECONDS = 30
"""After no answer, or one that says try again."""
REFUSED_RETRY_SECONDS = 120
"""After a refusal: a password that is wrong stays so, and some carriers block who asks too often."""
RETRIES_MAX = 1_000_000_000
"""For ever: nobody would start it again."""
ACCOUNT_CHECK_SECONDS = 30
"""Between OPTIONS to who registered with us: it keeps a router's port open."""

_SAME_CODEC = "prefer: pending, operation: intersect, keep: first, transcode: allow"
"""One codec for both directions; see pjsip-trunk.conf."""

Settings = list[tuple[str, str]]


def render(trunks: Trunks) -> str:
    """The same text for the same trunks. It has the passwords."""
    lines = [f"; Made from {trunks.source or 'no trunks.toml'}: a change here is lost."]
    for trunk in trunks.by_name.values():
        for kind, settings in _objects(trunk):
            lines += [
                "",
                f"[{trunk.name}]",
                f"type = {kind}",
                *(f"{key} = {_escaped(value)}" for key, value in settings),
            ]
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    """A semicolon begins a comment."""
    return value.replace(";", "\\;")


def _objects(trunk: Trunk) -> Iterator[tuple[str, Settings]]:
    yield "endpoint", _endpoint(trunk)
    yield "aor", _aor(trunk)
    if trunk.password:
        yield "auth", _auth(trunk)
    if trunk.way is Way.REGISTER:
        yield "registration", _registration(trunk)
    matches = identified_by(trunk)
    if matches:
        yield "identify", [("endpoint", trunk.name), *(("match", address) for address in matches)]


def identified_by(trunk: Trunk) -> tuple[str, ...]:
    """Addresses from which its calls come; none where they are known by something else."""
    if trunk.way is Way.PEER:
        return trunk.addresses or (trunk.host,)
    return trunk.addresses if trunk.way is Way.REGISTER else ()


def _endpoint(trunk: Trunk) -> Settings:
    settings: Settings = [
        ("transport", trunk.transport.value),
        ("context", "from-trunk"),
        ("aors", trunk.name),
        ("disallow", "all"),
        ("allow", ",".join(trunk.codecs)),
        ("codec_prefs_incoming_offer", _SAME_CODEC),
        ("codec_prefs_outgoing_answer", _SAME_CODEC),
        ("dtmf_mode", "rfc4733"),
        ("direct_media", "no"),
        ("allow_transfer", "no"),
        ("trust_id_inbound", "yes"),
        ("trust_id_outbound", "yes"),
        ("send_pai", "yes"),
        ("send_diversion", "yes"),
        ("send_connected_line", "no"),
        ("set_var", f"CALLED_IN={trunk.called_in.value}"),
        ("set_var", f"TRUNK_CALLS_MAX={trunk.calls_max}"),
    ]
    # A name in From proves nothing: who is known by address, or by our registration, is known by that alone.
    settings.append(("identify_by", "username,auth_username" if trunk.way is Way.ACCOUNT else "ip"))
    if trunk.way is Way.ACCOUNT:
        settings += [("auth", trunk.name)]
    elif trunk.password:
        settings += [("outbound_auth", trunk.name)]
    if trunk.outbound_proxy:
        settings.append(("outbound_proxy", _proxy(trunk)))
    if trunk.from_user:
        settings.append(("from_user", trunk.from_user))
    if trunk.from_domain:
        settings.append(("from_domain", trunk.from_domain))
    if trunk.srtp is not Srtp.OFF:
        settings.append(("media_encryption", "sdes"))
        settings.append(("media_encryption_optimistic", "yes" if trunk.srtp is Srtp.OPTIONAL else "no"))
    if trunk.symmetric or trunk.way is Way.ACCOUNT:
        settings += [("rtp_symmetric", "yes"), ("force_rport", "yes"), ("rewrite_contact", "yes")]
    return settings


def _aor(trunk: Trunk) -> Settings:
    if trunk.way is Way.ACCOUNT:
        return [
            ("max_contacts", "1"), ("remove_existing", "yes"), ("qualify_frequency", str(ACCOUNT_CHECK_SECONDS)),
        ]  # fmt: skip
    settings: Settings = [("contact", address(trunk))]
    if trunk.outbound_proxy:
        settings.append(("outbound_proxy", _proxy(trunk)))
    if trunk.check_seconds:
        settings.append(("qualify_frequency", str(trunk.check_seconds)))
    return settings


def _auth(trunk: Trunk) -> Settings:
    username = trunk.name if trunk.way is Way.ACCOUNT else trunk.auth_username or trunk.username
    return [("auth_type", "userpass"), ("username", username), ("password", trunk.password)]


def _registration(trunk: Trunk) -> Settings:
    settings: Settings = [
        ("transport", trunk.transport.value),
        ("server_uri", address(trunk)),
        ("client_uri", client_address(trunk)),
        ("contact_user", trunk.username),
        ("outbound_auth", trunk.name),
        ("expiration", str(REGISTER_SECONDS)),
        ("retry_interval", str(RETRY_SECONDS)),
        ("forbidden_retry_interval", str(REFUSED_RETRY_SECONDS)),
        ("fatal_retry_interval", str(REFUSED_RETRY_SECONDS)),
        ("auth_rejection_permanent", "no"),
        ("max_retries", str(RETRIES_MAX)),
        ("max_random_initial_delay", "0"),
        # Their calls come back with what we write into our address, whatever their own address is just then.
        ("line", "yes"),
        ("endpoint", trunk.name),
    ]
    if trunk.outbound_proxy:
        settings.append(("outbound_proxy", _proxy(trunk)))
    return settings


def address(trunk: Trunk) -> str:
    """Of the other side."""
    port = f":{trunk.port}" if trunk.port else ""
    return f"sip:{trunk.host}{port}{_transport(trunk)}"


def client_address(trunk: Trunk) -> str:
    """Ours with them."""
    port = f":{trunk.port}" if trunk.port and not trunk.from_domain else ""
    return f"sip:{trunk.username}@{trunk.from_domain or trunk.host}{port}"


def _proxy(trunk: Trunk) -> str:
    return f"sip:{trunk.outbound_proxy};lr{_transport(trunk)}"


def _transport(trunk: Trunk) -> str:
    return "" if trunk.transport is Transport.UDP else f";transport={trunk.transport.value}"
