"""What a routes.toml becomes, and what is said of one that is wrong."""

from pathlib import Path

import pytest

from controller.routing.problems import RoutesError
from controller.routing.route import (
    AnnouncementRung,
    BotRung,
    BusyRung,
    CallbackRung,
    Fence,
    HumanRung,
    Keep,
    QueueRung,
    Recording,
    ReferRung,
    Route,
    Sound,
    VoicemailRung,
    WaitingLine,
)
from controller.routing.routes import Routes
from controller.routing.trigger import Trigger
from controller.routing.webhook import EVENTS_BY_DEFAULT, EventType, Target
from tests.unit.routing.files import problems_of, routes_of

SIGNS = "s1gns a message, or two"
ROOT = Path(__file__).parents[3]

WHOLE = """
[defaults]
country = "DE"
human = "desk"
escape = "0"
[limits]
calls_max = 100
[bots.reception]
url = "wss://bot.example.com/call"
token = {env = "BOT_TOKEN"}
headers = {X-Tenant = "a", Authorization = {file = "key"}}
audio = "alaw"
waiting = {calls_max = 3}
[humans.desk]
dial = ["PJSIP/a", "PJSIP/b"]
order = "at_once"
whisper = "A call."
[humans.mobile]
number = "0151 23456789"
[humans.pbx]
refer = "sip:100@pbx.example.com"
[humans.team]
queue = "team"
seconds_max = 60
[calendars.office]
time_zone = "Europe/Berlin"
mon-fri = ["09:00-17:00"]
[webhooks.crm]
url = "https://crm.example.com/calls"
secret = {env = "CRM_SECRET"}
events = ["result", "call.ended"]
[webhooks.archive]
url = "http://127.0.0.1/calls"
secret = {file = "signs"}
events = "all"
[[routes]]
name = "all"
webhooks = ["crm", "default"]
keep = {transcripts = false}
humans = ["mobile", "pbx"]
language = "de"
calls_max = 7
metadata = {tenant = {id = 5}}
ladder = [
    {bot = "reception", hours = "office", accept_seconds = 3, parameters = {a = "b"}},
    {human = "mobile", on = ["busy", "closed"], ring_seconds = 10},
    {human = "pbx"},
    {human = "team"},
    {refer = "sip:1@pbx", otherwise = "next"},
    {queue = "sales", seconds_max = 20},
    {context = "after-hours"},
    {announcement = {file = "closed.wav"}},
    {announcement = {builtin = "vm-goodbye"}},
    {callback = {text = "We call you.", language = "en"}},
    {voicemail = "Speak."},
    {voicemail = {greeting = {file = "closed.wav"}, seconds_max = 60}},
    {busy = 503},
]
[fence]
prefixes = ["+4930"]
"""


def whole() -> Routes:
    environment = {"BOT_TOKEN": "t0ken", "CRM_SECRET": SIGNS, "WEBHOOK_URL": "https://crm.example.com/"}
    return routes_of(WHOLE, environment, {"key": "k3y\n", "signs": f"{SIGNS}\n", "closed.wav": ""})


def test_every_kind_of_rung() -> None:
    (route,) = whole().routes
    desk = HumanRung("PJSIP/a", others=("PJSIP/b",), order="at_once", name="desk", whisper=Sound("A call."))
    mobile = HumanRung("PJSIP/+4915123456789@trunk", name="mobile")
    pbx = ReferRung("sip:100@pbx.example.com", name="pbx")
    assert route == Route(
        "all",
        ladder=(
            BotRung(
                "wss://bot.example.com/call",
                "t0ken",
                "alaw",
                accept_seconds=3.0,
                name="reception",
                parameters={"a": "b"},
                headers={"X-Tenant": "a", "Authorization": "k3y"},
                waiting=WaitingLine(calls_max=3),
                hours="office",
            ),
            HumanRung(mobile.endpoint, 10.0, name="mobile", on=frozenset({Trigger.BUSY, Trigger.CLOSED})),
            pbx,
            QueueRung("team", seconds_max=60.0, name="team"),
            ReferRung("sip:1@pbx", otherwise="next"),
            QueueRung("sales", seconds_max=20.0),
            QueueRung(context="after-hours"),
            AnnouncementRung(Sound(file="/etc/closed.wav")),
            AnnouncementRung(Sound(builtin="vm-goodbye")),
            CallbackRung(Sound("We call you.", language="en")),
            VoicemailRung(Sound("Speak.")),
            VoicemailRung(Sound(file="/etc/closed.wav"), 60.0),
            BusyRung(503),
        ),
        human=desk,
        humans={"mobile": mobile, "pbx": pbx},
        escape="0",
        calls_max=7,
        language="de",
        fence=Fence(("+4930",), country="DE"),
        metadata={"tenant": {"id": 5}},
        webhooks=frozenset({"crm", "default"}),
        keep=Keep(transcripts=False),
    )


def test_secrets_do_not_show() -> None:
    assert "t0ken" not in repr(whole().routes)
    assert "k3y" not in repr(whole().routes)
    assert SIGNS not in repr(whole().webhooks)


def test_targets_of_webhooks() -> None:
    crm, archive = whole().webhooks
    results = frozenset({EventType.RESULT, EventType.CALL_ENDED})
    assert crm == Target("crm", "https://crm.example.com/calls", SIGNS, results)
    assert archive == Target("archive", "http://127.0.0.1/calls", SIGNS, frozenset(EventType))
    (plain,) = routes_of(f'[webhooks.a]\nurl = "https://a"\nsecret = {{env = "A"}}\n{MINIMUM}', {"A": SIGNS}).webhooks
    assert plain.events == EVENTS_BY_DEFAULT
    assert routes_of(MINIMUM).routes[0].webhooks is None, "all of them"


def test_limits_and_sounds_of_the_whole_file() -> None:
    routes = whole()
    assert routes.calls_max == 100
    assert set(routes.sounds()) == {
        Sound("A call.", language="de"),
        Sound(file="/etc/closed.wav", language="de"),
        Sound(builtin="vm-goodbye", language="de"),
        Sound("We call you.", language="en"),
        Sound("Speak.", language="de"),
    }


def test_recordings() -> None:
    def recording(value: str) -> Recording:
        return routes_of(f"{MINIMUM}{value}").routes[0].recording

    assert recording("") == Recording("off")
    assert recording('recording = "on_demand"') == Recording("on_demand")
    told = recording('recording = {mode = "always", announcement = {text = "Wir zeichnen auf.", language = "de"}}')
    assert told == Recording("always", Sound("Wir zeichnen auf.", language="de"))


def test_the_example_is_read() -> None:
    routes = routes_of((ROOT / "routes.example.toml").read_text())
    assert [route.name for route in routes.routes] == ["blocked", "vip", "sales", "default"]


MINIMUM = '[[routes]]\nname = "all"\nladder = [{busy = 486}]\n'


def test_the_human_is_the_first_of_the_ladder_unless_one_is_named() -> None:
    humans = '[humans.a]\ndial = "PJSIP/a"\n[humans.b]\ndial = "PJSIP/b"\n'
    ladder = '[[routes]]\nname = "all"\nladder = [{human = "b"}, {human = "a"}]\n'
    (route,) = routes_of(humans + ladder).routes
    assert isinstance(route.human, HumanRung)
    assert route.human.name == "b"
    assert routes_of(MINIMUM).routes[0].human is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = ", ":1: is not TOML: Invalid value. See https://toml.io"),
        ("[defualts]", ":1: defualts: this key is not known. Did you mean 'defaults'?"),
        ("defaults = 1", ":1: defaults: is a table. Write [defaults]"),
        ("bots = {a = 1}", ":1: bots.a: is a table with a name. Write [bots.a]"),
        ('[defaults]\nescape = "00"', ":2: defaults.escape: '00' is no key of a telephone. Write one of"),
        ('[defaults]\nhuman = "x"', ":2: defaults.human: there is no human 'x'. Add it, such as [humans.x]"),
        ("[bots.a]", ":1: bots.a.url: is missing. Add url = …"),
        ('[bots.a]\nurl = "ws://b"\ntoken = "s3cret"', ":3: bots.a.token: a secret does not belong into this file"),
        ('[bots.a]\nurl = "ws://b"\ntoken = {env = "s3-cret"}', ":3: bots.a.token.env: is no name of an environment"),
        ('[bots.a]\nurl = "ws://b"\ntoken = {env = "NONE"}', ":3: bots.a.token: the environment variable NONE is not"),
        ('[bots.a]\nurl = "ws://b"\ntoken = {file = "no"}', ":3: bots.a.token: cannot read /etc/no (No such file"),
        ('[bots.a]\nurl = "ws://b"\nheaders = {X-Api-Key = "s3cret"}', ":3: bots.a.headers: X-Api-Key looks like a"),
        ('[bots.a]\nurl = "ws://b"\nwaiting = {musik = "x"}', ":3: bots.a.waiting.musik: this key is not known. Did"),
        ('[bots.a]\nurl = "ws://b"\naccept_seconds = "5"', ":3: bots.a.accept_seconds: does not fit. Write a number"),
        ('[humans.a]\ndial = "PJSIP/a&PJSIP/b"', ":2: humans.a.dial[1]: 'PJSIP/a&PJSIP/b' is no dial string"),
        ('[humans.a]\nnumber = "12"', ":2: humans.a.number: '12' is no telephone number. Write it with + and country"),
        ("[humans.a]\nring_seconds = 5", ":1: humans.a: does not say what kind of thing a human is"),
        ('[calendars.a]\nmon = ["9-17"]\ntime_zone = "UTC"', ":2: calendars.a.mon[1]: '9-17' are no hours."),
        ('[calendars.a]\nmon = ["09:00-12:00", "11:00-13:00"]\ntime_zone = "UTC"',
         ":2: calendars.a.mon: 09:00-12:00 and 11:00-13:00 over"),
        ("[calendars.a]\nmon = []", ":1: calendars.a: has no time zone. Write time_zone"),
        ('[calendars.a]\nmno = []\ntime_zone = "UTC"',
         ":2: calendars.a.mno: this key is not known. Did you mean 'mon'?"),
        ('[calendars.a]\ntime_zone = "Europa/Berlin"',
         ":2: calendars.a.time_zone: there is no time zone 'Europa/Berlin'"),
        ('[callers]\nvip = "1"', ":2: callers.vip: is a list of numbers, as texts"),
        ('[callers]\nvip = ["1*2"]\n[[routes]]\nname="b"\nmatch = {from = "vip"}\nladder = [{busy = 486}]',
         ":2: callers.vip[1]: '1*2' is no number"),
        ('[[routes]]\nname = "b"\nmatch = {from = "wip"}\nladder = [{busy = 486}]\n[callers]\nvip = []',
         ":3: routes[1].match.from[1]: there is no list of callers 'wip'. Did you mean 'vip'?"),
        ('[[routes]]\nname = "b"\nmatch = {to = "030*"}\nladder = [{busy = 486}]',
         ":3: routes[1].match.to[1]: '030*' has no country code"),
        ('[[routes]]\nname = "b"\nmatch = {country = "de"}\nladder = [{busy = 486}]',
         ":3: routes[1].match.country[1]: 'de' is no country"),
        ('[[routes]]\nname = "b"\nmatch = {form = "1"}\nladder = [{busy = 486}]',
         ":3: routes[1].match.form: this key is not known. Did you mean 'from'?"),
        ('[[routes]]\nname = "b"\nladder = [\n{busy = 486},\n{busy = 404}]',
         ":5: routes[1].ladder[2].busy: 404 is not possible here. Write 480, 486, 503, 600 or 603"),
        ('[[routes]]\nname = "b"\nladder = [{human = "desk", busy = 486}]',
         ":3: routes[1].ladder[1].busy: a rung is one thing, not human and busy. Keep one of them"),
        ('[[routes]]\nname = "b"\nladder = [{humann = "desk"}]',
         ":3: routes[1].ladder[1]: does not say what kind of thing a rung is. Did you mean 'human'?"),
        ('[[routes]]\nname = "b"\nladder = [{bot = "recption"}]\n[bots.reception]\nurl = "ws://b"',
         ":3: routes[1].ladder[1].bot: there is no bot 'recption'. Did you mean 'reception'?"),
        ('[[routes]]\nname = "b"\nladder = [{busy = 486, hours = "x"}]',
         ":3: routes[1].ladder[1].hours: there is no calendar 'x'. Add it, such as [calendars.x]"),
        ('[[routes]]\nname = "b"\nladder = [{busy = 486, on = ["bussy"]}]',
         ":3: routes[1].ladder[1].on[1]: 'bussy' is not possible here"),
        ('[[routes]]\nname = "b"\nladder = [{announcement = {file = "x.wav"}}]',
         ":3: routes[1].ladder[1].announcement: there is no file /etc/x.wav"),
        ('[[routes]]\nname = "b"\nladder = [{announcement = {}}]',
         ":3: routes[1].ladder[1].announcement: a sound is one"),
        ('[[routes]]\nname = "b"\nladder = []', ":3: routes[1].ladder: does not fit. Write at least one"),
        ('[[routes]]\nname = "b"\nladder = [{busy = 486}]\n[[routes]]\nname = "c"\nladder = [{busy = 486}]',
         ":4: routes[2].match: route 'b' takes the same calls"),
        ('[[routes]]\nname = "b"\nmatch = {to = "1"}\nhumans = ["x"]\nladder = [{busy = 486}]',
         ":4: routes[1].humans[1]: there is no human 'x'"),
        ('[[routes]]\nname = "b"\nmatch = {to = "1"}\nmetadata = {day = 2026-01-01}\nladder = [{busy = 486}]',
         ":4: routes[1].metadata: dates and times cannot be told to a bot"),
        ('[webhooks.a]\nurl = "ws://a"\nsecret = {file = "signs"}',
         ":2: webhooks.a.url: is no URL of a web server. Write url = \"https://"),
        ('[webhooks.a]\nurl = "https://a"', ":1: webhooks.a.secret: is missing. Add secret = …"),
        ('[webhooks.a]\nurl = "https://a"\nsecret = "s3cret"', ":3: webhooks.a.secret: a secret does not belong into"),
        ('[webhooks.a]\nurl = "https://a"\nsecret = {env = "SHORT"}',
         ":3: webhooks.a.secret: cannot sign: it has 6 bytes, and 16 are the least. Make one: echo whsec_"),
        ('[webhooks.a]\nurl = "https://a"\nsecret = {file = "signs"}\nevents = ["resutl"]',
         ":4: webhooks.a.events[1]: 'resutl' is not possible here. Write \"call.started\", "),
        ('[webhooks.default]\nurl = "https://a"\nsecret = {file = "signs"}',
         ":1: webhooks.default: is the name of the target that WEBHOOK_URL makes. Choose another"),
        (('[[routes]]\nname = "b"\nwebhooks = ["crn"]\nladder = [{busy = 486}]\n'
         '[webhooks.crm]\nurl = "https://a"\nsecret = {file = "signs"}'),
         ":3: routes[1].webhooks[1]: there is no webhook 'crn'. Did you mean 'crm'?"),
        ('[[routes]]\nname = "b"\nwebhooks = ["default"]\nladder = [{busy = 486}]',
         ":3: routes[1].webhooks[1]: WEBHOOK_URL is not set, which makes this target. Set it in .env"),
        ('[[routes]]\nname = "b"\nkeep = {transcript = false}\nladder = [{busy = 486}]',
         ":3: routes[1].keep.transcript: this key is not known. Did you mean 'transcripts'?"),
        ('[fence]\nprefixes = ["4930"]',
         ":2: fence.prefixes[1]: '4930' is no prefix. Write it with + and country code"),
        ('[fence]\ndial = "PJSIP/{number}&PJSIP/x"', ":2: fence.dial: 'PJSIP/{number}&PJSIP/x' is no dial string"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line_and_mend(text: str, problem: str) -> None:
    has_default = "[[routes]]" in text and "match" not in text
    found = problems_of(text if has_default or "TOML" in problem else f"{text}\n{MINIMUM}")
    assert len(found) == 1, found
    line = found[0]
    assert line.startswith(problem)
    assert "s3cret" not in line
    assert "s3-cret" not in line


def test_all_problems_at_once_in_the_order_of_their_lines() -> None:
    text = '[defaults]\ncountry = "XY"\nhuman = "x"\nlang = 1\n[bots.a]\n[[routes]]\nladder = [{bot = "b", on = ["x"]}]'
    with pytest.raises(RoutesError) as caught:
        routes_of(text)
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4, 5, 6, 6][: len(caught.value.problems)]
    assert str(caught.value).startswith(f"routes.toml: {len(caught.value.problems)} problems\n  routes.toml:2: ")


def test_a_bad_bot_is_said_once_and_its_rungs_are_looked_at() -> None:
    text = '[bots.a]\nurl = "a"\n[[routes]]\nname = "b"\nladder = [{bot = "a", voise = 1}, {bot = "a"}]'
    assert [problem.partition(": ")[0] for problem in problems_of(text)] == [":2", ":5"]


def test_a_file_without_a_default_route() -> None:
    assert problems_of('[[routes]]\nname = "b"\nmatch = {to = "1"}\nladder = [{busy = 486}]') == [
        ":1: routes: no route is for calls that match no other. Add one without match"
    ]
    assert problems_of("") == [": routes: no route is for calls that match no other. Add one without match"]


def test_a_route_with_too_many_combinations() -> None:
    numbers = ", ".join(f'"{number}"' for number in range(1000, 1400))
    text = f'[[routes]]\nname = "b"\nmatch = {{to = [{numbers}], from = [{numbers}]}}\nladder = [{{busy = 486}}]\n'
    assert "more than 100000 combinations" in problems_of(text + MINIMUM)[0]
