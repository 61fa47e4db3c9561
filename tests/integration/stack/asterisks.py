"""The bundled Asterisk and the carrier, in containers on this machine's loopback, on ports of their own."""

import os
import random
import secrets
import socket
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testcontainers.core.container import DockerContainer

IMAGE = os.environ.get("ASTERISK_IMAGE", "ari-controller/asterisk")
"""Another may be tried beside the one of Compose."""
PHONE_NUMBER = "+493023125000"
HUMAN_NUMBER = "+493023125100"
READY_SECONDS = 20.0
RTP_PORTS_EACH = 400  # 50 calls
RTP_PORTS_FROM, RTP_PORTS_TO = 12_000, 30_000  # below the ports that the kernel gives out by itself
ASTERISK_ID = 1500  # user and group, in both images
NOFILE_MAX = 16_384  # Asterisk closes every possible descriptor when it starts


@dataclass(frozen=True)
class Asterisk:
    """One of the two. `url` is its HTTP server's."""

    container: DockerContainer
    url: str
    username: str
    password: str
    sip_port: int
    tls_port: int
    manager: tuple[int, str] = (0, "")
    """Port and password of its manager interface."""
    host: str = "127.0.0.1"

    @property
    def rtp_ports(self) -> range:
        """Those that a call may have."""
        first, _, last = self.container.env["RTP_PORTS"].partition("-")
        return range(int(first), int(last) + 1)

    @property
    def pid(self) -> int:
        """Of Asterisk itself, as this machine numbers it."""
        container = self.container.get_wrapped_container()
        container.reload()
        return int(container.attrs["State"]["Pid"])

    @property
    def running(self) -> bool:
        container = self.container.get_wrapped_container()
        container.reload()
        return bool(container.attrs["State"]["Running"])

    def log(self) -> str:
        out, err = self.container.get_logs()
        return out.decode() + err.decode()

    def kill(self) -> None:
        """Every call in it is gone."""
        self.container.get_wrapped_container().kill()

    def start(self) -> None:
        """After `kill`."""
        self.container.get_wrapped_container().start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        credentials = b64encode(f"{self.username}:{self.password}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310 - http to our own container
            f"{self.url}/ari/asterisk/ping", headers={"Authorization": f"Basic {credentials}"}
        )
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                with urllib.request.urlopen(request, timeout=2):  # noqa: S310
                    return
            except (urllib.error.URLError, OSError):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"Asterisk is not ready:\n{self.log()}") from None
                time.sleep(0.1)


@dataclass(frozen=True)
class Asterisks:
    bundled: Asterisk
    carrier: Asterisk
    trunks: Path | None = None
    """What the bundled one shares with the controller."""


@contextmanager
def running(
    rtp_ports: int = RTP_PORTS_EACH,
    folders: Mapping[str, Path] | None = None,
    trunks: Path | None = None,
    carrier: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Asterisks]:
    """Both, until the end of the block; each has so many ports for RTP, eight for a call.

    `folders` of this machine, and `settings`, are the bundled one's: path there -> folder. `trunks` is the folder that
    it shares with the controller. `carrier`: settings of the other; it sees the same folders.
    """
    bundled_sip, bundled_ari, carrier_sip, carrier_ari, bundled_tls, carrier_tls, manager = _free_ports(7)
    bundled_settings = {
        "ARI_PORT": str(bundled_ari),
        "SIP_PORT": str(bundled_sip),
        "SIP_TLS_PORT": str(bundled_tls),
        "AMI_PORT": str(manager),
        "AMI_PASSWORD": secrets.token_hex(8),
        "ARI_PASSWORD": secrets.token_hex(8),
        "TRUNK_HOST": f"127.0.0.1:{carrier_sip}",
        "TRUNK_ADDRESSES": "127.0.0.1",
        "HUMAN_ENDPOINT": f"PJSIP/{HUMAN_NUMBER}@trunk",
        **(settings or {}),
    }
    carrier_settings = {
        "ASTERISK_ROLE": "carrier",
        "ARI_PORT": str(carrier_ari),
        "SIP_PORT": str(carrier_sip),
        "SIP_TLS_PORT": str(carrier_tls),
        "CARRIER_ARI_PASSWORD": secrets.token_hex(8),
        "PROVIDER_HOST": f"127.0.0.1:{bundled_sip}",
        **(carrier or {}),
    }
    carrier_host = carrier_settings.get("BIND_ADDRESS", "127.0.0.1")
    started = container({**_local(rtp_ports), **bundled_settings}, folders, trunks)
    other = container({**_local(rtp_ports), **carrier_settings}, folders)
    with started as bundled, other as carrier_container:
        pair = Asterisks(
            Asterisk(
                bundled,
                f"http://127.0.0.1:{bundled_ari}",
                "controller",
                bundled_settings["ARI_PASSWORD"],
                bundled_sip,
                bundled_tls,
                (manager, bundled_settings["AMI_PASSWORD"]),
            ),
            Asterisk(
                carrier_container,
                f"http://{carrier_host}:{carrier_ari}",
                "carrier",
                carrier_settings["CARRIER_ARI_PASSWORD"],
                carrier_sip,
                carrier_tls,
                host=carrier_host,
            ),
            trunks,
        )
        pair.bundled.wait_until_ready()
        pair.carrier.wait_until_ready()
        yield pair


def share(folder: Path) -> None:
    """With Asterisk, which is another user: its group's, with what will be made in it."""
    os.chown(folder, ASTERISK_ID, ASTERISK_ID)
    folder.chmod(0o2770)


def container(
    settings: Mapping[str, str],
    folders: Mapping[str, Path] | None = None,
    trunks: Path | None = None,
    network: str = "",
) -> DockerContainer:
    """One that has not been started; `network`: of Docker's, else this machine's own."""
    # The image is the one that `make images` built; Ryuk, testcontainers' own sweeper, would come from a registry.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    where = {"network": network} if network else {"network_mode": "host"}
    ulimits = [{"Name": "nofile", "Soft": NOFILE_MAX, "Hard": NOFILE_MAX}]
    made = DockerContainer(IMAGE).with_kwargs(ulimits=ulimits, **where)
    for name, value in settings.items():
        made = made.with_env(name, value)
    for path, folder in (folders or {}).items():
        folder.chmod(0o755)  # Asterisk is another user
        made = made.with_volume_mapping(str(folder), path, "ro")
    if trunks:
        share(trunks)
        made = made.with_volume_mapping(str(trunks), "/trunks", "rw")
    return made


def _local(rtp_ports: int) -> dict[str, str]:
    """A block of ports at random: runs side by side hardly ever meet, and Asterisk passes over a port that is taken."""
    first = random.randrange(RTP_PORTS_FROM, RTP_PORTS_TO, rtp_ports)  # noqa: S311
    return {"BIND_ADDRESS": "127.0.0.1", "RTP_PORTS": f"{first}-{first + rtp_ports - 1}"}


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(open_socket.getsockname()[1]) for open_socket in sockets]
    for open_socket in sockets:
        open_socket.close()
    return ports
