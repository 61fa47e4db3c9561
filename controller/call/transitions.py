"""The transition table: a row for every event, a column for every state, a cell for what is then done.

Read a row to see what an event can mean, a column to see what a state can meet. `_` is `ignore`.
Events of a leg that was given up do not come here (`Call.receive` drops them by their attempt).
"""

from collections.abc import Callable
from typing import Any, Final

from controller.call import events as e
from controller.call import reactions as r
from controller.call.commands import Commands
from controller.call.vocabulary import State

Action = Callable[[Any, Any], Commands]

_ = r.ignore

# fmt: off
_ROWS: Final[dict[type[e.Event], tuple[Action, ...]]] = {
    #                     OFFERING              ANSWERING             TALKING          DIALLING                   WITH_HUMAN       ANNOUNCING           ENDING              ENDED
    e.CallerGone:        (r.caller_left,        r.caller_left,        r.caller_left,   r.caller_left,             r.caller_left,   r.caller_left,       _,                  _),
    e.CallerAnswered:    (r.answered_while_waiting, r.caller_answered,    _,               r.answered_while_waiting,  _,               _,                   r.answered_too_late, _),
    e.CallerPressed:     (r.digit_noted,        r.digit_noted,        r.digit_to_bot,  r.digit_to_bot,            r.digit_noted,   r.digit_noted,       _,                  _),
    e.CallerHeld:        (r.caller_held,        r.caller_held,        r.caller_held,   r.caller_held,             r.caller_held,   r.caller_held,       _,                  _),
    e.AnnouncementEnded: (_,                    _,                    _,               _,                         _,               r.announced,         _,                  _),
    e.MediaJoined:       (r.media_joined,       _,                    _,               _,                         _,               _,                   _,                  _),
    e.MediaGone:         (r.no_media,           r.no_media,           r.worker_lost,   r.bot_lost_in_transfer,    _,               _,                   _,                  _),
    e.MediaSilent:       (_,                    _,                    r.media_silent,  r.media_silent,            _,               _,                   _,                  _),
    e.FirstAudio:        (r.first_audio,        r.first_audio,        r.first_audio,   r.first_audio,             _,               _,                   _,                  _),
    e.BotAccepted:       (r.bot_accepted,       _,                    _,               _,                         _,               _,                   _,                  _),
    e.BotLost:           (r.bot_lost,           r.bot_lost,           r.bot_lost,      r.bot_lost_in_transfer,    _,               _,                   _,                  _),
    e.WorkerLost:        (r.worker_lost,        r.worker_lost,        r.worker_lost,   r.bot_lost_in_transfer,    _,               _,                   _,                  _),
    e.BotHungUp:         (r.bot_hung_up,        r.bot_hung_up,        r.bot_hung_up,   r.bot_left_in_transfer,    _,               _,                   _,                  _),
    e.TransferRequested: (r.transfer_too_early, r.transfer_too_early, r.transfer,      r.transfer_twice,          _,               _,                   _,                  _),
    e.TranscriptSaid:    (r.save,               r.save,               r.save,          r.save,                    r.save,          r.save,              r.save,             _),
    e.ResultReported:    (r.save,               r.save,               r.save,          r.save,                    r.save,          r.save,              r.save,             _),
    e.LogWritten:        (r.save,               r.save,               r.save,          r.save,                    r.save,          r.save,              r.save,             _),
    e.Stored:            (r.stored,             r.stored,             r.stored,        r.stored,                  _,               _,                   _,                  _),
    e.HumanRinging:      (_,                    _,                    _,               r.human_ringing,           _,               _,                   _,                  _),
    e.HumanAnswered:     (_,                    _,                    _,               r.human_answered,          _,               _,                   _,                  _),
    e.HumanJoined:       (_,                    _,                    _,               r.human_joined,            _,               _,                   _,                  _),
    e.HumanGone:         (_,                    _,                    _,               r.human_not_reached,       r.human_left,    _,                   _,                  _),
    e.DeadlinePassed:    (r.accept_too_late,    r.answer_too_late,    _,               r.ring_too_long,           _,               r.announced,         r.release_too_long, _),
    e.CommandFailed:     (r.command_failed,     r.command_failed,     r.command_failed, r.command_failed,         r.command_failed, r.command_failed,   _,                  _),
    e.AsteriskLost:      (r.asterisk_lost,      r.asterisk_lost,      r.asterisk_lost, r.asterisk_lost,           r.asterisk_lost, r.asterisk_lost,     _,                  _),
    e.ShutDown:          (r.shut_down,          r.shut_down,          r.shut_down,     r.shut_down,               r.shut_down,     r.shut_down,         _,                  _),
    e.Released:          (_,                    _,                    _,               _,                         _,               _,                   r.released,         _),
}
# fmt: on

TABLE: Final[dict[type[e.Event], dict[State, Action]]] = {
    event: dict(zip(State, row, strict=True)) for event, row in _ROWS.items()
}
