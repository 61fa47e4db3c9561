"""A session carries out what its call decides, also when Asterisk is slow, refuses or is away."""

import asyncio
from dataclasses import asdict

import pytest

from controller.ari.events import ChannelDestroyed, ChannelHangupRequest, ChannelStateChange
from controller.call import events as e
from controller.errors import LimitReached
from controller.media import control_messages as media
from controller.records.items import CallClosed, StepTaken
from controller.routing.route import Keep
from tests.unit.session.fakes import BOT, CALL, CALLER, Stage, channel

MEDIA, AGENT = f"{CALL}-media", f"{CALL}-agent-2"


async def test_a_call_from_ring_to_hangup() -> None:
    stage = Stage()
    await stage.talk()
    assert stage.ari.there == {CALLER, MEDIA, f"{CALL}-bridge"}
    stage.worker.report(media.BotMessage(session="s", message={"type": "result", "id": "r", "name": "done"}))
    await stage.settle(lambda: "send" in stage.worker.kinds())
    stage.worker.report(media.BotMessage(session="s", message={"type": "hangup"}))
    closed = await stage.ended()
    assert closed.ending == "bot_hung_up"
    assert closed.statistics == {"packets_in": 7}
    assert closed.answered_at is not None
    assert stage.ari.there == set()
    assert stage.worker.kinds() == ["open", "attach", "play", "send", "close"]


async def test_what_the_route_does_not_keep_is_taken_from_the_bot_and_not_written() -> None:
    stage = Stage(keep=Keep(transcripts=False))
    await stage.talk()
    said = {"type": "transcript", "id": "t", "role": "caller", "text": "My PIN is 1 2 3", "final": True}
    stage.worker.report(media.BotMessage(session="s", message=said))
    await stage.settle(lambda: "send" in stage.worker.kinds())
    stage.session.post(e.CallerGone())
    await stage.ended()
    acks = [told.message for told in stage.worker.told if isinstance(told, media.Send)]
    assert acks == [{"type": "ack", "id": "t"}]
    assert "PIN" not in str([asdict(item) for item in stage.items])


async def test_what_was_not_known_of_the_caller_in_time_is_in_the_record_once() -> None:
    stage = Stage(missing=("previous calls: not in 300 ms", "context webhook: HTTP 500"))
    await stage.talk()
    stage.session.worker_lost(stage.worker, "the media worker went away")
    await stage.settle(lambda: stage.worker.kinds().count("open") == 2)
    stage.session.post(e.CallerGone())
    await stage.ended()
    noted = [item.detail for item in stage.items if isinstance(item, StepTaken) and item.kind == "context_missing"]
    assert noted == ["previous calls: not in 300 ms; context webhook: HTTP 500"]


async def test_a_hangup_is_seen_while_a_request_is_outstanding() -> None:
    stage = Stage()
    stage.ari.hold = {"add_leg"}
    await stage.settle(lambda: "add_leg" in stage.ari.asked)
    stage.session.asterisk_event(ChannelHangupRequest(channel(CALLER), cause=127))
    await stage.settle(lambda: "close" in stage.worker.kinds())
    await stage.settle(lambda: MEDIA not in stage.ari.there)
    assert not stage.running.done()
    stage.ari.let_go.set()
    assert (await stage.ended()).ending == "caller_cancelled"
    assert stage.ari.there <= {CALLER}


async def test_what_is_made_after_it_was_given_up_is_removed() -> None:
    stage = Stage()
    stage.ari.hold = {"external_media"}
    await stage.settle(lambda: "external_media" in stage.ari.asked)
    stage.worker.report(media.Refused(session="s", reason="busy"))
    await stage.settle(lambda: "hangup" in stage.ari.asked)
    stage.ari.let_go.set()
    await stage.settle(lambda: "dial" in stage.ari.asked)
    assert MEDIA not in stage.ari.there
    stage.session.post(e.CallerGone())
    await stage.ended()
    assert stage.ari.there <= {CALLER}


async def test_a_bot_that_says_when_to_come_back_is_left_alone_until_then() -> None:
    stage = Stage()
    await stage.settle(lambda: "open" in stage.worker.kinds())
    stage.worker.report(media.Refused(session="s", reason="busy", retry_after_seconds=30))
    with pytest.raises(LimitReached, match="wants no calls for 30 s"):
        stage.limits.take({BOT.key: 0})
    stage.session.post(e.CallerGone())
    await stage.ended()


async def test_a_human_stops_ringing_although_a_request_hangs() -> None:
    stage = Stage()
    await stage.talk()
    stage.ari.hold = {"add_leg"}
    stage.worker.report(media.BotMessage(session="s", message={"type": "transfer"}))
    await stage.settle(lambda: "dial" in stage.ari.asked)
    stage.session.asterisk_event(ChannelStateChange(channel(AGENT)))
    await stage.settle(lambda: stage.ari.asked.count("add_leg") == 2)
    stage.session.asterisk_event(ChannelHangupRequest(channel(CALLER), cause=16))
    await stage.settle(lambda: AGENT not in stage.ari.there)
    stage.ari.let_go.set()
    assert (await stage.ended()).ending == "caller_hung_up"


async def test_no_bridge_means_the_dialplan() -> None:
    stage = Stage()
    stage.ari.refuse = {"create_bridge"}
    closed = await stage.ended()
    assert closed.ending == "failed"
    assert "continue_in_human" in stage.ari.asked
    assert "command_failed" in stage.steps()


async def test_a_refusal_because_the_caller_has_just_gone_is_no_fault() -> None:
    stage = Stage()
    stage.ari.refuse = {"create_bridge"}
    await stage.settle(lambda: "create_bridge" in stage.ari.asked)
    stage.session.asterisk_event(ChannelHangupRequest(channel(CALLER), cause=127))
    assert (await stage.ended()).ending == "caller_cancelled"


async def test_what_cannot_be_given_back_is_in_the_record() -> None:
    stage = Stage()
    await stage.talk()
    stage.ari.refuse = {"hangup", "destroy_bridge"}
    stage.session.post(e.CallerGone())
    await stage.ended()
    assert "left_behind" in stage.steps()


async def test_no_media_worker_means_the_human() -> None:
    stage = Stage()
    stage.connected = False
    await stage.settle(lambda: "dial" in stage.ari.asked)
    assert "external_media" not in stage.ari.asked
    stage.session.asterisk_event(ChannelDestroyed(channel(AGENT), cause=17, cause_txt="User busy", tech_cause=486))
    assert (await stage.ended()).ending == "refused"


async def test_a_lost_worker_means_another() -> None:
    stage = Stage()
    await stage.talk()
    stage.session.worker_lost(stage.worker, "the media worker went away")
    await stage.settle(lambda: stage.worker.kinds().count("attach") == 2)
    opened = stage.worker.told[-2]
    assert isinstance(opened, media.Open)
    assert opened.start.resumed
    stage.session.media_report(media.Accepted(session=f"{CALL}/2"), 2)
    await stage.settle(lambda: stage.worker.kinds()[-1] == "play")
    assert "moh ringback" not in stage.ari.asked
    assert MEDIA not in stage.ari.there
    stage.session.post(e.CallerGone())
    await stage.ended()


async def test_a_session_that_a_worker_ends_by_itself_goes_on_with_another() -> None:
    stage = Stage()
    await stage.talk()
    stage.worker.report(media.Closed(session=f"{CALL}/1", statistics={"packets_in": 7}))
    await stage.settle(lambda: stage.worker.kinds().count("attach") == 2)
    assert "worker_lost" in stage.steps()
    stage.session.post(e.CallerGone())
    assert (await stage.ended()).statistics == {"packets_in": 14}


async def test_the_only_worker_is_waited_for() -> None:
    stage = Stage()
    await stage.talk()
    stage.workers = 0
    stage.session.worker_lost(stage.worker, "the media worker went away")
    await stage.settle(lambda: "moh music" in stage.ari.asked)
    assert stage.worker.kinds().count("open") == 1
    stage.workers = 1
    await stage.settle(lambda: stage.worker.kinds().count("open") == 2)
    stage.session.post(e.CallerGone())
    await stage.ended()


async def test_the_last_worker_lost_means_the_human() -> None:
    stage = Stage()
    await stage.talk()
    stage.connected = False
    stage.session.worker_lost(stage.worker, "the media worker went away")
    await stage.settle(lambda: "dial" in stage.ari.asked)
    assert "moh ringback" in stage.ari.asked
    stage.session.post(e.ShutDown())
    assert (await stage.ended()).ending == "shutdown"
    assert "continue_in_human" in stage.ari.asked


async def test_a_session_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    stage = Stage()
    await stage.talk()
    stage.session.post(e.CallerGone())
    await stage.ended()
    assert asyncio.all_tasks() - before == set()


async def test_a_call_that_is_handed_over_stays_as_it_is() -> None:
    """What it was told before is dealt with, what comes later is the next controller's, and nothing is given back."""
    before = asyncio.all_tasks()
    stage = Stage()
    await stage.talk()
    await stage.session.settled()
    asked, told, there = list(stage.ari.asked), stage.worker.kinds(), set(stage.ari.there)
    kept = asyncio.Event()
    stage.session.post(e.CallerHeld(held=True))
    stage.session.hand_over(kept.set)
    stage.session.post(e.CallerGone())
    assert kept.is_set()
    stage.session.leave()
    await asyncio.wait_for(stage.running, 30)
    assert stage.steps()[-2:] == ["held", "controller_left"]
    assert (stage.ari.asked, stage.worker.kinds(), stage.ari.there) == (asked, told, there)
    assert not any(isinstance(item, CallClosed) for item in stage.items)
    assert asyncio.all_tasks() - before == set()


async def test_what_was_stored_is_acknowledged_after_the_handing_over() -> None:
    stage = Stage()
    await stage.talk()
    stage.session.hand_over(lambda: None)
    stage.session.post(e.Stored(1, "r1"))
    stage.session.leave()
    await asyncio.wait_for(stage.running, 30)
    assert stage.worker.kinds()[-1] == "send"


async def test_a_deadline_of_a_call_that_is_handed_over_is_the_next_controllers() -> None:
    stage = Stage()
    await stage.talk()
    stage.session.hand_over(lambda: None)
    stage.session.call.deadline = 0.0
    stage.session.post(e.Stored(1, "r1"))
    for _ in range(10):
        await asyncio.sleep(0)
    stage.session.leave()
    await asyncio.wait_for(stage.running, 30)
    assert "rung_left" not in stage.steps()
