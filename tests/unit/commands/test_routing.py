"""`route` and `closed`, as a user types them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.cli import cli
from controller.errors import SettingError

TEXT = """
[defaults]
country = "DE"
time_zone = "Europe/Berlin"
escape = "0"
[bots.reception]
url = "ws://127.0.0.1:1/"
[humans.desk]
dial = "PJSIP/desk"
[calendars.office]
mon-fri = ["09:00-18:00"]
public_holidays = {country = "DE"}
[[routes]]
name = "sales"
match = {to = "+4930231252*", header = {X-Team = "a*"}}
ladder = [
    {human = "desk", on = ["closed"]},
    {bot = "reception", hours = "office"},
    {human = "desk", on = ["busy", "unreachable"]},
    {announcement = "We are closed.", on = ["closed"]},
    {voicemail = "Speak."},
]
[[routes]]
name = "rest"
ladder = [{bot = "reception"}]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    # It would write to the standard error of this one command for the rest of the tests.
    monkeypatch.setattr("controller.logs.configure", lambda *_: None)
    (tmp_path / "routes.toml").write_text(TEXT)
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments)
    if result.exception:
        raise result.exception
    return result.output


SALES = ("route", "--to", "030 23125200", "--from", "0151 23456789", "--header", "X-Team=alpha")


def test_where_a_call_goes_and_why() -> None:
    assert run(*SALES, "--at", "2026-11-24T10:00").splitlines() == [
        "call       from +4915123456789 (DE) to +493023125200 by trunk, 2026-11-24T10:00+01:00",
        "route      sales (routes.toml): header x-team=a*, number dialled +4930231252*",
        "rung 1     human desk: passed over: only on closed",
        "rung 2     bot reception: gets the call; calendar office: open, Tue 2026-11-24 09:00-18:00",
        "rung 3     human desk: next only on busy, unreachable",
        "rung 4     announcement 'We are closed.': next only on closed",
        "rung 5     voicemail: next, if the one before cannot take it",
        "transfers  human desk",
        "           desk: human desk",
        "key        0 leads from the bot to a human",
    ]


def test_a_holiday() -> None:
    lines = run(*SALES, "--at", "2026-12-25T10:00").splitlines()
    assert lines[3] == "rung 2     bot reception: passed over: calendar office: closed, public holiday Christmas Day"
    assert lines[5] == "rung 4     announcement 'We are closed.': gets the call"


def test_for_programs() -> None:
    found = json.loads(run(*SALES, "--at", "2026-12-25T09:00Z", "--json"))
    assert found["route"] == "sales"
    assert found["from"] == "+4915123456789"
    assert found["at"] == "2026-12-25T10:00+01:00"
    assert [rung["part"] for rung in found["rungs"]] == ["not_asked", "closed", "not_asked", "first", "next"]
    assert found["rungs"][2]["on"] == ["busy", "unreachable"]


def test_without_a_file_or_anything_else(folder: Path) -> None:
    (folder / "routes.toml").unlink()
    lines = run("route").splitlines()
    assert lines[0].startswith("call       from a withheld number to any number by trunk, ")
    assert lines[1] == "route      default (the settings): the default route, for any number by trunk"
    assert lines[2] == "rung 1     bot ws://127.0.0.1:8765/: gets the call"


def test_closing_is_seen_by_the_next_call(folder: Path) -> None:
    assert run("closed") == "nothing is closed by switch\n"
    said = "calendar office: closed by switch until 2126-11-24 18:00: training\n"
    assert run("closed", "office", "--until", "2126-11-24T18:00", "--reason", "training") == said
    assert run("closed") == said
    assert (folder / "data" / "closed.json").exists()
    lines = run(*SALES, "--at", "2026-11-24T10:00").splitlines()
    assert lines[3].endswith("passed over: calendar office: closed by switch until 2126-11-24 18:00: training")
    assert run("closed", "office", "--open") == "nothing is closed by switch\n"
    assert "closed" not in run(*SALES, "--at", "2026-11-24T10:00").splitlines()[3]


def test_closing_everything() -> None:
    assert run("closed", "--until", "2126-01-01") == "everything: closed by switch until 2126-01-01 00:00\n"
    assert run("closed", "--open") == "nothing is closed by switch\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("closed", "ofice"), "CALENDAR: routes.toml has no calendar 'ofice'. Did you mean 'office'?"),
        (("closed", "office", "--until", "soon"), "--until: 'soon' is no time. Write 18:00,"),
        (("closed", "office", "--until", "2020-01-01"), "--until: 2020-01-01 00:00 is over"),
        (("closed", "office", "--reason", "x"), "--until: is missing"),
        (("closed", "office", "--until", "18:00", "--open"), "--open: closing and opening at once"),
        (("route", "--at", "noon"), "--at: 'noon' is no time. Write it as in 2026-12-24T18:00"),
        (("route", "--header", "X"), "--header: 'X' is no header. Write NAME=VALUE"),
    ],
)
def test_what_does_not_work(arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(SettingError) as caught:
        run(*arguments)
    assert str(caught.value).startswith(problem)
