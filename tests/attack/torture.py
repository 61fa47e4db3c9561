"""SIP torture messages, one for each test that RFC 4475 describes: written anew from its descriptions.

What is asked of the telephone system is only that it is still there afterwards. Wherever it might send something to
because of them stands a loopback address.
"""

from typing import Final

_BODY: Final = (
    "v=0\r\no=mhandley 29739 7272939 IN IP4 127.0.0.66\r\ns=-\r\nc=IN IP4 127.0.0.66\r\nt=0 0\r\n"
    "m=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n"
)
_HEADERS: Final = {
    "Via": "SIP/2.0/UDP 127.0.0.66:5060;branch=z9hG4bK390skdjuw{name}",
    "From": '"A torturer" <sip:caller@example.net>;tag=98asjd8',
    "To": "<sip:user@example.com>",
    "Call-ID": "{name}.0ha0isndaksdj@127.0.0.66",
    "CSeq": "8 {method}",
    "Contact": "<sip:caller@127.0.0.66>",
    "Max-Forwards": "70",
}


def _message(name: str, method: str = "OPTIONS", uri: str = "sip:user@example.com", *, version: str = "SIP/2.0",
             body: str = "", extra: str = "", length: str | None = None, first: str = "",
             **headers: str | None) -> bytes:  # fmt: skip
    """A right message but for what is given; a header of None is left out."""
    replaced = {key.replace("_", "-"): value for key, value in headers.items()}
    lines = [first or f"{method} {uri} {version}"]
    for header, usual in _HEADERS.items():
        value = replaced.pop(header, usual)
        if value is not None:
            lines.append(f"{header}: {value.format(name=name, method=method) if value == usual else value}")
    lines += [f"{header}: {value}" for header, value in replaced.items()]
    if extra:
        lines.append(extra)
    if body:
        lines.append("Content-Type: application/sdp")
    if length != "":
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1")


_WSINV: Final = (
    "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\nTO :\r\n sip:vivekg@chair-dnrc.example.com ;   "
    'tag    = 1918181833n\r\nfrom   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
    "MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@127.0.0.66\r\nContent-Length   : 150\r\ncseq: 0009\r\n  INVITE\r\n"
    "Via  : SIP  /   2.0\r\n /UDP\r\n    127.0.0.66;branch=390skdjuw\r\ns :\r\n"
    "NewFangledHeader:   newfangled value\r\n continued newfangled value\r\nUnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
    "Content-Type: application/sdp\r\nRoute:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
    "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  "
    "127.0.0.66   ; branch=\r\n z9hG4bK30239\r\n"
    'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n'
)
_LONG: Final = "longvalue" * 30
_PARTS: Final = (
    "--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9cbec02ceef655\r\nContent-Type: "
    "application/octet-stream\r\n\r\n" + "".join(map(chr, range(256))) + "\r\n--7a9cbec02ceef655--\r\n"
)

MESSAGES: Final[dict[str, bytes]] = {
    # --- 3.1.1: right, and hard to read -----------------------------------------------------------------------
    "wsinv": _WSINV.encode() + _BODY.encode(),
    "intmeth": _message("intmeth", "!interesting-Method0123456789_*+`.%indeed'~",
                        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
                        To='"BEL:\x07 NUL:\x00 DEL:\x7f" <sip:1_unusual.URI~(to-be!sure)@example.com>',
                        From="token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"\xd1\x80\";tag=_token~1'+`*%!-.",
                        extra="extensionHeader-!.%*+_`'~: \xef\xbb\xbf\xe5\xa4\xa7"),
    "esc01": _message("esc01", "INVITE", "sip:sips%3Auser%40example.com@example.net", body=_BODY,
                      Contact="<sip:cal%6Cer@127.0.0.66:5060;%6C%72;n%61me=v%61lue%25%34%31>"),
    "escnull": _message("escnull", "REGISTER", "sip:example.com", To="sip:null-%00-null@example.com",
                        Contact="<sip:%00@127.0.0.66>, <sip:%00%00@127.0.0.66>"),
    "esc02": _message("esc02", "RE%47IST%45R", "sip:registrar.example.com", extra="C%6Fntact: <sip:alias1@127.0.0.66>"),
    "lwsdisp": _message("lwsdisp", From="caller<sip:caller@example.com>;tag=323"),
    "longreq": _message("longreq", "INVITE", body=_BODY, To=f'"I have a user name of extreme {_LONG}" <sip:user@example.com:6000;unknownparam1=very{_LONG};shortparam=4>',
                        From=f"sip:amazinglylongcallername{_LONG}@example.net;tag=12{_LONG}424;unknownheaderparam={_LONG}",
                        Call_ID=f"longreq.one{_LONG}longcallid",
                        extra="\r\n".join([f"Unknown-{_LONG}: unknown-{_LONG}", *(f"Via: SIP/2.0/TCP sip{number}.example.com;branch=z9hG4bK{_LONG}" for number in range(33))])),
    "dblreq": _message("dblreq", "REGISTER", "sip:example.com") + _message("dblreq2", "INVITE", body=_BODY),
    "semiuri": _message("semiuri", uri="sip:user;par=u%40example.net@example.com"),
    "transports": _message("transports", Via="SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw",
                           extra="\r\n".join(f"Via: SIP/2.0/{name} t.example.com;branch=z9hG4bK{name}" for name in ("SCTP", "TLS", "UNKNOWN", "TCP"))),
    "mpart01": _message("mpart01", "MESSAGE", extra="Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
                        length=str(len(_PARTS))) + _PARTS.encode("latin-1"),
    "unreason": _message("unreason", "INVITE", first="SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe", extra="Contact: <sip:user@host105.example.com>"),
    "noreason": _message("noreason", "INVITE", first="SIP/2.0 100 "),
    # --- 3.1.2: wrong ------------------------------------------------------------------------------------------
    "badinv01": _message("badinv01", "INVITE", body=_BODY, To='"Mr. J. User" <sip:j.user@example.com', Via="SIP/2.0/UDP 127.0.0.66;;,;,,",
                         Contact='"Joe" <sip:joe@127.0.0.66>;;;;'),
    "clerr": _message("clerr", "INVITE", body=_BODY, length="9999"),
    "ncl": _message("ncl", "INVITE", body=_BODY, length="-999"),
    "scalar02": _message("scalar02", "REGISTER", "sip:example.com", CSeq="36893488147419103232 REGISTER", Max_Forwards="300",
                         Contact="<sip:user@host129.example.com>;expires=280297596632815", extra="Expires: 10000000000"),
    "scalarlg": _message("scalarlg", "REGISTER", first="SIP/2.0 503 Service Unavailable", CSeq="9292394834772304023312 OPTIONS",
                         extra="Retry-After: 949302838503028349304023988\r\nWarning: 1812 overture \"In Progress\""),
    "quotbal": _message("quotbal", "INVITE", body=_BODY, To='"Mr. J. User <sip:j.user@example.com>'),
    "ltgtruri": _message("ltgtruri", "INVITE", "<sip:user@example.com>", body=_BODY),
    "lwsruri": _message("lwsruri", "INVITE", "sip:user@example.com; lr", body=_BODY),
    "lwsstart": _message("lwsstart", first="INVITE  sip:user@example.com  SIP/2.0", body=_BODY),
    "trws": _message("trws", version="SIP/2.0  "),
    "escruri": _message("escruri", "INVITE", "sip:user@example.com?Route=%3Csip:example.com%3E", body=_BODY),
    "baddate": _message("baddate", "INVITE", body=_BODY, extra="Date: Fri, 01 Jan 2010 16:00:00 EST"),
    "regbadct": _message("regbadct", "REGISTER", "sip:example.com", Contact="sip:user@example.com?Route=%3Csip:sip.example.com%3E"),
    "badaspec": _message("badaspec", To='"Watson, Thomas" < sip:t.watson@example.org >'),
    "baddn": _message("baddn", From="Bell, Alexander <sip:a.g.bell@example.com>;tag=43"),
    "badvers": _message("badvers", version="SIP/7.0"),
    "mismatch01": _message("mismatch01", CSeq="8 INVITE"),
    "mismatch02": _message("mismatch02", "NEWMETHOD", CSeq="8 INVITE", body=_BODY),
    "bigcode": _message("bigcode", first="SIP/2.0 4294967301 better not break the receiver"),
    # --- 3.2, 3.3, 3.4: transactions, applications, the first edition --------------------------------------------
    "badbranch": _message("badbranch", Via="SIP/2.0/UDP 127.0.0.66;branch=z9hG4bK"),
    "insuf": b"INVITE sip:user@example.com SIP/2.0\r\nCSeq: 193942 INVITE\r\nVia: SIP/2.0/UDP 127.0.0.66;branch=z9hG4bKkdj.insuf\r\nContent-Length: 0\r\n\r\n",
    "unkscm": _message("unkscm", uri="nobodyKnowsThisScheme:totallyopaquecontent"),
    "novelsc": _message("novelsc", uri="soap.beep://127.0.0.66:3002"),
    "unksm2": _message("unksm2", "REGISTER", "sip:example.com", To="isbn:2983792873", From="<http://www.example.com>;tag=3234233",
                       Contact="<name:John_Smith>"),
    "bext01": _message("bext01", extra="Require: nothingSupportsThis, nothingSupportsThisEither\r\nProxy-Require: noProxiesSupportThis"),
    "invut": _message("invut", "INVITE", extra="Content-Type: application/unknownformat", length="40") + b"<audio>\r\n <pcmu port='443'/>\r\n</audio>\r\n",
    "regaut01": _message("regaut01", "REGISTER", "sip:example.com", extra="Authorization: NoOneKnowsThisScheme opaque-data=here"),
    "multi01": _message("multi01", "INVITE", body=_BODY, extra="CSeq: 59 INVITE\r\nCall-ID: multi01.98asdh@127.0.0.66\r\nMax-Forwards: 5\r\nTo: sip:other@example.net\r\nFrom: sip:other@example.net;tag=392"),
    "mcl01": _message("mcl01", body=_BODY, length="13", extra="Content-Length: 5"),
    "bcast": _message("bcast", "INVITE", first="SIP/2.0 200 OK", Via="SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23"),
    "zeromf": _message("zeromf", Max_Forwards="0"),
    "cparam01": _message("cparam01", "REGISTER", "sip:example.com", Contact="sip:+19725552222@gw1.example.net;unknownparam"),
    "cparam02": _message("cparam02", "REGISTER", "sip:example.com", Contact="<sip:+19725552222@gw1.example.net;unknownparam>"),
    "regescrt": _message("regescrt", "REGISTER", "sip:example.com", Contact="<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"),
    "sdp01": _message("sdp01", "INVITE", body=_BODY, extra="Accept: text/nobodyKnowsThis"),
    "inv2543": b"INVITE sip:UserB@example.com SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example.com\r\nFrom: <sip:+13035551111@ift.client.example.net;user=phone>\r\n"
               b"Record-Route: <sip:UserB@127.0.0.66;maddr=127.0.0.66>\r\nTo: sip:+16505552222@ss1.example.net;user=phone\r\nCall-ID: inv2543.1717@ift.client.example.com\r\n"
               b"CSeq: 56 INVITE\r\nContent-Type: application/sdp\r\n\r\n" + _BODY.encode(),
}  # fmt: skip
