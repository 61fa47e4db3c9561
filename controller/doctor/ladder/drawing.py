"""SIP messages as a ladder of 80 columns: a lane for each party, an arrow for each message. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from controller.doctor.ladder.hep import Copied
from controller.doctor.masking import mask
from controller.doctor.sip_message import read_sdp

COLUMNS: Final = 80
TIME_COLUMNS: Final = 10
LANES_MAX: Final = 4
"""More do not fit; a call has three, and they are those of its Call-ID only."""
WORD_LETTERS_MAX: Final = 40


def dialogs(copies: Sequence[Copied]) -> dict[str, list[Copied]]:
    """By Call-ID, in the order in which they began: each leg of a call has its own."""
    found: dict[str, list[Copied]] = {}
    for copied in sorted(copies, key=lambda copied: copied.at):
        found.setdefault(copied.message.header("Call-ID"), []).append(copied)
    return found


def is_over(dialog: Sequence[Copied]) -> bool:
    """Whether a call ended: BYE was answered, or INVITE refused."""
    return any(
        (message.method == "BYE" and message.status >= 200)
        or (message.method == "INVITE" and message.status >= 300 and message.status not in {401, 407})
        for message in (copied.message for copied in dialog)
    )


def is_call(dialog: Sequence[Copied]) -> bool:
    return any(copied.message.method == "INVITE" for copied in dialog)


def draw(dialog: Sequence[Copied], *, full: bool = False) -> str:
    """`full`: with every message, whole but for its secrets."""
    return "\n".join(_lines(dialog, full=full))


def _lines(dialog: Sequence[Copied], *, full: bool) -> Iterator[str]:
    first = dialog[0]
    lanes = list(dict.fromkeys(address for copied in dialog for address in (copied.source, copied.target)))[:LANES_MAX]
    width = (COLUMNS - TIME_COLUMNS) // len(lanes)
    yield f"Call-ID {mask(first.message.header('Call-ID'))[: COLUMNS - 8]}"
    yield f"From    {mask(first.message.header('From'))[: COLUMNS - 8]}"
    yield f"To      {mask(first.message.header('To'))[: COLUMNS - 8]}"
    yield ""
    yield (" " * TIME_COLUMNS + "".join(lane[: width - 1].center(width) for lane in lanes)).rstrip()
    for copied in dialog:
        if copied.source in lanes and copied.target in lanes:
            yield _arrow(copied, first.at, lanes.index(copied.source), lanes.index(copied.target), (width, len(lanes)))
            if full:
                yield from (f"    {line}" for line in _whole(copied))


def _arrow(copied: Copied, began: float, source: int, target: int, size: tuple[int, int]) -> str:
    width, lanes = size
    places = [width // 2 + width * lane for lane in range(lanes)]
    row = list(" " * (width * lanes))
    for place in places:
        row[place] = "|"
    left, right = sorted((places[source], places[target]))
    room = right - left - 1
    if room > 0:
        shaft = f" {_words(copied)} "[:room].center(room, "-")
        row[left + 1 : right] = list(shaft[:-1] + ">" if source < target else "<" + shaft[1:])
    else:
        row[left : left + 1] = list(f"* {_words(copied)}")
    return (f"{copied.at - began:8.3f}".ljust(TIME_COLUMNS) + "".join(row)).rstrip()[:COLUMNS]


def _words(copied: Copied) -> str:
    message = copied.message
    media = read_sdp(message.body)
    codecs = f" ({','.join(media.names[:3])})" if media else ""
    first = message.first_line.removeprefix("SIP/2.0 ") if message.status else message.method
    return f"{first}{codecs}"[:WORD_LETTERS_MAX]


def _whole(copied: Copied) -> Iterator[str]:
    message = copied.message
    yield mask(message.first_line)
    for name, value in message.headers:
        yield mask(f"{name}: {value}")
    yield ""
    yield from (mask(line) for line in message.body.splitlines())
