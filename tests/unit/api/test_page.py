"""The page is served, with nothing from elsewhere, and says so where it is not built."""

from pathlib import Path

import pytest

from controller.config import Settings
from tests.unit.api.conftest import Api, make_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>ä</title>", encoding="utf-8")
    (built / "icon.svg").write_text("<svg/>")
    (built / "assets" / "index-a1b2.js").write_text("1")
    (built / "assets" / "notes.txt").write_text("not part of a build")
    (tmp_path / "secret.js").write_text("2")
    return make_settings(tmp_path, page_dir=str(built))


async def test_the_page_and_its_policy(api: Api) -> None:
    async with api.ask("GET", "/", "") as answer:
        assert (answer.status, answer.content_type, answer.charset) == (200, "text/html", "utf-8")
        assert "ä" in await answer.text()
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["Cache-Control"] == "no-cache"
    async with api.ask("GET", "/assets/index-a1b2.js", "") as answer:
        assert (answer.status, answer.content_type) == (200, "text/javascript")
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    async with api.ask("GET", "/icon.svg", "") as answer:
        assert answer.content_type == "image/svg+xml"


@pytest.mark.parametrize("path", ["/assets/none.js", "/assets/notes.txt", "/assets/..%2F..%2Fsecret.js", "/index.html"])
async def test_nothing_else_is_served(api: Api, path: str) -> None:
    async with api.ask("GET", path, "") as answer:
        assert answer.status == 404


async def test_a_page_that_is_not_built_says_so(api: Api, settings: Settings) -> None:
    (Path(settings.page_dir) / "index.html").unlink()
    async with api.ask("GET", "/", "") as answer:
        assert answer.status == 503
        assert "make page" in await answer.text()
