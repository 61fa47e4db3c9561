"""How carriers pass on what became of a caller's signature."""

import pytest

from controller.ari import attestation

NUMBER = "+4930123456"


@pytest.mark.parametrize(
    ("came", "told"),
    [
        ({}, {}),
        ({"P-Asserted-Identity": f"<sip:{NUMBER}@carrier.example>"}, {}),
        (
            {"P-Asserted-Identity": f"<sip:{NUMBER};verstat=TN-Validation-Passed@carrier.example;user=phone>"},
            {"verdict": "passed"},
        ),
        (
            {
                "P-Asserted-Identity": f"<sip:{NUMBER};verstat=TN-Validation-Passed@carrier.example>",
                "Attestation-Info": "A",
            },
            {"verdict": "passed", "attestation": "A"},
        ),
        ({attestation.FROM: f"<tel:{NUMBER};verstat=TN-Validation-Failed>;tag=1"}, {"verdict": "failed"}),
        ({attestation.FROM: f"<sip:{NUMBER};verstat=No-TN-Validation@c.example>;tag=1"}, {"verdict": "none"}),
        ({"X-Twilio-VerStat": "TN-Validation-Passed-B"}, {"verdict": "passed", "attestation": "B"}),
        ({"P-Attestation-Indicator": "c"}, {"attestation": "C"}),
        ({"Attestation-Info": "certainly"}, {}),
        ({"P-Asserted-Identity": f'"verstat=TN-Validation-Passed" <sip:{NUMBER}@c.example>'}, {}),
        ({attestation.FROM: f'"a \\" TN-Validation-Passed" <sip:{NUMBER}@c.example>;tag=1'}, {}),
    ],
)
def test_the_verdict(came: dict[str, str], told: dict[str, str]) -> None:
    assert attestation.read(came) == told
