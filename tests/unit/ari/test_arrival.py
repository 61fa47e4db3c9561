import pytest

from controller.ari import arrival
from tests.unit.ari.fake_asterisk import FakeAsterisk


async def test_what_came_is_read_in_one_request(asterisk: FakeAsterisk) -> None:
    asked = arrival.expressions(("X-Customer-Id", "X-Nothing"))
    came = {"Diversion": "<sip:+49@x>", "X-Customer-Id": "4711", "endpoint": "trunk", "History-Info": "<sip:1@a>, , "}
    answer = {expression: came.get(name, "") for name, expression in asked.items()}
    asterisk.will_answer("GET", "/channels/c-1/variables", {"variables": answer})
    async with asterisk.client() as ari:
        found = await ari.arrival("c-1", ("X-Customer-Id", "X-Nothing"))
    assert found == {**came, "History-Info": "<sip:1@a>"}
    assert asterisk.requests[0].query == {"variables": ",".join(asked.values())}
    assert len(asterisk.requests) == 1


@pytest.mark.parametrize("name", ["", "X A", "X-A)},${SHELL(id)", "X,Y", "ü"])
def test_a_header_name_cannot_become_an_expression(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a SIP header"):
        arrival.expressions((name,))


def test_so_many_headers_are_too_many() -> None:
    with pytest.raises(ValueError, match="32 or fewer"):
        arrival.expressions([f"X-{number}" for number in range(33)])
