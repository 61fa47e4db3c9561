"""Verbs for authors of bots: `conformance`, and `call --bot`."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, get_args

import typer

from controller.bot.adapters import NATIVE, PROTOCOLS, adapter_of
from controller.bot.protocol import AudioFormat
from controller.bot.tls import TlsFiles, context_of
from controller.carrier.placed_call import read_speech
from controller.carrier.sounds import utterance
from controller.config import BotAudio
from controller.conformance import direct_call, report
from controller.conformance.line import ACCEPT_SECONDS, Target
from controller.conformance.run import run
from controller.conformance.steps import Wishes
from controller.errors import SettingError

TokenOption = Annotated[str, typer.Option(envvar="BOT_TOKEN", help="The bot's secret; better in BOT_TOKEN than here")]
ProtocolOption = Annotated[str, typer.Option(help=f"What the bot speaks: {', '.join(PROTOCOLS)}")]
AudioOption = Annotated[
    str, typer.Option(help="mulaw, alaw or pcm16/RATE; the protocol's usual one where none is given")
]
HeaderOption = Annotated[list[str] | None, typer.Option(help="Of the handshake, NAME=VALUE; several are possible")]
ParameterOption = Annotated[list[str] | None, typer.Option(help="For the protocol, NAME=VALUE; several are possible")]
UsernameOption = Annotated[str, typer.Option(help="With it the token is a password (HTTP basic authentication)")]
SigningSecretOption = Annotated[str, typer.Option(envvar="BOT_SIGNING_SECRET", help="Sign the handshake with this")]
CaOption = Annotated[str, typer.Option("--ca", help="PEM file of the authority that the bot's certificate is from")]
CertificateOption = Annotated[str, typer.Option(help="PEM file of our certificate, for bots that ask for one")]
KeyOption = Annotated[str, typer.Option(help="PEM file of its key")]

FAILED_STATUS: Final = 1


def add_to(cli: typer.Typer) -> None:
    """Give the command line these verbs."""
    cli.command()(conformance)


def conformance(  # noqa: PLR0913, PLR0917 - its options
    url: Annotated[str, typer.Argument(help="The bot, such as ws://127.0.0.1:8765/")],
    protocol: ProtocolOption = NATIVE,
    token: TokenOption = "",
    header: HeaderOption = None,
    parameter: ParameterOption = None,
    audio: AudioOption = "",
    say: Annotated[Path | None, typer.Option(help="WAV file with speech that this bot understands")] = None,
    press: Annotated[str, typer.Option(help="Keys that this bot knows")] = "1",
    transfer_key: Annotated[str, typer.Option(help="Key on which this bot transfers the call")] = "",
    hangup_key: Annotated[str, typer.Option(help="Key on which this bot hangs up")] = "",
    accept_seconds: Annotated[float, typer.Option(min=0.1, max=3600)] = ACCEPT_SECONDS,
    username: UsernameOption = "",
    signing_secret: SigningSecretOption = "",
    ca: CaOption = "",
    certificate: CertificateOption = "",
    key: KeyOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs: a line for each step")] = False,
) -> None:
    """Play our side to a bot, step by step, and say what it does. Exit status 1: it did not do what it must."""
    target = read_target(url, protocol, parameter, audio)
    target = replace(
        target,
        token=token,
        username=username,
        signing_secret=signing_secret,
        headers=_pairs("--header", header),
        tls=context_of(TlsFiles(ca, certificate, key)),
        accept_seconds=accept_seconds,
    )
    speech = read_speech(say) if say else utterance()
    checks = asyncio.run(run(target, Wishes(speech, press, transfer_key, hangup_key)))
    typer.echo(report.as_json(protocol, checks) if as_json else report.as_text(protocol, url, checks))
    raise typer.Exit(0 if report.passed(checks) else FAILED_STATUS)


def call_bot(call: direct_call.DirectCall) -> None:
    """`call --bot`."""
    raise typer.Exit(0 if asyncio.run(direct_call.call_bot(call, typer.echo)) else FAILED_STATUS)


def read_target(url: str, protocol: str, parameters: list[str] | None, audio: str) -> Target:
    """Raises SettingError naming the option, and ProtocolError for a protocol that there is not."""
    adapter_of(protocol)
    if not url.startswith(("ws://", "wss://")):
        raise SettingError("url", f"{url!r} is no WebSocket's", "Write it like ws://127.0.0.1:8765/")
    return Target(url=url, protocol=protocol, parameters=_pairs("--parameter", parameters), audio=_format(audio))


def _format(text: str) -> AudioFormat | None:
    if not text:
        return None
    if text not in get_args(BotAudio):
        raise SettingError("--audio", f"{text!r} is unknown", f"Use one of {', '.join(get_args(BotAudio))}")
    encoding, _, rate = text.partition("/")
    return AudioFormat.model_validate({"encoding": encoding, "sample_rate": int(rate or 8000)})


def _pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    pairs = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise SettingError(option, f"{text!r} is not NAME=VALUE", "Write it like X-Tenant=acme")
        pairs[name] = value
    return pairs
