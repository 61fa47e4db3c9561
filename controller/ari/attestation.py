"""What the carrier says of the caller's number: the verdict of STIR/SHAKEN, as it arrives in an INVITE.

A carrier verifies the signature itself (RFC 8224) and passes on the outcome: `verstat` in P-Asserted-Identity or From
(3GPP TS 24.229), with the level of attestation in a header beside it, or in both as one word.
"""

import re
from collections.abc import Mapping
from typing import Final

HEADERS: Final = ("Attestation-Info", "P-Attestation-Indicator", "X-Twilio-VerStat")
"""Read always, beside the two that have the number."""

FROM: Final = "from_header"
"""Our name for From, of which bots are told the number only."""

_VERDICT: Final = re.compile(r"\b(No-TN-Validation|TN-Validation-(?:Passed|Failed))(?:-([ABC]))?\b", re.IGNORECASE)
_LEVEL: Final = re.compile(r"\s*([ABC])\b", re.IGNORECASE)
_VERDICTS: Final = {"tn-validation-passed": "passed", "tn-validation-failed": "failed", "no-tn-validation": "none"}


def read(came: Mapping[str, str]) -> dict[str, str]:
    """`verdict` (passed, failed, none) and `attestation` (A, B, C), each only where it came.

    A is the carrier's word that the caller may use this number, B that it knows the caller, C neither.
    """
    told = {}
    for name in ("P-Asserted-Identity", FROM, "X-Twilio-VerStat"):
        # In a name anybody may write anything.
        match = _VERDICT.search(re.sub(r'"(?:\\.|[^"\\])*"', "", came.get(name, "")))
        if match:
            told["verdict"] = _VERDICTS[match[1].lower()]
            told |= {"attestation": match[2].upper()} if match[2] else {}
            break
    for name in ("Attestation-Info", "P-Attestation-Indicator"):
        level = _LEVEL.match(came.get(name, ""))
        if level:
            told.setdefault("attestation", level[1].upper())
    return told
