"""TwiML, read against documents as Twilio's own library writes them, and against documents that nobody should write."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.twiml.voice_response import Connect, VoiceResponse  # type: ignore[import-untyped]
from twilio.twiml.voice_response import Dial as TwilioDial

from controller.bot import twiml
from controller.bot.twiml import (
    Callback,
    ConnectStream,
    Dial,
    Hangup,
    Pause,
    PlayDigits,
    PlayFile,
    Redirect,
    Say,
    TwimlError,
    parse,
)


def test_what_twilios_library_writes_is_read() -> None:
    response = VoiceResponse()
    response.say("Bitte  warten &\n sehen", language="de-DE", voice="alice", loop=2)
    response.play("https://a.example/x.wav?a=1&b=2", loop=0)
    response.play(digits="12wW#")
    response.pause(length=3)
    response.dial("+4930111", timeout=20, caller_id="+4930222")
    dial = TwilioDial()
    dial.number("+4930333")
    dial.sip("sip:ada@pbx.example")
    response.append(dial)
    queue = TwilioDial()
    queue.queue("support")
    response.append(queue)
    connect = Connect()
    stream = connect.stream(url="wss://bot.example/ws")
    stream.parameter(name="who", value="Ada & Co")
    response.append(connect)
    response.redirect("https://a.example/next", method="GET")
    assert parse(str(response)) == [
        Say("Bitte warten & sehen", "de-DE", "alice", 2),
        PlayFile("https://a.example/x.wav?a=1&b=2", twiml.LOOPS_MAX),
        PlayDigits("12www#"),
        Pause(3),
        Dial(("+4930111",), "", 20, "+4930222"),
        Dial(("+4930333", "sip:ada@pbx.example")),
        Dial((), "support"),
        ConnectStream("wss://bot.example/ws", (("who", "Ada & Co"),)),
        Redirect("https://a.example/next", "GET"),
    ]


def test_what_action_names_is_the_next_document() -> None:
    response = VoiceResponse()
    response.dial("+4930111", action="https://a.example/dialled")
    connect = Connect(action="/left", method="GET")
    connect.stream(url="wss://bot.example/ws")
    response.append(connect)
    response.dial("+4930222", action="")
    dial, stream, last, _ = parse(str(response))
    assert dial == Dial(("+4930111",), then=Redirect("https://a.example/dialled"))
    assert stream == ConnectStream("wss://bot.example/ws", then=Redirect("/left", "GET"))
    assert last == Dial(("+4930222",))
    with pytest.raises(TwimlError, match="<Dial> needs a URL of http or https"):
        parse("<Response><Dial action='ftp://a/'>1</Dial></Response>")


def test_a_document_that_comes_to_its_end_hangs_up() -> None:
    assert parse("<Response/>") == [Hangup()]
    assert parse("<Response><Say>Bye</Say></Response>") == [Say("Bye"), Hangup()]
    assert parse("<Response><Hangup/><Say>Never</Say></Response>") == [Hangup()]
    assert parse("<Response><Redirect>/next</Redirect><Say>Never</Say></Response>") == [Redirect("/next")]


def test_who_is_told_how_it_goes() -> None:
    url = "https://author.example/status"
    (connect, _) = parse(
        f"<Response><Connect><Stream url='wss://bot.example/' name='first' statusCallback=' {url} '"
        " statusCallbackMethod='get'/></Connect></Response>"
    )
    assert connect == ConnectStream("wss://bot.example/", name="first", callback=Callback(url, "GET"))
    (dial, _) = parse(
        "<Response><Dial>+49301"
        f"<Number statusCallback='{url}' statusCallbackEvent='initiated ringing'>+49302</Number>"
        "<Sip statusCallback='/relative'>sip:a@b</Sip></Dial></Response>"
    )
    assert dial == Dial(
        ("+49301", "+49302", "sip:a@b"),
        callbacks=(("+49302", Callback(url, "POST", ("initiated", "ringing"))), ("sip:a@b", Callback("/relative"))),
    )


def test_a_pause_of_nothing_is_nothing() -> None:
    assert parse("<Response><Pause length='0'/><Redirect>/x</Redirect></Response>") == [Redirect("/x")]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "not XML"),
        ("hello", "not XML"),
        ("<Response>", "not XML"),
        ("<Answer/>", "this is a <Answer>"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><Response/>", "may not define entities"),
        ("<Response><Gather/></Response>", "<Gather> cannot be carried out here"),
        ("<Response><Say/></Response>", "nothing to say"),
        ("<Response><Play>ftp://a/x.wav</Play></Response>", "needs a URL of http or https"),
        ("<Response><Play>http://[</Play></Response>", "needs a URL"),
        ("<Response><Play digits='12x'/></Response>", "keys that no telephone has"),
        ("<Response><Pause length='soon'/></Response>", "length of <Pause> is a number up to 600"),
        ("<Response><Pause length='601'/></Response>", "length of <Pause>"),
        ("<Response><Pause length='²'/></Response>", "length of <Pause>"),
        ("<Response><Dial/></Response>", "does not say whom"),
        ("<Response><Dial><Conference>x</Conference></Dial></Response>", "<Conference> cannot be dialled"),
        ("<Response><Connect/></Response>", "needs one <Stream>"),
        ("<Response><Connect><Room>x</Room></Connect></Response>", "needs one <Stream>"),
        ("<Response><Connect><Stream url='https://a/'/></Connect></Response>", "needs the url of a WebSocket"),
        ("<Response><Connect><Stream url='wss://a/' track='both_tracks'/></Connect></Response>", "inbound_track"),
        (
            "<Response><Connect><Stream url='wss://a/' statusCallback='ftp://a'/></Connect></Response>",
            "<Stream> needs a URL",
        ),
        ("<Response><Dial>" + "<Number>+4930</Number>" * 11 + "</Dial></Response>", "can ring 10 phones"),
        (
            "<Response><Dial><Number statusCallback='/s' statusCallbackEvent='hold'>+4930</Number></Dial></Response>",
            "statusCallbackEvent knows initiated, ringing, answered, completed",
        ),
        ("<Response><Redirect/></Response>", "<Redirect> needs a URL"),
        ("<Response><Redirect method='PUT'>/x</Redirect></Response>", "knows GET and POST"),
        ("<Response>" + "<Pause/>" * 101 + "</Response>", "may have 100 verbs"),
        ("<Response>" + " " * 65_536 + "</Response>", "may have 65536 characters"),
    ],
)
def test_what_is_wrong_is_said(document: str, message: str) -> None:
    with pytest.raises(TwimlError) as raised:
        parse(document)
    assert message in str(raised.value)


WORDS = [
    "<Response>",
    "</Response>",
    "<Say>",
    "</Say>",
    "<Dial>",
    "</Dial>",
    "<Play loop='",
    "'/>",
    "&amp;",
    "&",
    "\x00",
    "]]>",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=9), max_size=12).map("".join))
def test_no_document_raises_anything_else(document: str) -> None:
    try:
        actions = parse(document)
    except TwimlError:
        return
    assert isinstance(actions[-1], Hangup | Redirect)
