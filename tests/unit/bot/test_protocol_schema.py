"""The JSON Schema says what the models do, and the file in docs/ is the one the models generate."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from controller.bot import protocol, schema
from controller.errors import ProtocolError
from tests.unit.bot.test_protocol import FROM_BOT, JSON, TO_BOT

SCHEMA = schema.build()


def direction(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})


TO_BOT_SCHEMA = direction("ToBot")
FROM_BOT_SCHEMA = direction("FromBot")


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_file_is_what_the_models_say() -> None:
    assert schema.SCHEMA_PATH.read_text(encoding="utf-8") == schema.render()
    assert schema.main(["--check"]) == 0


def test_drift_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "schema.json"
    monkeypatch.setattr(schema, "SCHEMA_PATH", path)
    assert schema.main(["--check"]) == 1
    assert "python -m controller.bot.schema" in capsys.readouterr().err
    assert schema.main([]) == 0
    assert schema.main(["--check"]) == 0
    path.write_text(path.read_text(encoding="utf-8").replace("caller_hung_up", "caller_gone"), encoding="utf-8")
    assert schema.main(["--check"]) == 1


@given(TO_BOT)
def test_everything_that_we_send_fits_the_schema(message: protocol.ToBot) -> None:
    TO_BOT_SCHEMA.validate(json.loads(protocol.serialize(message)))
    Draft202012Validator(SCHEMA).validate(json.loads(protocol.serialize(message)))


@given(
    FROM_BOT, st.sampled_from(["id", "role", "text", "final", "name", "data", "level", "reason", "to", "type"]), JSON
)
def test_schema_and_models_agree_about_bots(message: protocol.FromBot, name: str, value: Any) -> None:
    """One field of a good message is replaced by anything at all: both accept it, or neither does."""
    frame = {**json.loads(protocol.serialize(message)), name: value}
    try:
        protocol.parse_from_bot(json.dumps(frame))
    except ProtocolError:
        assert not FROM_BOT_SCHEMA.is_valid(frame)
    else:
        FROM_BOT_SCHEMA.validate(frame)


def test_a_newer_controller_may_send_more_than_a_bots_schema_knows() -> None:
    TO_BOT_SCHEMA.validate({"type": "answered", "at": "2026-11-22T14:15:07Z"})


@pytest.mark.parametrize("name", ["caller", "callee"])
def test_python_names_stay_out_of_it(name: str) -> None:
    assert name not in SCHEMA["$defs"]["Start"]["properties"]
