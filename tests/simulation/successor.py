"""A controller dies or hands over, and another goes on with the call: from what was kept, and from what is there."""

import json
from typing import TYPE_CHECKING

from controller.ari import ids
from controller.ari.events import CallerID, Channel, DialplanCEP
from controller.call import events
from controller.call.snapshot import Snapshots, restore
from controller.session import adoption
from tests.simulation import routes
from tests.simulation.invariants import need

if TYPE_CHECKING:
    from tests.simulation.world import World

CALLER = "caller"
NOBODY = CallerID("", "")


def die(world: "World") -> None:
    """All that the call holds in Asterisk and in media workers goes on, and nobody hears of it."""
    if world.chance.random() < 0.5:
        _leave(world)
    world.dead = world.deaf = True
    world.controllers += 1
    world.in_line = False
    kept = json.dumps(Snapshots(world.call).take())
    world.later(lambda: _go_on(world, kept), world.chance.expovariate(0.5))


def _leave(world: "World") -> None:
    """Told to end, it hands the call over (`CallSession.hand_over`): the record says so, and nothing else is done."""
    world.call.now = world.now
    world.obey([world.call.note("controller_left")])


def _go_on(world: "World", kept: str) -> None:
    before = vars(world.call)
    world.call = call = restore(json.loads(kept), world.call.started, routes.completed)
    for name, value in vars(call).items():
        need(name == "now" or value == before[name], f"{name} was {before[name]!r} and is {value!r}")
    call.now = world.now
    world.dead, world.deaf = False, True
    found = _found(world)
    for channel_id in adoption.unwanted_channels(call, found):
        _hang_up(world, channel_id)
    news, commands = list(adoption.news(call, found)), list(adoption.again(call, found))
    joined = adoption.unjoined_media(call, found)
    world.obey(commands)
    if joined is not None:
        world.media[joined] = True
        world.say(events.MediaJoined(joined), 0)
    for event in news:
        world.say(event, 0)
    if call.away and found.caller and found.caller_here:
        world.say(events.CallerReturned(None), 0)
    world.later(lambda: setattr(world, "deaf", False), 0)
    world.later(lambda: die(world), world.chance.expovariate(0.03))


def _found(world: "World") -> adoption.Found:
    call = world.call
    media = {ids.media_id(call.id, attempt): inside for attempt, inside in world.media.items()}
    agents = {ids.agent_id(call.id, attempt): attempt for attempt in world.humans}
    names = [*media, *agents, *(ids.said_id(call.id, number) for number in world.recordings)]
    up = {name for name, attempt in agents.items() if world.humans[attempt]}
    inside = {name for name, joined in media.items() if joined and not world.consulted & world.humans.keys()}
    inside |= {name for name, attempt in agents.items() if attempt in world.joined}
    if world.caller and not world.away and not call.recording:
        inside.add(CALLER)
    bridges = {ids.bridge_id(call.id): frozenset(inside)}
    for attempt in world.consulted & world.humans.keys():
        bridges[ids.consult_id(call.id, attempt)] = frozenset({ids.agent_id(call.id, attempt)})
    sounds = {f"{call.id}-sound-{world.sound}"} | {f"{call.id}-whisper-{one}" for one in world.whispers}
    return adoption.Found(
        _channel(CALLER, "Up" if world.up else "Ring") if world.caller else None,
        not world.away,
        {name: _channel(name, "Up" if name in up else "Ringing") for name in names},
        bridges,
        dict(world.bots),
        frozenset(sounds),
    )


def _hang_up(world: "World", channel_id: str) -> None:
    ours = ids.parse(channel_id)
    if ours and ours.role == "media":
        world.media.pop(ours.attempt, None)
    elif ours and ours.role == "agent":
        world.humans.pop(ours.attempt, None)
        world.wanted_humans.discard(ours.attempt)
    elif ours:
        world.recordings.discard(ours.attempt)


def _channel(name: str, state: str) -> Channel:
    return Channel(name, name, state, NOBODY, NOBODY, DialplanCEP("", "", ""), "")
