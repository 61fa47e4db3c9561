import pytest

from controller.ari import operations


def test_path_parameters_are_quoted() -> None:
    path = operations.STORED_RECORDING.path_with({"recordingName": "calls/2026 ä"})
    assert path == "/recordings/stored/calls%2F2026%20%C3%A4/file"


def test_query_leaves_out_none_and_writes_booleans_as_asterisk_does() -> None:
    query = operations.ADD_CHANNEL.query_with({"channel": "c-1", "mute": None})
    assert query == {"channel": "c-1"}
    assert operations.ADD_CHANNEL.query_with({"channel": "c-1", "mute": True})["mute"] == "true"


def test_a_parameter_that_is_not_in_the_table() -> None:
    with pytest.raises(ValueError, match="no parameter colour"):
        operations.RING.query_with({"colour": "red"})


def test_the_table_has_every_row_once() -> None:
    rows = [(row.method, row.path) for row in operations.OPERATIONS]
    assert len(rows) == len(set(rows)) > 30
