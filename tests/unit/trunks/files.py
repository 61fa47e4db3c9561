"""trunks.toml texts, read as a controller would read them."""

from collections.abc import Mapping

import pytest

from controller.routing.surroundings import Surroundings
from controller.trunks.reading import TrunksError, read_trunks
from controller.trunks.trunk import Trunk, Trunks

SECRETS = {"CARRIER_PASSWORD": "s3cret; --and=more", "PBX_PASSWORD": "a-long-enough-password"}


def trunks_of(text: str, environment: Mapping[str, str] | None = None) -> Trunks:
    around = Surroundings(
        environment=SECRETS if environment is None else environment,
        locate=lambda name: name,
        is_file=lambda _: False,
        read=_no_file,
        protocols={},
        try_tls=lambda *_: None,
    )
    return read_trunks(text, "trunks.toml", around)


def _no_file(name: str) -> str:
    raise FileNotFoundError(2, "No such file or directory", name)


def trunk_of(text: str) -> Trunk:
    """The only one, [trunks.carrier]."""
    return trunks_of(f"[trunks.carrier]\n{text}").by_name["carrier"]


def problems_of(text: str) -> list[str]:
    with pytest.raises(TrunksError) as caught:
        trunks_of(text)
    return [str(problem) for problem in caught.value.problems]
