"""Asterisk: there, new enough, complete, with the same clock, and ours."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from controller.doctor.finding import Area, Fault, Finding, fault, good, hint, skipped, warning

OLDEST_VERSION: Final = (22, 10)
"""The first one with `/channels/{id}/variables` and variables that report themselves, which every call uses."""
TRIED_VERSION: Final = (22, 10, 1)
"""The one that the tests run on."""

SKEW_SECONDS_MAX: Final = 2.0
"""Between two clocks: HTTP tells whole seconds, and nothing that we compare is finer."""

NEARLY_ALL: Final = 0.9
"""Share of all possible calls from which the next ones are in danger."""

MODULES: Final = {
    "chan_pjsip": "SIP calls",
    "res_pjsip": "SIP",
    "res_pjsip_session": "SIP calls",
    "res_pjsip_sdp_rtp": "audio of SIP calls",
    "res_pjsip_endpoint_identifier_ip": "knowing a trunk by its address",
    "res_pjsip_endpoint_identifier_user": "knowing a phone by its name",
    "res_pjsip_authenticator_digest": "passwords of phones",
    "res_pjsip_outbound_authenticator_digest": "our password at a carrier",
    "res_pjsip_outbound_registration": "registering at a carrier",
    "res_pjsip_header_funcs": "SIP headers of a call",
    "res_rtp_asterisk": "audio",
    "res_srtp": "encrypted audio, and browsers",
    "chan_rtp": "audio to and from the media workers",
    "codec_ulaw": "G.711 (µ-law)",
    "codec_alaw": "G.711 (A-law)",
    "codec_g722": "G.722",
    "codec_resample": "bots with more than 8 kHz",
    "app_stasis": "handing calls to the controller",
    "app_dial": "the human while no controller runs",
    "app_playback": "announcements",
    "app_queue": "queues",
    "app_transfer": "transfers by REFER",
    "app_stack": "the operator's own dialplan",
    "bridge_simple": "two who hear each other",
    "bridge_softmix": "three who hear each other",
    "format_wav": "recordings and announcements",
    "res_musiconhold": "music on hold",
    "res_stasis_playback": "announcements",
    "res_stasis_recording": "recordings and voicemail",
    "res_stasis_snoop": "recording both sides",
    "res_ari_channels": "the controller",
    "res_ari_bridges": "the controller",
    "res_ari_events": "the controller",
    "res_ari_recordings": "recordings",
    "func_callerid": "numbers",
    "func_channel": "languages and transfers",
}
"""What is needed, and for what."""


@dataclass(frozen=True, slots=True)
class AsteriskSeen:
    """`problem`: why there is no answer, or `status` why it is a no; the rest is known only without both."""

    url: str
    problem: str = ""
    status: int = 200
    version: str = ""
    modules: frozenset[str] = frozenset()
    """That run, without `.so`."""
    application: str = ""
    application_registered: bool = False
    calls_max: int = 0
    """0: no limit."""
    channels: int = 0
    ahead_seconds: float | None = None
    """Its clock before ours; None: it does not tell."""

    @property
    def answers(self) -> bool:
        return not self.problem and self.status < 300


@dataclass(frozen=True, slots=True)
class ControllerSeen:
    """The running controller as its own API tells. `problem`: why it does not."""

    url: str
    problem: str = ""
    asterisk: bool = False
    ready: bool = False
    workers: int = 0
    loads: tuple[float, ...] = ()
    calls: int = 0
    records_waiting: int = 0


def reachable(seen: AsteriskSeen) -> Iterator[Finding]:
    if seen.problem:
        mend = "Start Asterisk (docker compose up asterisk), or correct ARI_URL; a firewall may stand in between"
        problem = f"no answer at {seen.url} ({seen.problem})"
        yield fault(Area.ASTERISK, Fault.ASTERISK_UNREACHABLE, problem, mend, "ARI_URL")
    elif seen.status in (401, 403):
        mend = "Give ARI_USERNAME and ARI_PASSWORD the values that Asterisk was started with"
        problem = f"{seen.url} refuses our name and password ({seen.status})"
        yield fault(Area.ASTERISK, Fault.ASTERISK_REFUSES, problem, mend, "ARI_PASSWORD")
    elif not seen.answers:
        mend = "Name Asterisk's own HTTP server, and load res_ari"
        problem = f"{seen.url} answers {seen.status}: that is no ARI"
        yield fault(Area.ASTERISK, Fault.ASTERISK_UNREACHABLE, problem, mend, "ARI_URL")
    else:
        yield from _version(seen)


def _version(seen: AsteriskSeen) -> Iterator[Finding]:
    numbers = tuple(int(number) for number in re.findall(r"\d+", seen.version)[:3])
    wanted = ".".join(map(str, TRIED_VERSION))
    if numbers < OLDEST_VERSION:
        problem = f"Asterisk {seen.version} cannot do what every call needs"
        yield fault(Area.ASTERISK, Fault.ASTERISK_TOO_OLD, problem, f"Use Asterisk {wanted}", seen.url)
    elif numbers[0] != TRIED_VERSION[0]:
        problem = f"Asterisk {seen.version} was never tried with this controller"
        yield hint(Area.ASTERISK, Fault.ASTERISK_UNTRIED, problem, f"Use Asterisk {wanted}", seen.url)
    else:
        yield good(Area.ASTERISK, f"Asterisk {seen.version} at {seen.url}")


def modules(seen: AsteriskSeen) -> Iterator[Finding]:
    missing = [name for name in MODULES if name not in seen.modules]
    if missing:
        what = ", ".join(f"{name} ({MODULES[name]})" for name in missing)
        first = f"modules.conf, or now: asterisk -rx 'module load {missing[0]}.so'"
        yield fault(Area.MODULES, Fault.MODULES_MISSING, f"not loaded: {what}", f"Load them: {first}", "modules.conf")
    else:
        yield good(Area.MODULES, f"all {len(MODULES)} that calls need are loaded")


def clock(seen: AsteriskSeen, synchronised: bool | None) -> Iterator[Finding]:
    """`synchronised`: what our kernel says of a time service; None: nothing."""
    ahead = seen.ahead_seconds
    if ahead is None:
        yield skipped(Area.CLOCK, "Asterisk does not tell its time")
    elif abs(ahead) > SKEW_SECONDS_MAX:
        problem = f"Asterisk's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the controller's"
        mend = "Let a time service (chrony, systemd-timesyncd) keep both: hours, records and certificates go by them"
        yield warning(Area.CLOCK, Fault.CLOCK_DIFFERS, problem, mend)
    else:
        yield good(Area.CLOCK, "Asterisk and controller have the same time")
    if synchronised is False:
        mend = "Run one (chrony, systemd-timesyncd), unless the host of this machine keeps its time"
        yield hint(Area.CLOCK, Fault.CLOCK_FREE, "no time service keeps this machine's clock", mend)


def controller(seen: ControllerSeen) -> Iterator[Finding]:
    if seen.problem:
        problem = f"no controller answers at {seen.url} ({seen.problem}): calls go to the human"
        mend = "Start it (docker compose up controller; ari-controller serve), or correct API_LISTEN"
        yield fault(Area.CONTROLLER, Fault.CONTROLLER_AWAY, problem, mend, "API_LISTEN")
    else:
        yield good(Area.CONTROLLER, f"runs, {seen.calls} calls in progress")


def application(asterisk: AsteriskSeen, seen: ControllerSeen) -> Iterator[Finding]:
    """Who is connected to Asterisk under our application's name."""
    name = asterisk.application
    if seen.problem and asterisk.application_registered:
        problem = f"our controller is not there, and another one has the application {name!r}"
        mend = "Stop that one, or give each controller an ARI_APP of its own (with the dialplan's Stasis())"
        yield warning(Area.APPLICATION, Fault.APPLICATION_TAKEN, problem, mend, "ARI_APP")
    if seen.problem:
        return
    if seen.asterisk and asterisk.application_registered:
        yield good(Area.APPLICATION, f"Asterisk gives calls of {name!r} to this controller")
    elif asterisk.application_registered:
        problem = f"another controller took the application {name!r} over: it gets the calls"
        mend = "Stop it, or give each controller an ARI_APP of its own; then restart this one"
        yield fault(Area.APPLICATION, Fault.APPLICATION_TAKEN, problem, mend, "ARI_APP")
    elif seen.asterisk:
        problem = f"the controller is connected, but Asterisk does not know the application {name!r}"
        yield fault(Area.APPLICATION, Fault.APPLICATION_INACTIVE, problem, "Restart the controller", "ARI_APP")
    else:
        problem = "the controller runs, and is not connected to Asterisk"
        mend = "Its log says why; its ARI_URL and ours may differ"
        yield fault(Area.APPLICATION, Fault.CONTROLLER_NOT_READY, problem, mend, "ARI_URL")


def limits(seen: AsteriskSeen, calls_wanted: int) -> Iterator[Finding]:
    """`calls_wanted`: as many as bots may have at a time; 0: no limit."""
    if not seen.calls_max:
        yield skipped(Area.LIMITS, "Asterisk has no limit (maxcalls): see that its RTP ports are enough")
        return
    if calls_wanted > seen.calls_max:
        problem = f"{calls_wanted} calls are allowed, and Asterisk has RTP ports for {seen.calls_max}"
        mend = f"Widen RTP_PORTS to {8 * calls_wanted} ports (eight for a call), or lower CALLS_MAX"
        yield warning(Area.LIMITS, Fault.RTP_PORTS_SHORT, problem, mend, "RTP_PORTS")
    elif seen.channels >= NEARLY_ALL * 3 * seen.calls_max:
        problem = f"{seen.channels} channels are in use, and Asterisk has RTP ports for {seen.calls_max} calls"
        mend = "Widen RTP_PORTS (eight for a call): further callers are refused with 503"
        yield warning(Area.LIMITS, Fault.CALLS_NEAR_LIMIT, problem, mend, "RTP_PORTS")
    else:
        yield good(Area.LIMITS, f"RTP ports for {seen.calls_max} calls at a time")
