"""The line of every key, in TOML as people write it."""

import tomllib
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.routing.locate import lines_of

TEXT = '''\
# comment with [brackets] = and "quotes"
top = 1
[a]
b.c = "x # no comment, ] either"
"d e" = """
long
[not a table]
"""
'f' = [1, 2,  # comment ]
  {g = 3, h = {i = "}"}},
  [4,
   5],
]
[a.j]
k = 2026-01-01T10:00:00Z
[[l]]
m = \'\'\'
''\'\'\'
[[l.n]]
o = 1
[[l.n]]
o = 2
[[l]]
m = ["a", 'b\\',
 "c\\"]"]
'''


def test_where_each_key_is() -> None:
    found = lines_of(TEXT)
    assert tomllib.loads(TEXT)["l"][1]["m"][1] == "b\\"
    expected: dict[tuple[str | int, ...], int] = {
        ("top",): 2,
        ("a",): 3,
        ("a", "b", "c"): 4,
        ("a", "d e"): 5,
        ("a", "f"): 9,
        ("a", "f", 2): 10,
        ("a", "f", 2, "h", "i"): 10,
        ("a", "f", 3, 1): 12,
        ("a", "j", "k"): 15,
        ("l",): 16,
        ("l", 0): 16,
        ("l", 0, "m"): 17,
        ("l", 0, "n", 0): 19,
        ("l", 0, "n", 0, "o"): 20,
        ("l", 0, "n", 1, "o"): 22,
        ("l", 1): 23,
        ("l", 1, "m", 2): 25,
    }
    assert {path: found.get(path) for path in expected} == expected


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path}.union(*(paths(inner, (*path, key)) for key, inner in items))


def test_no_key_of_the_example_is_missed() -> None:
    text = (Path(__file__).parents[3] / "routes.example.toml").read_text()
    assert paths(tomllib.loads(text)) - lines_of(text).keys() == {()}


SCALARS = st.one_of(
    st.integers().map(str),
    st.booleans().map(lambda value: str(value).lower()),
    st.sampled_from(['"a"', "'b'", '"\\""', "'''c\n'''", '"""d\n]}#"""', "2026-01-01", "1.5", '"#"', "'['"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner).map(lambda items: "[ # c\n" + ",\n".join(items) + "\n]"),
        st.lists(inner).map(lambda items: "{" + ", ".join(f"k{n} = {v}" for n, v in enumerate(items)) + "}"),
    ),
    max_leaves=8,
)


@given(st.lists(VALUES, min_size=1))
def test_no_key_of_any_text_is_missed(values: list[str]) -> None:
    text = "\n".join(f"[[t]]\nx = 1\ny.z = {value} # end" for value in values)
    lines = lines_of(text)
    assert paths(tomllib.loads(text)) - lines.keys() == {()}
    written = text.splitlines()
    assert all(written[lines["t", number] - 1] == "[[t]]" for number in range(len(values)))
