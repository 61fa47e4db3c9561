"""Whether numbers arrive in a form that routes can read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.doctor.finding import Area, Fault, Finding, good, skipped, warning
from controller.routing.numbers import EXTENSION_DIGITS_MAX, compact, is_e164, normalise


@dataclass(frozen=True, slots=True)
class NumberSeen:
    """The number that a caller dialled, as it arrived, the route that the call took, and the country of its trunk."""

    call_id: str
    number: str
    route: str


def arrived(seen: Sequence[NumberSeen], own_number: str, country: str) -> Iterator[Finding]:
    """`own_number`: PHONE_NUMBER; `country`: of routes.toml."""
    strange = [one for one in seen if not _readable(one.number, country)]
    if not seen:
        yield skipped(Area.NUMBERS, "no call has come in yet")
    elif not strange:
        yield good(Area.NUMBERS, f"the numbers dialled of the latest {len(seen)} calls are read as they should")
    else:
        first = strange[0]
        problem = (
            f"{len(strange)} of the latest {len(seen)} calls came for a number in an unexpected format, such as "
            f"{first.number!r} (call {first.call_id}, route {first.route})"
        )
        yield warning(Area.NUMBERS, Fault.NUMBER_FORMAT, problem, _mend(first.number, own_number, country), "to")


def _readable(number: str, country: str) -> bool:
    """Numbers of the public network have to be in E.164 once they are read; a PBX's extensions are short."""
    read = normalise(number, country)
    return is_e164(read) or len(compact(read)) <= EXTENSION_DIGITS_MAX


def _mend(number: str, own_number: str, country: str) -> str:
    digits = compact(number).lstrip("0+")
    if is_e164(own_number) and digits and own_number.endswith(digits):
        return f"It is {own_number}: write its country in routes.toml (country = …), or have the carrier send E.164"
    if not country:
        return "Write your country in routes.toml (country = …), or have the carrier send numbers in E.164 (+49…)"
    return "Have the carrier send numbers in E.164 (+49…), or name the number as it arrives in routes.toml"
