"""A media channel that is a WebSocket: it is there once the worker has connected, and nobody waits for it in vain."""

from controller.ari.events import ChannelDestroyed, StasisStart
from controller.call import events as e
from controller.media import control_messages as media
from controller.routing.route import BotRung
from tests.unit.session.fakes import CALL, CALLER, Stage, channel

MEDIA = f"{CALL}-media"
WIDEBAND = BotRung("ws://bot/", audio="pcm16/16000", transport="websocket")


async def connected(stage: Stage) -> None:
    """The worker has been told of the channel's socket, and the channel is in Stasis."""
    await stage.settle(lambda: "attach_socket" in stage.worker.kinds())
    stage.session.asterisk_event(StasisStart(channel(MEDIA), ()))
    await stage.settle(lambda: "add_leg" in stage.ari.asked)


async def test_a_call_over_a_socket() -> None:
    stage = Stage(WIDEBAND)
    await stage.settle(lambda: "attach_socket" in stage.worker.kinds())
    opened, attached = stage.worker.told[:2]
    assert isinstance(opened, media.Open)
    assert isinstance(attached, media.AttachSocket)
    assert (opened.encoding, opened.start.audio.sample_rate) == ("pcm16", 16_000)
    assert attached.url == f"ws://asterisk/media/{MEDIA}"
    assert "add_leg" not in stage.ari.asked
    await connected(stage)
    await stage.talk()
    stage.worker.report(media.BotMessage(session="s", message={"type": "hangup"}))
    assert (await stage.ended()).ending == "bot_hung_up"
    assert stage.ari.there == set()
    assert stage.worker.kinds() == ["open", "attach_socket", "play", "close"]


async def test_a_bot_that_is_lost_meanwhile_does_not_make_the_human_wait() -> None:
    stage = Stage(WIDEBAND)
    stage.ari.hold = {"media_socket"}
    await stage.settle(lambda: "media_socket" in stage.ari.asked)
    stage.worker.report(media.Refused(session="s", reason="busy"))
    await stage.settle(lambda: "hangup" in stage.ari.asked)
    stage.ari.let_go.set()
    await stage.settle(lambda: "dial" in stage.ari.asked)
    assert MEDIA not in stage.ari.there
    assert "attach_socket" not in stage.worker.kinds()
    stage.session.post(e.CallerGone())
    await stage.ended()


async def test_a_channel_that_asterisk_ends_before_the_worker_connected_takes_the_next_rung() -> None:
    stage = Stage(WIDEBAND)
    await stage.settle(lambda: "attach_socket" in stage.worker.kinds())
    stage.session.asterisk_event(ChannelDestroyed(channel(MEDIA), cause=16, cause_txt=""))
    await stage.settle(lambda: "dial" in stage.ari.asked)
    stage.session.post(e.CallerGone())
    await stage.ended()
    assert stage.ari.there <= {CALLER}


async def test_a_socket_that_breaks_in_mid_call_is_made_anew_for_the_same_bot() -> None:
    stage = Stage(WIDEBAND)
    await connected(stage)
    await stage.talk()
    stage.session.asterisk_event(ChannelDestroyed(channel(MEDIA), cause=16, cause_txt=""))
    await stage.settle(lambda: stage.worker.kinds().count("open") == 2)
    assert "worker_lost" in stage.steps()
    assert "close" in stage.worker.kinds()
    stage.session.post(e.CallerGone())
    closed = await stage.ended()
    assert closed.statistics == {"packets_in": 14}
