import pytest

from controller.sounds.sound import TEXT_CHARACTERS_MAX, Sound, file_name


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "one of"),
        ({"text": " \n"}, "one of"),
        ({"text": "Hello", "builtin": "beep"}, "one of"),
        ({"text": "x" * (TEXT_CHARACTERS_MAX + 1)}, "too many"),
        ({"text": "Hello", "language": "../etc"}, "no language"),
        ({"builtin": "boop"}, "there are beep"),
    ],
)
def test_what_is_no_sound(given: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Sound(**given)  # type: ignore[arg-type]


def test_the_same_sound_has_the_same_name_and_another_one_has_another() -> None:
    sounds = [
        (Sound(text="Hello"), b""),
        (Sound(text="Hello", language="de"), b""),
        (Sound(text="Hello!"), b""),
        (Sound(file="a.wav"), b"RIFF"),
        (Sound(file="a.wav"), b"RIFX"),
    ]
    assert len({file_name(sound, content) for sound, content in sounds}) == len(sounds)
    assert file_name(Sound(file="b.wav"), b"RIFF") == file_name(Sound(wav=b"RIFF"))


def test_a_sound_says_what_it_is() -> None:
    assert str(Sound(text="Good morning")) == "text 'Good morning'"
    assert str(Sound(file="/x/a.wav")) == "WAV file /x/a.wav"
    assert "received" in str(Sound(wav=b"RIFF"))
