"""Which route takes a call, and the reason that is given for it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.routing.matching import ORDER, Condition, Criterion, Facts, Match, RouteIndex
from controller.routing.patterns import ANY_LENGTH, Pattern
from controller.routing.route import Arrival, Decision, Route
from controller.routing.router import Router
from tests.unit.routing.files import routes_of

AT = datetime(2026, 11, 24, 18, tzinfo=UTC)

TEXT = """
[defaults]
country = "DE"
[trunks.vienna]
country = "AT"
[callers]
vip = ["030 23125600", "+49302312570*"]
"""

ROUTES = [
    ("vip", '{from = "vip"}'),
    ("vip at sales", '{from = "vip", to = "+493023125200"}'),
    ("withheld", '{from = "withheld"}'),
    ("austrians", '{country = "AT"}'),
    ("header", '{header = {X-Department = ["sales", "support*"]}}'),
    ("forwarded", '{forwarded_from = "+4930999*"}'),
    ("one number", '{to = "(030) 23125-100"}'),
    ("its block", '{to = "+4930231251XX"}'),
    ("all of it", '{to = "+49302312*"}'),
    ("extension", '{to = ["17", "2X"]}'),
    ("trunk", '{trunk = "second"}'),
    ("number on trunk", '{to = "+493023125200", trunk = "second"}'),
    ("default", "{}"),
]
for route_name, route_match in ROUTES:
    TEXT += f'[[routes]]\nname = "{route_name}"\nmatch = {route_match}\nladder = [{{busy = 486}}]\n'
ROUTER = Router(routes_of(TEXT))


def decide(
    to: str = "+441632960000",
    caller: str = "+493099999999",
    forwarded_from: str = "",
    trunk: str = "trunk",
    **headers: str,
) -> Decision:
    by_name = {name.replace("_", "-"): value for name, value in headers.items()}
    return ROUTER.decide(Arrival("trunk", caller, "", to, forwarded_from, trunk, by_name), AT)


@pytest.mark.parametrize(
    ("decision", "name", "reason"),
    [
        (decide("+493023125100"), "one number", "number dialled +493023125100"),
        (decide("030 23125100"), "one number", "number dialled +493023125100"),
        (decide("0049-30-23125100"), "one number", "number dialled +493023125100"),
        (decide("493023125100"), "one number", "number dialled +493023125100"),
        (decide("+493023125101"), "its block", "number dialled +4930231251XX"),
        (decide("+4930231251012"), "all of it", "number dialled +49302312*"),
        (decide("+4930231"), "default", "the default route, for +4930231 by trunk"),
        (decide("17"), "extension", "number dialled 17"),
        (decide("23"), "extension", "number dialled 2X"),
        (decide("2a"), "default", "the default route, for 2a by trunk"),
        (decide("+493023125100", "030 23125600"), "vip", "caller in vip (+493023125600)"),
        (decide("+493023125200", "+493023125701"), "vip at sales", None),
        (decide("+493023125100", ""), "withheld", "caller withheld"),
        (decide("+493023125100", "Anonymous"), "withheld", "caller withheld"),
        (decide("+493023125100", "+43720880000"), "austrians", "caller's country AT"),
        (decide("+493023125100", "0720 880000", trunk="vienna"), "austrians", None),
        (decide("+493023125100", x_department="sales"), "header", "header x-department=sales"),
        (decide("+493023125100", x_department="support 2"), "header", "header x-department=support*"),
        (decide("+493023125100", x_department="sales 2"), "one number", None),
        (decide("+493023125100", forwarded_from="030 99912345"), "forwarded", "forwarded from +4930999*"),
        (decide(trunk="second"), "trunk", "trunk second"),
        (decide("+493023125200", trunk="second"), "number on trunk", "number dialled +493023125200, trunk second"),
        (decide(""), "default", "the default route, for any number by trunk"),
    ],
)
def test_the_route_and_why(decision: Decision, name: str, reason: str | None) -> None:
    assert decision.route.name == name
    assert reason is None or decision.reason == reason


def test_two_routes_for_the_same_calls_are_noticed() -> None:
    index = RouteIndex()
    one, other = Route("one", ()), Route("other", ())
    match: Match = {Criterion.TO: (Condition(Pattern("1", 1)), Condition(Pattern("2", 1)))}
    assert index.add(one, match) is None
    assert index.add(other, {Criterion.TO: (Condition(Pattern("2", 1)),)}) == one
    assert index.add(other, {Criterion.TO: (Condition(Pattern("2", ANY_LENGTH)),)}) is None


# --- against a scan of all routes -------------------------------------------------------------------------------

NUMBERS = st.text("01", min_size=1, max_size=3)
PATTERNS = st.one_of(
    NUMBERS.map(lambda text: Pattern(text, len(text))),
    st.builds(lambda text, more: Pattern(text, len(text) + more), st.text("01", max_size=2), st.integers(1, 2)),
    st.text("01", max_size=2).map(lambda text: Pattern(text, ANY_LENGTH)),
)
CRITERIA = [criterion for criterion in ORDER if criterion is not Criterion.HEADER]
MATCHES = st.dictionaries(st.sampled_from(CRITERIA), st.lists(PATTERNS, min_size=1, max_size=2), max_size=3)
CALLS = st.builds(
    Facts, caller=NUMBERS, country=NUMBERS, headers=st.just({}), forwarded_from=NUMBERS, to=NUMBERS, trunk=NUMBERS
)


def fits(pattern: Pattern, value: str) -> bool:
    return value.startswith(pattern.literal) and pattern.length in (ANY_LENGTH, len(value))


def rank(match: dict[Criterion, list[Pattern]], call: Facts) -> tuple[tuple[int, int], ...] | None:
    """How particular a match is, criterion by criterion; None where it does not fit."""
    ranks = []
    for criterion in ORDER:
        if criterion not in match:
            ranks.append((-1, -1))
            continue
        fitting = [pattern for pattern in match[criterion] if fits(pattern, call.value(criterion))]
        if not fitting:
            return None
        ranks.append(max((len(pattern.literal), pattern.length) for pattern in fitting))
    return tuple(ranks)


@given(st.lists(MATCHES, max_size=12), CALLS)
def test_as_a_scan_of_all_routes_would_find(matches: list[dict[Criterion, list[Pattern]]], call: Facts) -> None:
    index = RouteIndex()
    accepted: dict[str, dict[Criterion, list[Pattern]]] = {}
    for number, match in enumerate(matches):
        conditions = {criterion: tuple(map(Condition, patterns)) for criterion, patterns in match.items()}
        if index.add(Route(str(number), ()), conditions):
            return  # refused as a whole, when it is read
        accepted[str(number)] = match
    ranks = {name: fit for name, match in accepted.items() if (fit := rank(match, call))}
    found = index.find(call)
    assert (found.route.name if found else None) == max(ranks, key=lambda name: ranks[name], default=None)
