"""What the page for bot authors shows is what is there."""

import re
from pathlib import Path

import pytest

PAGE = Path("docs/bots/python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_bot_of_the_page_is_the_example() -> None:
    assert BLOCKS[0].strip() in Path("examples/sdk_bot.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", BLOCKS[1:])
def test_the_other_pieces_run(block: str) -> None:
    exec(compile(block, "docs/bots/python.md", "exec"), {"__name__": "page"})  # noqa: S102
