"""What a caller with G.722 or Opus and a bot with 16 or 24 kHz hear of each other above the telephone band."""

import asyncio

import numpy as np
import numpy.typing as npt
import pytest

from tests.integration.stack import wideband_phone
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.stack import Stack
from tests.integration.stack.wideband_phone import WidebandPhone

pytestmark = pytest.mark.integration

HIGH, LOW = 5_000.0, 1_000.0  # Hz: above and within the telephone band, which ends at 3,400
PHONE_RATE = wideband_phone.SAMPLE_RATE
TONE_SECONDS = 0.6
LEVEL = 8_000.0
HEARD_SHARE = 0.5  # of the level; what codecs and filters leave is 0.8 or more, or less than 0.02


def tone(hertz: float, rate: int) -> wideband_phone.Samples:
    time = np.arange(round(TONE_SECONDS * rate)) / rate
    return (LEVEL * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def level(samples: npt.NDArray[np.int16], hertz: float, rate: int) -> float:
    """The loudest 100 ms of this frequency (Goertzel), as a share of what was said."""
    frame = rate // 10
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    if not len(frames):
        return 0.0
    amplitudes = 2 / frame * np.abs(frames @ np.exp(-2j * np.pi * hertz / rate * np.arange(frame)))
    return float(amplitudes.max()) / LEVEL


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    transport, audio, *_ = request.node.callspec.params["how"]
    return {"MEDIA_TRANSPORT": transport, "BOT_AUDIO": audio}


async def exchange(stack: Stack, bot: Bot, endpoint: str) -> tuple[dict[float, float], dict[float, float]]:
    """Both say a high and then a low tone: what the caller and what the bot have heard of each."""
    async with wideband_phone.calling(stack.asterisks.carrier, PHONE_NUMBER, endpoint) as phone:
        call = await bot.call()
        await call.until_message("answered")
        rate: int = call.start["audio"]["sample_rate"]
        for hertz in (HIGH, LOW):
            await call.speak_raw(tone(hertz, rate).tobytes())
            await phone.say(tone(hertz, PHONE_RATE))

        def at_bot(hertz: float) -> float:
            whole = call.raw[: len(call.raw) // 2 * 2]
            return level(np.frombuffer(whole, "<i2"), hertz, rate)

        await call.until(lambda: at_bot(LOW) > HEARD_SHARE, "the caller's low tone")
        await until_heard(phone, LOW)
        heard_by_caller = {hertz: level(phone.heard, hertz, PHONE_RATE) for hertz in (HIGH, LOW)}
        return heard_by_caller, {hertz: at_bot(hertz) for hertz in (HIGH, LOW)}


async def until_heard(phone: WidebandPhone, hertz: float) -> None:
    async with asyncio.timeout(wideband_phone.WAIT_SECONDS):
        while level(phone.heard, hertz, PHONE_RATE) < HEARD_SHARE:  # noqa: ASYNC110 - the audio sets no event
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(("websocket", "pcm16/16000", "provider-g722", True), id="G.722 and 16 kHz"),
        pytest.param(("websocket", "pcm16/16000", "provider-opus", True), id="Opus and 16 kHz"),
        pytest.param(("websocket", "pcm16/24000", "provider-opus", True), id="Opus and 24 kHz"),
        pytest.param(("websocket", "pcm16/16000", "provider", False), id="G.711 and 16 kHz"),
        pytest.param(("websocket", "pcm16/24000", "provider-g722", True), id="G.722 and 24 kHz"),
        pytest.param(("rtp", "pcm16/16000", "provider-g722", False), id="G.722 and 16 kHz over RTP"),
    ],
)
async def test_what_is_heard_above_the_telephone_band(stack: Stack, bot: Bot, how: tuple[str, str, str, bool]) -> None:
    *_, endpoint, wideband = how
    by_caller, by_bot = await exchange(stack, bot, endpoint)
    for heard in (by_caller, by_bot):
        assert heard[LOW] > HEARD_SHARE
        assert (heard[HIGH] > HEARD_SHARE) is wideband
        assert wideband or heard[HIGH] < 0.02
    await stack.until_closed(1)
