"""What is known of carriers and telephone systems: the values of a trunk for which its table says nothing.

What could not be checked against the provider's own documentation is named in `unchecked`, and marked in its page
(docs/trunks/).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from controller.trunks.trunk import CalledIn, NumberForm, Transport, Way


@dataclass(frozen=True, slots=True)
class Profile:
    title: str
    page: str
    """Below docs/trunks/."""
    values: Mapping[str, Any]
    """Of fields of `Trunk`."""
    unchecked: frozenset[str] = field(default_factory=frozenset)
    """Fields whose values are not from the provider's own documentation."""
    mends: Mapping[str, str] = field(default_factory=dict)
    """Where a value that is missing is found, by its key."""


_TWILIO_SIGNALLING: Final = (
    "54.172.60.0/30", "54.244.51.0/30", "54.171.127.192/30", "35.156.191.128/30",
    "54.65.63.192/30", "54.169.127.128/30", "54.252.254.64/30", "177.71.206.192/30",
)  # fmt: skip
_TELNYX_SIGNALLING: Final = (
    "192.76.120.10", "64.16.250.10", "185.246.41.140", "185.246.41.141",
    "192.76.120.31", "64.16.250.13", "103.115.244.145", "103.115.244.146",
)  # fmt: skip

PROFILES: Final[Mapping[str, Profile]] = {
    "generic": Profile("any SIP carrier or telephone system", "pbx.md", {}),
    "twilio": Profile(
        "Twilio Elastic SIP Trunking",
        "twilio.md",
        {"way": Way.PEER, "addresses": _TWILIO_SIGNALLING, "codecs": ("ulaw", "alaw"), "arrive_as": NumberForm.PLUS},
        unchecked=frozenset({"addresses", "codecs", "arrive_as"}),
        mends={"host": 'Write host = "NAME.pstn.twilio.com", the trunk\'s termination URI'},
    ),
    "telnyx": Profile(
        "Telnyx SIP Trunking",
        "telnyx.md",
        {
            "way": Way.REGISTER, "host": "sip.telnyx.com", "addresses": _TELNYX_SIGNALLING,
            "codecs": ("ulaw", "alaw", "g722"),
        },
        unchecked=frozenset({"codecs"}),
    ),
    "sipgate": Profile(
        "sipgate trunking",
        "sipgate.md",
        {
            "way": Way.REGISTER, "host": "sipconnect.sipgate.de", "country": "DE", "called_in": CalledIn.TO,
            "codecs": ("alaw", "ulaw", "g722"), "send_as": NumberForm.DIGITS, "from_domain": "sipconnect.sipgate.de",
        },
        unchecked=frozenset({"host", "called_in", "codecs", "send_as", "from_domain"}),
        mends={"username": 'Write username = "1234567t0", the SIP-ID of the trunk'},
    ),
    "telekom-siptrunk": Profile(
        "Deutsche Telekom DeutschlandLAN SIP-Trunk",
        "telekom-siptrunk.md",
        {
            "way": Way.REGISTER, "host": "sip-trunk.telekom.de", "outbound_proxy": "reg.sip-trunk.telekom.de",
            "transport": Transport.TCP, "country": "DE", "called_in": CalledIn.REQUEST, "codecs": ("g722", "alaw"),
            "from_domain": "sip-trunk.telekom.de",
        },
        unchecked=frozenset({"host", "outbound_proxy", "transport", "called_in", "codecs", "from_domain"}),
    ),
    "telekom-companyflex": Profile(
        "Deutsche Telekom CompanyFlex SIP-Trunk",
        "telekom-companyflex.md",
        {
            "way": Way.REGISTER, "host": "tel.t-online.de", "transport": Transport.TCP, "country": "DE",
            "codecs": ("g722", "alaw"),
        },
        unchecked=frozenset({"host", "transport", "codecs"}),
        mends={"outbound_proxy": 'Write outbound_proxy = "<12 digits>.primary.companyflex.de"'},
    ),
    "asterisk": Profile(
        "Asterisk or FreePBX", "asterisk.md", {"way": Way.PEER, "check_seconds": 60, "codecs": ("alaw", "ulaw", "g722")}
    ),
    "3cx": Profile(
        "3CX", "3cx.md", {"way": Way.REGISTER, "codecs": ("alaw", "ulaw", "g722")}, unchecked=frozenset({"codecs"})
    ),
}  # fmt: skip
