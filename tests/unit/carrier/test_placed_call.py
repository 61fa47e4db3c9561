from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controller.carrier.placed_call import CallOptions, check_options, milliseconds, read_speech, save
from controller.carrier.sounds import read_wav, utterance
from controller.errors import SettingError

GOOD = CallOptions(to="+493023125000", press=("1", "20#"))


def test_good_options() -> None:
    check_options(GOOD)


@pytest.mark.parametrize(
    ("option", "bad"),
    [
        ("--to", replace(GOOD, to="")),
        ("--to", replace(GOOD, to="12 34")),
        ("--to", replace(GOOD, to="100@elsewhere")),
        ("--to", replace(GOOD, to="1&PJSIP/2")),
        ("--from", replace(GOOD, caller="Ada")),
        ("--press", replace(GOOD, press=("1", "x"))),
    ],
)
def test_the_error_names_the_option(option: str, bad: CallOptions) -> None:
    with pytest.raises(SettingError) as caught:
        check_options(bad)
    assert caught.value.setting == option


def test_speech_and_what_was_heard_are_files(tmp_path: Path) -> None:
    path = tmp_path / "new" / "heard.wav"
    save(path, utterance())
    assert np.array_equal(read_wav(path.read_bytes()), read_speech(path))


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="--say"):
        read_speech(tmp_path / "none.wav")
    with pytest.raises(SettingError, match="--save"):
        save(tmp_path, utterance())


def test_milliseconds() -> None:
    assert milliseconds(1.0, 1.0123) == 12.3
    assert milliseconds(None, 1.0) is None
    assert milliseconds(1.0, None) is None
