import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from controller.ari.client import AriClient
from controller.errors import AsteriskAway, AsteriskError, ProtocolError, SettingError
from tests.unit.ari.fake_asterisk import PASSWORD, USERNAME, FakeAsterisk, Request

CHANNEL: dict[str, Any] = json.loads((Path(__file__).parent / "captured_events.json").read_text())[0]["channel"]


async def test_external_media_names_asterisks_own_address(asterisk: FakeAsterisk) -> None:
    own = {"UNICASTRTP_LOCAL_ADDRESS": "127.0.0.1", "UNICASTRTP_LOCAL_PORT": "23146"}
    asterisk.will_answer("POST", "/channels/externalMedia", {**CHANNEL, "channelvars": own})
    async with asterisk.client() as ari:
        media = await ari.external_media("m-1", "127.0.0.1:4567", "ulaw", variables={"A": "1"})
    assert (media.host, media.port) == ("127.0.0.1", 23146)
    query = {"channelId": "m-1", "app": "test-app", "external_host": "127.0.0.1:4567", "format": "ulaw"}
    assert asterisk.requests == [
        Request("POST", "/channels/externalMedia", query, {"variables": {"A": "1"}})
    ]  # fmt: skip


async def test_external_media_without_its_address(asterisk: FakeAsterisk) -> None:
    asterisk.will_answer("POST", "/channels/externalMedia", CHANNEL)
    async with asterisk.client() as ari:
        with pytest.raises(ProtocolError, match="address"):
            await ari.external_media("m-1", "127.0.0.1:4567", "ulaw")


async def test_a_media_socket_is_named_as_the_media_worker_reaches_it(asterisk: FakeAsterisk) -> None:
    given = {"MEDIA_WEBSOCKET_CONNECTION_ID": "9f0c", "MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE": "640"}
    asterisk.will_answer("POST", "/channels/externalMedia", {**CHANNEL, "channelvars": given})
    async with asterisk.client() as ari:
        assert await ari.media_socket("m-1", "slin16") == f"ws{ari.url.removeprefix('http')}media/9f0c"
    assert asterisk.requests[0].query == {
        "channelId": "m-1", "app": "test-app", "format": "slin16", "encapsulation": "none", "transport": "websocket",
        "connection_type": "server", "transport_data": "f(json)",
    }  # fmt: skip
    elsewhere = AriClient(ari.url, USERNAME, PASSWORD, "test-app", "https://asterisk.example/pbx/")
    async with elsewhere as ari:
        assert await ari.media_socket("m-1", "slin16") == "wss://asterisk.example/pbx/media/9f0c"


async def test_a_media_socket_without_its_connection(asterisk: FakeAsterisk) -> None:
    asterisk.will_answer("POST", "/channels/externalMedia", CHANNEL)
    async with asterisk.client() as ari:
        with pytest.raises(ProtocolError, match="connection"):
            await ari.media_socket("m-1", "slin16")


async def test_asterisk_says_no_in_its_own_words(asterisk: FakeAsterisk) -> None:
    asterisk.will_answer("POST", "/bridges/b/addChannel", {"message": "Channel not in Stasis application"}, 422)
    async with asterisk.client() as ari:
        with pytest.raises(AsteriskError, match="POST /bridges/b/addChannel: 422 Channel not in Stasis") as caught:
            await ari.add_channel("b", "c-1")
    assert caught.value.status == 422


async def test_what_ends_something_may_find_it_gone(asterisk: FakeAsterisk) -> None:
    async with asterisk.client() as ari:
        await ari.hangup("c-1", reason_code=34)
        await ari.destroy_bridge("b-1")
        await ari.remove_channel("b-1", "c-1")
        await ari.stop_moh("c-1")
        await ari.stop_playback("p-1")
        assert await ari.channel("c-1") is None
        assert await ari.variable("c-1", "PJSIP_HEADER(read,X-Nothing)") is None
        assert await ari.stored_recording("calls/r-1") is None
        with pytest.raises(AsteriskError):
            await ari.answer("c-1")
    assert asterisk.requests[0].query == {"reason_code": "34"}
    assert asterisk.requests[-2].path == "/recordings/stored/calls%2Fr-1/file"


async def test_a_caller_goes_to_the_dialplan_with_its_variables(asterisk: FakeAsterisk) -> None:
    asterisk.will_answer("POST", "/channels/c-1/variables", status=204)
    asterisk.will_answer("POST", "/channels/c-1/continue", status=204)
    async with asterisk.client() as ari:
        await ari.continue_in_dialplan("c-1", "queue", variables={"QUEUE_NAME": "human"})
    first, second = asterisk.requests
    assert (first.path, first.body) == ("/channels/c-1/variables", {"variables": {"QUEUE_NAME": "human"}})
    assert second.query == {"context": "queue", "extension": "s", "priority": "1"}


async def test_a_recording_says_all_that_it_is_to_be(asterisk: FakeAsterisk) -> None:
    asterisk.will_answer("POST", "/channels/c-1/record", status=201)
    async with asterisk.client() as ari:
        await ari.record_channel("c-1", "voicemail/r-1", seconds=60, silence_seconds=4, terminate_on="#")
    assert asterisk.requests[0].query == {
        "name": "voicemail/r-1", "format": "wav", "maxDurationSeconds": "60", "maxSilenceSeconds": "4",
        "ifExists": "fail", "beep": "true", "terminateOn": "#",
    }  # fmt: skip


async def test_nobody_listens() -> None:
    fake = FakeAsterisk()
    await fake.server.start_server()
    client = fake.client()
    await fake.stop()
    async with client as ari:
        with pytest.raises(AsteriskAway, match="GET /channels"):
            await ari.channels()
    with pytest.raises(AsteriskAway, match="closed"):
        await ari.channels()


async def test_the_password_is_in_no_error(asterisk: FakeAsterisk) -> None:
    async with asterisk.client(password="wrong-password") as ari:
        with pytest.raises(AsteriskError) as caught:
            await ari.channels()
    assert caught.value.status == 401
    assert "wrong-password" not in str(caught.value)


async def test_redirects_are_not_followed_with_our_credentials(asterisk: FakeAsterisk) -> None:
    asterisk.answers["GET", "/channels"] = lambda _: web.Response(status=302, headers={"Location": "/ari/elsewhere"})
    async with asterisk.client() as ari:
        with pytest.raises(AsteriskError, match="302"):
            await ari.channels()
    assert [request.path for request in asterisk.requests] == ["/channels"]


LISTS = "/asterisk/config/dynamic/res_pjsip/acl/shut-out-"


async def test_who_is_shut_out_is_so_without_a_gap(asterisk: FakeAsterisk) -> None:
    """Asterisk answers 500 for an access list that it has made, or has; 404 for one that it has not."""
    asterisk.will_answer("GET", f"{LISTS}a", {"error": "Allocation failed"}, 500)
    statuses = iter((404, 500))
    asterisk.answers["GET", f"{LISTS}b"] = lambda _: web.json_response({}, status=next(statuses))
    asterisk.will_answer("PUT", f"{LISTS}b", {"error": "Allocation failed"}, 500)
    asterisk.will_answer("DELETE", f"{LISTS}a", None, 204)
    async with asterisk.client() as ari:
        await ari.shut_out(["198.51.100.7", "198.51.100.8"])
    asked = [(request.method, request.path[-1]) for request in asterisk.requests]
    assert asked == [("GET", "a"), ("GET", "b"), ("PUT", "b"), ("GET", "b"), ("DELETE", "a")]
    assert asterisk.requests[2].body == {"fields": [{"attribute": "deny", "value": "198.51.100.7,198.51.100.8"}]}


async def test_an_access_list_that_was_not_made(asterisk: FakeAsterisk) -> None:
    asterisk.will_answer("PUT", f"{LISTS}a", {}, 500)
    async with asterisk.client() as ari:
        with pytest.raises(AsteriskError, match="has not made it"):
            await ari.shut_out(["198.51.100.7"])


async def test_from_where_trunks_call(asterisk: FakeAsterisk) -> None:
    asterisk.will_answer("GET", "/endpoints/PJSIP", [{"resource": "phone"}, {"resource": "trunk"}])
    asterisk.will_answer("GET", f"{LISTS[:-13]}identify/phone", {}, 404)
    matches = [{"attribute": "match", "value": "203.0.113.0/255.255.255.248,10.9.9.9/255.255.255.255"}]
    asterisk.will_answer("GET", f"{LISTS[:-13]}identify/trunk", matches)
    async with asterisk.client() as ari:
        networks = await ari.trunk_networks()
    assert [str(network) for network in networks] == ["203.0.113.0/29", "10.9.9.9/32"]


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), ("no certificate", "no certificate is in it")])
async def test_an_authority_that_cannot_be_used(tmp_path: Path, content: str | None, reason: str) -> None:
    ca = tmp_path / "ca.pem"
    if content is not None:
        ca.write_text(content)
    with pytest.raises(SettingError, match=f"^ARI_CA: cannot use .*{reason}"):
        async with AriClient("https://asterisk.example", USERNAME, PASSWORD, "test-app", ca=str(ca)):
            pass
