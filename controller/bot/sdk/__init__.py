"""For authors of bots: a bot in a dozen lines of asyncio. The page is `docs/bots/python.md`.

It speaks `docs/bot-protocol.md` as any bot does, and needs nothing of the controller but the models of its messages.
"""

from controller.bot.protocol import (
    Ack,
    Answered,
    AudioFormat,
    Cleared,
    Dtmf,
    End,
    Error,
    FromBot,
    MarkReached,
    Party,
    SpeechStarted,
    SpeechStopped,
    Start,
    TransferProgress,
)
from controller.bot.sdk.bot import Bot
from controller.bot.sdk.call import Audio, Call, CallOver, Event

__all__ = [
    "Ack",
    "Answered",
    "Audio",
    "AudioFormat",
    "Bot",
    "Call",
    "CallOver",
    "Cleared",
    "Dtmf",
    "End",
    "Error",
    "Event",
    "FromBot",
    "MarkReached",
    "Party",
    "SpeechStarted",
    "SpeechStopped",
    "Start",
    "TransferProgress",
]
