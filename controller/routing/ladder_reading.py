"""From the tables of bots, humans and rungs in routes.toml to the rungs of `route`."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel, ValidationError

from controller.routing import tables
from controller.routing.bot_reading import BotReading
from controller.routing.locate import Path
from controller.routing.numbers import is_e164, normalise
from controller.routing.problems import Findings, nearest
from controller.routing.route import (
    AnnouncementRung,
    AnyRung,
    BotRung,
    BusyRung,
    CallbackRung,
    Destination,
    Fence,
    HumanRung,
    QueueRung,
    Recording,
    ReferRung,
    Sound,
    VoicemailRung,
)
from controller.routing.surroundings import Surroundings
from controller.routing.trigger import Trigger

Model = TypeVar("Model", bound=BaseModel)

RUNG_TABLES: Final[Mapping[str, type[tables.OfRung]]] = {
    "bot": tables.BotTable,
    "human": tables.DialTable,
    "refer": tables.ReferTable,
    "queue": tables.QueueTable,
    "context": tables.QueueTable,
    "voicemail": tables.VoicemailTable,
    "callback": tables.CallbackTable,
    "announcement": tables.AnnouncementTable,
    "busy": tables.BusyTable,
}
"""By the key that says which kind of rung it is."""

HUMAN_TABLES: Final[Mapping[str, type[tables.OfRung]]] = {
    "dial": tables.DialTable,
    "number": tables.DialTable,
    "refer": tables.ReferTable,
    "queue": tables.QueueTable,
    "context": tables.QueueTable,
}

ANY_BOT: Final[Mapping[str, Any]] = {"url": "ws://bot"}

NOT_OF_A_NAME: Final = frozenset({"on", "hours"})
"""What only a rung can have, not the bot or human whom it names."""


def checked(model: type[Model], raw: Any, path: Path, findings: Findings) -> Model | None:
    """The table at `path`, or None and what is wrong with it."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        findings.add_all(path, model, error)
        return None


class LadderReading:
    """Reads rungs, once the bots and humans that they can name are known."""

    def __init__(self, document: Mapping[str, Any], fence: Fence, around: Surroundings, findings: Findings) -> None:
        self._bots = _tables(document.get("bots"))
        self._humans = _tables(document.get("humans"))
        self._calendars = _tables(document.get("calendars"))
        self._fence = fence
        self._around = around
        self._findings = findings
        self._reading = BotReading(around, findings)
        self._sound_bots = {name for name, raw in self._bots.items() if self._check_bot(name, raw)}
        self.destinations: dict[str, Destination] = {}
        self._check_humans()

    @property
    def human_names(self) -> list[str]:
        """Also of those with problems."""
        return list(self._humans)

    def _check_bot(self, name: str, raw: Mapping[str, Any]) -> bool:
        path = ("bots", name)
        before = len(self._findings.problems)
        self._refuse_rung_keys(raw, path)
        table = checked(tables.BotTable, raw, path, self._findings)
        if table:
            self._bot(name, table, path)
        return len(self._findings.problems) == before

    def _check_humans(self) -> None:
        for name, raw in self._humans.items():
            path = ("humans", name)
            self._refuse_rung_keys(raw, path)
            destination = self._human(name, raw, path)
            if destination:
                self.destinations[name] = destination

    def _refuse_rung_keys(self, raw: Mapping[str, Any], path: Path) -> None:
        for key in NOT_OF_A_NAME & raw.keys():
            self._findings.add((*path, key), "belongs to a rung of a ladder", "Write it there")

    # --- rungs ----------------------------------------------------------------------------------------------

    def rung(self, raw: Mapping[str, Any], path: Path) -> AnyRung | None:
        """One rung of a ladder."""
        kind = self._kind(raw, RUNG_TABLES, path, "a rung")
        if kind == "bot":
            return self._named_bot(raw, path)
        if kind == "human":
            return self._named_human(raw, path)
        table = checked(RUNG_TABLES[kind], raw, path, self._findings) if kind else None
        return self._plain(table, path) if table else None

    def _kind(self, raw: Mapping[str, Any], kinds: Mapping[str, Any], path: Path, what: str) -> str:
        found = [key for key in kinds if key in raw]
        if len(found) == 1:
            return found[0]
        known = ", ".join(kinds)
        if found:
            self._findings.add((*path, found[1]), f"{what} is one thing, not {' and '.join(found)}", "Keep one of them")
        else:
            otherwise = f"Write one of {known}"
            mends = [mend for key in raw if (mend := nearest(key, kinds, otherwise)) != otherwise]
            self._findings.add(path, f"does not say what kind of thing {what} is", mends[0] if mends else otherwise)
        return ""

    def _named_bot(self, raw: Mapping[str, Any], path: Path) -> BotRung | None:
        """A bot with whatever the rung says otherwise."""
        name = raw["bot"]
        if name not in self._bots:
            self._findings.add_unknown((*path, "bot"), "bot", str(name), self._bots)
            return None
        own = {key: value for key, value in raw.items() if key != "bot"}
        # Where the bot itself has problems, which are known by now, the rung's own keys are still looked at.
        base = self._bots[name] if name in self._sound_bots else ANY_BOT
        table = checked(tables.BotTable, {**base, **own}, path, self._findings)
        return self._bot(name, table, path) if table else None

    def _bot(self, name: str, table: tables.BotTable, path: Path) -> BotRung:
        return self._reading.rung(name, table, path, self._of_rung(table, path))

    def _named_human(self, raw: Mapping[str, Any], path: Path) -> Destination | None:
        name = raw["human"]
        if name not in self._humans:
            self._findings.add_unknown((*path, "human"), "human", str(name), self._humans)
            return None
        if name not in self.destinations:
            return None
        own = {key: value for key, value in raw.items() if key != "human"}
        return self._human(name, {**self._humans[name], **own}, path)

    def _human(self, name: str, raw: Mapping[str, Any], path: Path) -> Destination | None:
        kind = self._kind(raw, HUMAN_TABLES, path, "a human")
        table = checked(HUMAN_TABLES[kind], raw, path, self._findings) if kind else None
        match table:
            case tables.DialTable():
                return self._dialled(name, table, path)
            case tables.ReferTable() | tables.QueueTable():
                return cast("Destination | None", self._plain(table, path, name))
            case _:
                return None

    def _dialled(self, name: str, table: tables.DialTable, path: Path) -> HumanRung:
        phones = [*table.dial, *(self._dial_string(number, (*path, "number")) for number in table.number)]
        plain = table.model_dump(exclude={"on", "hours", "dial", "number", "whisper"})
        whisper = self._sound(table.whisper, (*path, "whisper")) if table.whisper else None
        first, *others = phones or [""]
        if not first:
            self._findings.add(path, "has no telephone", 'Write dial = "PJSIP/name" or number = "+49…"')
        return HumanRung(first, others=tuple(others), name=name, whisper=whisper, **plain, **self._of_rung(table, path))

    def _dial_string(self, number: str, path: Path) -> str:
        normal = normalise(number, self._fence.country)
        if not is_e164(normal):
            self._findings.add(path, f"{number!r} is no telephone number", "Write it with + and country code")
        return self._fence.dial.replace("{number}", normal)

    def _plain(self, table: tables.OfRung, path: Path, name: str = "") -> AnyRung | None:
        common = self._of_rung(table, path)
        match table:
            case tables.ReferTable():
                return ReferRung(table.refer, name=name, otherwise=table.otherwise, **common)
            case tables.QueueTable():
                queue, context = table.queue or "", table.context or ""
                return QueueRung(queue, context=context, seconds_max=table.seconds_max, name=name, **common)
            case tables.VoicemailTable(voicemail=details):
                greeting = self._sound(details.greeting, (*path, "voicemail"))
                return VoicemailRung(greeting, **details.model_dump(exclude={"greeting"}), **common)
            case tables.CallbackTable():
                return CallbackRung(self._sound(table.callback, (*path, "callback")), **common)
            case tables.AnnouncementTable():
                return AnnouncementRung(self._sound(table.announcement, (*path, "announcement")), **common)
            case tables.BusyTable():
                return BusyRung(table.busy, **common)
            case _:
                return None

    def recording(self, table: tables.RecordingTable, path: Path) -> Recording:
        announcement = self._sound(table.announcement, (*path, "announcement")) if table.announcement else None
        return Recording(table.mode, announcement)

    # --- parts of rungs -------------------------------------------------------------------------------------

    def _of_rung(self, table: tables.OfRung, path: Path) -> dict[str, Any]:
        if table.hours and table.hours not in self._calendars:
            self._findings.add_unknown((*path, "hours"), "calendar", table.hours, self._calendars)
        return {"on": frozenset[Trigger](table.on), "hours": table.hours}

    def _sound(self, table: tables.SoundTable, path: Path) -> Sound:
        file = self._around.locate(table.file) if table.file else ""
        if file and not self._around.is_file(file):
            self._findings.add(path, f"there is no file {file}", "File names count from the folder of this file")
        return Sound(table.text, file, table.builtin, table.language)


def _tables(value: Any) -> dict[str, dict[str, Any]]:
    """Those of a section that are tables; the others have been complained about."""
    return {name: raw for name, raw in value.items() if isinstance(raw, dict)} if isinstance(value, dict) else {}
