"""What holds for every request: tokens, limits, sizes, headers, and errors as problems."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from controller.api.catalogue import OPERATIONS
from controller.api.operations import BODY_BYTES_MAX
from controller.api.parts import Parts
from controller.api.problems import ProblemDetails
from controller.api.server import serve_api
from controller.errors import ControllerError
from tests.unit.api.conftest import SECRETS, Api, make_settings
from tests.unit.api.fakes import LIVE

HANGUP = f"/v1/calls/{LIVE.id}/hangup"


async def problem(api: Api, method: str, path: str, role: str = "admin", **options: Any) -> tuple[int, dict[str, Any]]:
    async with api.ask(method, path, role, **options) as answer:
        assert answer.content_type == "application/problem+json"
        said = ProblemDetails.model_validate_json(await answer.text())
        assert said.status == answer.status
        assert said.request_id == answer.headers["X-Request-Id"]
        return answer.status, {**said.model_dump(), "headers": answer.headers}


@pytest.mark.parametrize("path", sorted({operation.path for operation in OPERATIONS if operation.role}))
async def test_nothing_without_a_token(api: Api, path: str) -> None:
    operation = next(one for one in OPERATIONS if one.path == path and one.role)
    path = path.replace("{call_id}", LIVE.id).replace("{number}", "1")
    status, said = await problem(api, operation.method, path, role="")
    assert status == 401
    assert said["headers"]["WWW-Authenticate"] == "Bearer"
    status, _ = await problem(api, operation.method, path, role="", headers={"Authorization": "Bearer wrong"})
    assert status == 401


async def test_a_role_that_is_too_small(api: Api) -> None:
    status, said = await problem(api, "POST", HANGUP, "read")
    assert status == 403
    assert said["detail"] == "this needs the role operate, and read-person has read"
    assert not api.calls.asked
    await api.json("POST", HANGUP, "operate", 202)
    await api.json("POST", HANGUP, "admin", 202)
    assert api.calls.asked == [("hang_up", LIVE.id, "operate-person"), ("hang_up", LIVE.id, "admin-person")]


async def test_paths_and_methods_that_are_not_there(api: Api) -> None:
    assert (await problem(api, "GET", "/v1/nothing"))[0] == 404
    assert (await problem(api, "GET", "/v1/calls/with%20space"))[0] == 404
    status, said = await problem(api, "DELETE", "/v1/calls")
    assert status == 405
    assert {name.strip() for name in said["headers"]["Allow"].split(",")} == {"GET", "POST"}


@pytest.mark.parametrize(
    ("body", "status", "mistake"),
    [
        (b"{", 400, ""),
        (b'{"digits": 5}', 422, "digits"),
        (b'{"digits": "5", "more": 1}', 422, "more"),
        (b"[]", 422, ""),
        (b"{}", 422, "digits"),
        (b'{"digits": "\xff"}', 400, ""),
    ],
)
async def test_a_body_that_does_not_fit_is_explained(api: Api, body: bytes, status: int, mistake: str) -> None:
    json_body = {"Content-Type": "application/json"}
    found, said = await problem(api, "POST", f"/v1/calls/{LIVE.id}/digits", data=body, headers=json_body)
    assert found == status
    assert [one["where"] for one in said["mistakes"]] == [mistake]
    assert not api.calls.asked


async def test_a_body_of_another_kind(api: Api) -> None:
    found, _ = await problem(api, "POST", f"/v1/calls/{LIVE.id}/digits", data={"digits": "5"})
    assert found == 415


async def test_a_body_that_is_too_large(api: Api) -> None:
    body = json.dumps({"text": "x" * BODY_BYTES_MAX}).encode()
    json_body = {"Content-Type": "application/json"}
    found, _ = await problem(api, "POST", f"/v1/calls/{LIVE.id}/play", data=body, headers=json_body)
    assert found == 413


async def test_query_parameters(api: Api) -> None:
    for query in ("limit=0", "limit=many", "limits=5", "limit=1&limit=2"):
        assert (await problem(api, "GET", f"/v1/calls?{query}"))[0] == 422, query


async def test_an_error_of_ours_shows_nothing_of_itself(api: Api) -> None:
    for error in (RuntimeError("secret"), ControllerError("secret")):
        api.calls.refusal = error
        status, said = await problem(api, "POST", HANGUP)
        assert status == 500
        assert "secret" not in json.dumps(said["detail"])


async def test_a_database_that_is_away(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise ConnectionRefusedError("secret")

    monkeypatch.setattr(api.store.database, "reading", away)
    status, said = await problem(api, "GET", "/v1/calls")
    assert (status, said["detail"]) == (503, "the database cannot be read just now")


async def test_every_answer_has_the_headers(api: Api) -> None:
    for path, role in (("/healthz", ""), ("/v1/calls", "read"), ("/v1/calls", ""), ("/nothing", "")):
        async with api.ask("GET", path, role, headers={"X-Request-Id": "mine-1"}) as answer:
            assert answer.headers["X-Request-Id"] == "mine-1"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "aiohttp" not in answer.headers["Server"]
    async with api.ask("GET", "/healthz", headers={"X-Request-Id": "x" * 65}) as answer:
        assert len(answer.headers["X-Request-Id"]) == 16


async def test_each_token_and_each_stranger_has_a_rate(tmp_path: Path, parts: Parts) -> None:
    settings = make_settings(tmp_path, api_requests_per_second=1.0)
    url = f"http://{settings.api_listen}/v1/calls?live=true"
    async with serve_api(settings, parts), aiohttp.ClientSession() as session:

        async def status(secret: str) -> int:
            async with session.get(url, headers={"Authorization": f"Bearer {secret}"}) as answer:
                assert (answer.status == 429) == ("Retry-After" in answer.headers)
                return answer.status

        assert [await status(SECRETS["read"]) for _ in range(3)] == [200, 200, 429]
        assert [await status("guess") for _ in range(3)] == [401, 401, 429]
        assert await status(SECRETS["admin"]) == 200


async def test_handoffs_cannot_be_guessed_at_will(tmp_path: Path, parts: Parts) -> None:
    settings = make_settings(tmp_path, api_requests_per_second=1.0)
    url = f"http://{settings.api_listen}/v1/handoffs/h1.guess"
    async with serve_api(settings, parts), aiohttp.ClientSession() as session:
        statuses = []
        for _ in range(3):
            async with session.get(url) as answer:
                statuses.append(answer.status)
        assert statuses == [404, 404, 429]
