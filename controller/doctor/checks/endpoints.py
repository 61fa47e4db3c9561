"""SIP: whether Asterisk listens, what its endpoints can speak, and whether the human can be reached."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from controller.doctor.finding import Area, Fault, Finding, fault, good, skipped, warning

G711: Final = frozenset({"ulaw", "alaw"})
"""What every carrier and every phone can."""

TRANSCODERS: Final = {
    "ulaw": "codec_ulaw",
    "alaw": "codec_alaw",
    "g722": "codec_g722",
    "gsm": "codec_gsm",
    "opus": "codec_opus_open_source",
    "g726": "codec_g726",
    "ilbc": "codec_ilbc",
    "speex": "codec_speex",
    "g729": "codec_g729",
    "lpc10": "codec_lpc10",
}
"""The module without which Asterisk can pass a codec on and do nothing else with it."""


@dataclass(frozen=True, slots=True)
class EndpointSeen:
    """`state`: online, offline or unknown (nobody asks it). `codecs`: as in `allow`, first the one preferred."""

    name: str
    state: str
    codecs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PortSeen:
    """What came of an OPTIONS. `status` 0: nothing came, `problem` says why."""

    transport: str
    address: str
    status: int = 0
    problem: str = ""


def ports(seen: Sequence[PortSeen]) -> Iterator[Finding]:
    """Any answer will do: it is for strangers, and Asterisk is reserved with them."""
    for port in seen:
        if port.status:
            yield good(Area.SIP, f"answers at {port.address} over {port.transport}")
        else:
            problem = f"no answer to SIP over {port.transport} at {port.address} ({port.problem})"
            mend = "Give SIP_PORT the port of Asterisk's transport, and open it in firewall and container"
            yield fault(Area.SIP, Fault.SIP_SILENT, problem, mend, "SIP_PORT")


def codecs(endpoints: Sequence[EndpointSeen], modules: frozenset[str]) -> Iterator[Finding]:
    worst = False
    for endpoint in endpoints:
        if not endpoint.codecs:
            continue
        names = ", ".join(endpoint.codecs)
        deaf = [codec for codec in endpoint.codecs if TRANSCODERS.get(codec, "") not in modules]
        if not G711 & set(endpoint.codecs):
            problem = f"endpoint {endpoint.name} allows {names} only: a peer without them gets 488"
            mend = f"Write allow=alaw,ulaw for {endpoint.name}: every carrier has them"
        elif deaf:
            problem = f"endpoint {endpoint.name} allows {', '.join(deaf)}, of which this Asterisk can make no sound"
            mend = f"Take {', '.join(deaf)} out of its allow, or load {', '.join(_module(codec) for codec in deaf)}"
        else:
            continue
        worst = True
        yield fault(Area.CODECS, Fault.CODEC_MISMATCH, problem, mend, endpoint.name)
    if not worst and any(endpoint.codecs for endpoint in endpoints):
        yield good(Area.CODECS, "every endpoint has G.711, and nothing that Asterisk cannot decode")
    elif not worst:
        yield skipped(Area.CODECS, "no endpoint tells its codecs")


def _module(codec: str) -> str:
    return TRANSCODERS.get(codec, f"a module for {codec}")


def humans(wanted: Mapping[str, str], endpoints: Sequence[EndpointSeen]) -> Iterator[Finding]:
    """`wanted`: dial string -> the setting that has it. Only SIP endpoints are known beforehand."""
    known = {endpoint.name: endpoint for endpoint in endpoints}
    for dial, setting in wanted.items():
        technology, _, resource = dial.partition("/")
        # PJSIP/name, PJSIP/number@name, PJSIP/name/sip:…
        name = resource.rpartition("@")[2] if "@" in resource and "/" not in resource else resource.partition("/")[0]
        if technology != "PJSIP":
            yield skipped(Area.HUMAN, f"{dial} is known when it is dialled", setting)
        elif name not in known:
            problem = f"{dial}: Asterisk has no endpoint {name}"
            mend = f"Name one of {', '.join(sorted(known)) or 'its endpoints'}"
            yield fault(Area.HUMAN, Fault.HUMAN_UNKNOWN, problem, mend, setting)
        elif known[name].state == "offline":
            problem = f"{dial}: no phone is registered as {name}: nobody takes over from the bot"
            mend = f"Register a phone as {name}, or name another human"
            yield warning(Area.HUMAN, Fault.HUMAN_OFFLINE, problem, mend, setting)
        else:
            yield good(Area.HUMAN, f"{dial} can be dialled", setting)
