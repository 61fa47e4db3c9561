"""The parties of one call, and what Asterisk's events about their channels mean."""

from collections.abc import Callable

from controller.ari import ids
from controller.ari.events import (
    AriEvent,
    ChannelDestroyed,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
    StasisStart,
)
from controller.ari.events import subject as subject_of
from controller.background import Background
from controller.call import events as e
from controller.call.call import Call
from controller.session import translation
from controller.session.bot_legs import BotLegs
from controller.session.caller_leg import CallerLeg
from controller.session.channels import Channels
from controller.session.human_legs import HumanLegs
from controller.session.media_leg import MediaLeg
from controller.session.recorder import Recorder
from controller.session.services import Services


class Legs:
    """`at`: seconds since the call arrived. What a leg has to say is posted as an event of the call."""

    def __init__(
        self,
        call: Call,
        caller_channel: str,
        services: Services,
        post: Callable[[e.Event], None],
        at: Callable[[], float],
    ) -> None:
        ari, voices, trunks = services.ari, services.voices, services.trunks
        self.channels = Channels(call.id, caller_channel, ari)
        self.bots = BotLegs(call.id, services.pick, services.workers, services.limits, post)
        self.caller = CallerLeg(self.channels, ari, voices, trunks, services.voicemail, post)
        self.media = MediaLeg(self.channels, ari, self.bots, post)
        self.humans = HumanLegs(self.channels, ari, voices, trunks, post)
        self.recorder = Recorder(self.channels, ari, services.recordings, post, at)
        self.background = Background("command failed", call=call.id)
        """What they do beside one another."""
        self.at = at
        self._call = call

    def understood(self, event: AriEvent) -> e.Event | None:
        """What an event about one of the call's channels means to the call, once its leg knows of it."""
        channel_id = subject_of(event) or ""
        ours = ids.parse(channel_id)
        if channel_id == self.channels.caller or ours is None:
            return self._from_caller(event)
        return self._from_ours(event, channel_id, ours)

    def _from_caller(self, event: AriEvent) -> e.Event | None:
        if self._call.arrival.placed and not self._call.answered:
            return self._from_callee(event)
        if isinstance(event, RecordingFinished | RecordingFailed):
            self.caller.recording_ended()
            self.background.start(self.caller.keep_recording(event.recording.name))
            return None
        if self.caller.away and isinstance(event, StasisEnd):
            return None  # on an errand of ours in the dialplan
        if self.caller.away and isinstance(event, StasisStart):
            self.caller.returned(event.args)
            return None
        translated = translation.from_caller_channel(event)
        if isinstance(translated, e.CallerGone):
            self.caller.left()
        return translated

    def _from_callee(self, event: AriEvent) -> e.Event | None:
        """Of whom we call, until somebody picks up."""
        if isinstance(event, StasisStart):
            self.channels.entered(self.channels.caller)
        if isinstance(event, ChannelDestroyed):
            self.channels.ended(self.channels.caller)
            self.caller.left()
        return translation.from_callee_channel(event)

    def _from_ours(self, event: AriEvent, channel_id: str, ours: ids.OurId) -> e.Event | None:
        if isinstance(event, StasisStart):
            self.channels.entered(channel_id)
        if isinstance(event, StasisEnd | ChannelDestroyed):
            self.channels.ended(channel_id)
        if ours.role in ("said", "heard", "other"):
            if isinstance(event, StasisEnd | ChannelDestroyed | RecordingFinished | RecordingFailed):
                self.recorder.ended(channel_id)
            return None
        if ours.role == "agent" and isinstance(event, StasisEnd | ChannelDestroyed):
            self.recorder.human_left(channel_id)
        translate = translation.from_human_channel if ours.role == "agent" else translation.from_media_channel
        return translate(event, ours.attempt)
