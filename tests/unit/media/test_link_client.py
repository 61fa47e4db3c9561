"""The controller's end of the link, against workers that are away, wrong or replaced."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from controller.errors import MediaLinkError
from controller.media.control_messages import Accepted, Close, Hello
from tests.unit.bot.scripted_bot import until
from tests.unit.media.peers import Controller

Script = Callable[[web.WebSocketResponse], Awaitable[None]]


class FakeWorker:
    """Serves links one after the other, each by its script."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.paths: list[str] = []
        self.url = ""
        self.acknowledged: list[int] = []

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        self.paths.append(request.path)
        link = web.WebSocketResponse()
        await link.prepare(request)
        await self.scripts.pop(0)(link)
        await link.close()
        return link

    async def start(self, stack: AsyncExitStack) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self.serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"


def hello(instance: str) -> str:
    return Hello(instance=instance, rtp_host="127.0.0.1", rtp_port=1, sessions=[]).model_dump_json()


def reports(instance: str, *numbers: int, acknowledged: list[int] | None = None) -> Script:
    async def script(link: web.WebSocketResponse) -> None:
        await link.send_str(hello(instance))
        for seq in numbers:
            await link.send_str(Accepted(seq=seq, session=f"{instance}{seq}").model_dump_json())
        for _ in numbers:
            answer = await link.receive_json()
            if acknowledged is not None:
                acknowledged.append(answer["seq"])

    return script


async def stays(link: web.WebSocketResponse) -> None:
    await link.send_str(hello("c"))
    await link.receive()


async def test_repeated_reports_are_delivered_once_per_instance() -> None:
    acknowledged: list[int] = []
    worker = FakeWorker(
        reports("a", 1, 2, 3, acknowledged=acknowledged),
        reports("a", 2, 3, 4, acknowledged=acknowledged),
        reports("b", 1),
        stays,
    )
    async with AsyncExitStack() as stack:
        await worker.start(stack)
        controller = Controller(worker.url)
        await stack.enter_async_context(controller.linked())
        await until(lambda: len(controller.hellos) == 4)
    assert [report.session for report in controller.reports] == ["a1", "a2", "a3", "a4", "b1"]
    assert acknowledged == [1, 2, 3, 3, 3, 4]
    assert worker.paths[0] == "/control"
    assert controller.downs == 4


async def test_what_is_no_worker_is_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    async def talks_nonsense(link: web.WebSocketResponse) -> None:
        await link.send_str("nonsense")

    async def says_nothing(_link: web.WebSocketResponse) -> None:
        return

    async def begins_in_the_middle(link: web.WebSocketResponse) -> None:
        await link.send_str(Accepted(seq=1, session="x").model_dump_json())

    worker = FakeWorker(talks_nonsense, says_nothing, begins_in_the_middle, stays)
    async with AsyncExitStack() as stack:
        await worker.start(stack)
        controller = Controller(worker.url)
        await stack.enter_async_context(controller.linked())
    assert controller.reports == []
    assert len(controller.hellos) == 1
    assert capsys.readouterr().out.count("away") == 1, "said once, however often it was tried"


async def test_no_order_goes_into_the_void() -> None:
    controller = Controller("ws://127.0.0.1:9")
    with pytest.raises(MediaLinkError):
        await controller.link.send(Close(session="x", reason="failed"))


async def test_a_callback_that_fails_holds_nothing_up() -> None:
    acknowledged: list[int] = []
    worker = FakeWorker(reports("a", 1, 2, acknowledged=acknowledged), stays)
    async with AsyncExitStack() as stack:
        await worker.start(stack)
        controller = Controller(worker.url)
        seen = []

        def fail(report: object) -> None:
            seen.append(report)
            raise RuntimeError("the controller's own bug")

        controller.link._on_report = fail  # noqa: SLF001
        await stack.enter_async_context(controller.linked())
        await until(lambda: len(acknowledged) == 2)
    assert len(seen) == 2
