"""A bot heard without a telephone."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from controller.bot import sdk
from controller.bot.protocol import AudioFormat
from controller.carrier import listening
from controller.carrier.sounds import read_wav, tone, write_wav
from controller.cli import cli
from controller.conformance.direct_call import DirectCall, call_bot
from controller.conformance.line import Target
from controller.conformance.sound import bytes_per_ms, silence, to_audio, to_samples
from tests import certificates

FORMATS = [
    AudioFormat(),
    AudioFormat(encoding="alaw"),
    *(AudioFormat.model_validate({"encoding": "pcm16", "sample_rate": rate}) for rate in (8000, 16000, 24000)),
]


def talkative() -> sdk.Bot:
    """Speaks a tone, listens to one, says what it was, and hangs up."""
    bot = sdk.Bot(resumable=False)

    @bot.call
    async def lead(call: sdk.Call) -> None:
        await call.accept()
        call.transcript("bot", "Good morn", final=False)
        call.transcript("bot", "Good morning")
        await call.send(to_audio(tone(700, 0.5), call.audio))
        heard = b""
        async for event in call:
            if isinstance(event, sdk.Audio):
                heard += event.audio
                if listening.tones(to_samples(heard, call.audio), 1300, 200):
                    break
        call.result("Heard", {"hertz": 1300})
        call.log("done", "warning")
        await call.send(to_audio(tone(500, 0.3), call.audio))

    return bot


@pytest.mark.parametrize("audio", FORMATS)
async def test_it_is_heard_hears_and_is_written_down(tmp_path: Path, audio: AudioFormat) -> None:
    (tmp_path / "hello.wav").write_bytes(write_wav(tone(1300, 0.5)))
    lines: list[str] = []
    async with talkative().serving() as url:
        call = DirectCall(Target(url, audio=audio), tmp_path / "hello.wav", (), 10.0, tmp_path / "out" / "heard.wav")
        assert await call_bot(call, lines.append)
    text = "\n".join(line.partition(" s  ")[2] for line in lines)
    for words in ("the bot has accepted", "bot: Good morn …", "bot: Good morning", "result: Heard {'hertz': 1300}",
                  "log, warning: done", "the call ended: bot_hung_up"):  # fmt: skip
        assert words in text
    heard = read_wav((tmp_path / "out" / "heard.wav").read_bytes())
    assert [len(listening.tones(heard, hertz)) for hertz in (700, 500)] == [1, 1]


async def test_a_bot_that_always_sends_something_has_its_keys_and_time_to_answer() -> None:
    bot = sdk.Bot(resumable=False)

    @bot.call
    async def echo(call: sdk.Call) -> None:
        await call.accept()
        async for event in call:
            if isinstance(event, sdk.Audio):
                await call.send(event.audio)
            elif isinstance(event, sdk.Dtmf):
                await call.result("Key pressed", {"key": event.digit})
                return

    lines: list[str] = []
    async with bot.serving() as url:
        assert await call_bot(DirectCall(Target(url), press=("7",), seconds=1.0), lines.append)
    said = [line.partition(" s  ")[2] for line in lines]
    assert "result: Key pressed {'key': '7'}" in said
    assert said.index("pressing 7") < said.index("result: Key pressed {'key': '7'}") < said.index("hangup")


async def test_a_bot_that_is_away_or_mute_is_no_success() -> None:
    lines: list[str] = []
    assert not await call_bot(DirectCall(Target("ws://127.0.0.1:1/"), seconds=1), lines.append)
    assert "refused" in lines[-1]


@pytest.mark.parametrize("audio", FORMATS)
def test_samples_survive_the_way_there_and_back(audio: AudioFormat) -> None:
    samples = tone(700, 0.5)
    data = to_audio(samples, audio)
    assert len(data) == 500 * bytes_per_ms(audio)
    assert len(listening.tones(to_samples(data, audio), 700)) == 1
    assert len(silence(audio, 20)) == 20 * bytes_per_ms(audio)
    assert np.abs(to_samples(silence(audio, 20), audio)).max() <= 8


async def invoke(*arguments: str) -> tuple[int, str]:
    result = await asyncio.to_thread(CliRunner().invoke, cli, list(arguments), env={"BOT_TOKEN": ""})
    return result.exit_code, result.stdout + str(result.exception or "")


async def test_the_verbs(tmp_path: Path) -> None:
    (tmp_path / "hello.wav").write_bytes(write_wav(tone(1300, 0.5)))
    speech = str(tmp_path / "hello.wav")
    async with talkative().serving() as url:
        status, out = await invoke("call", "--bot", url, "--say", speech, "--seconds", "5")
        assert (status, "result: Heard" in out) == (0, True)
        status, out = await invoke("conformance", url, "--json", "--say", speech)
        assert status == 0, out
        seen = {line["behaviour"]: line["passed"] for line in map(json.loads, out.splitlines())}
        assert seen["hear"] is seen["speak"] is True
        status, out = await invoke("conformance", url, "--say", speech)
        assert "PASSED    hears" in out
    status, out = await invoke("conformance", "ws://127.0.0.1:1/", "--json")
    assert status == 1


async def test_the_way_in_is_what_the_options_say(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    bot = sdk.Bot(signing_secret="hush", resumable=False)

    @bot.call
    async def beeps(call: sdk.Call) -> None:
        await call.accept()
        await call.say(to_audio(tone(700, 0.1), call.audio))

    ours = ["--ca", made.ca, "--certificate", made.certificate("client"), "--key", made.key("client")]
    async with bot.serving(tls=made.server(mutual=True)) as url:
        status, out = await invoke("conformance", url, "--json", "--signing-secret", "hush", *ours)
        assert status == 0, out
    async with bot.serving() as url:
        status, out = await invoke("conformance", url, "--json", "--signing-secret", "other")
        assert (status, "HTTP 401" in out) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["ws://bot/", "--ca", "/nowhere.pem"], "cannot use /nowhere.pem"),
        (["http://bot/"], "is no WebSocket's"),
        (["ws://bot/", "--protocol", "morse"], "there is no bot protocol 'morse'"),
        (["ws://bot/", "--audio", "mp3"], "'mp3' is unknown"),
        (["ws://bot/", "--header", "X-Tenant"], "is not NAME=VALUE"),
        (["ws://bot/", "--say", "nothing.wav"], "cannot use nothing.wav"),
    ],
)
async def test_a_wrong_option_is_named(arguments: list[str], problem: str) -> None:
    status, out = await invoke("conformance", *arguments)
    assert status != 0
    assert problem in out
