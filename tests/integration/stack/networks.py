"""Docker networks with a router between them that hides who is behind it, as in an office or at home."""

import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker  # type: ignore[import-untyped]

from tests.integration.stack import asterisks
from tests.integration.stack.asterisks import HUMAN_NUMBER, Asterisk, container

Container = Any
"""Docker's own."""
IMAGE = "ari-controller/test-router"
FOLDER = Path(__file__).with_name("router")
STUN_PORT = 3478
SIP_PORT, TLS_PORT, ARI_PORT, AMI_PORT = 5060, 5061, 8088, 5038
"""Of every Asterisk that has an address of its own."""
RULES = """
table ip nat {{
  map forwarded {{ type inet_service : ipv4_addr; flags interval; }}
  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr {outside} dnat to udp dport map @forwarded
  }}
  chain input {{ type filter hook input priority filter; policy accept; ip daddr {outside} meta l4proto udp drop; }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {inside} ip daddr != {inside} masquerade {manner}
  }}
}}
"""


@dataclass(frozen=True)
class Network:
    """`host` is this machine's own address in it."""

    docker: Any
    subnet: str
    host: str

    def address(self, container: Container) -> str:
        container.reload()
        return str(container.attrs["NetworkSettings"]["Networks"][self.docker.name]["IPAddress"])


@dataclass(frozen=True)
class Router:
    """`outside`: the only address that the street knows of all who are behind it."""

    container: Container
    inside: str
    outside: str

    def pass_on(self, port: int, to: str) -> None:
        """What those behind it send to its own UDP port goes to `to`, in the street."""
        rule = f"add rule ip nat prerouting ip daddr {self.inside} udp dport {port} dnat to {to}"
        run(self.container, ["nft", rule])

    @contextmanager
    def forwarding(self, ports: str, to: str) -> Iterator[None]:
        """UDP to these ports (`5060`, or `10000-10099`) of the outside address goes to `to`."""
        run(self.container, ["nft", f"add element ip nat forwarded {{ {ports} : {to} }}"])
        try:
            yield
        finally:
            run(self.container, ["nft", f"delete element ip nat forwarded {{ {ports} }}"])


@contextmanager
def network() -> Iterator[Network]:
    """One more: Docker chooses the addresses."""
    client = docker.from_env()
    # This machine must not change senders by itself, as it else does even between others where bridges are filtered.
    options = {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    made = client.networks.create(f"ari-controller-test-{secrets.token_hex(4)}", driver="bridge", options=options)
    try:
        made.reload()
        plan = made.attrs["IPAM"]["Config"][0]
        yield Network(made, plan["Subnet"], plan["Gateway"])
    finally:
        made.remove()
        client.close()


@contextmanager
def running(image: str, inside: Network, **how: Any) -> Iterator[Container]:
    """Runs until the end of the block."""
    client = docker.from_env()
    started = client.containers.run(image, detach=True, network=inside.docker.name, **how)
    try:
        yield started
    finally:
        started.remove(force=True, v=True)
        client.close()


@contextmanager
def router(
    inside: Network, street: Network, *, other_ports: bool = False, forgets_after: int = 120
) -> Iterator[Router]:
    """`other_ports`: who is behind it shows others than those that it sends from, as many routers do.

    `forgets_after`: seconds in which nothing was sent to or fro; then the street gets no answer through it any more.
    """
    build()
    forgets = {f"net.netfilter.nf_conntrack_udp_timeout{way}": str(forgets_after) for way in ("", "_stream")}
    sysctls = {"net.ipv4.ip_forward": "1", **forgets}
    how = {"cap_add": ["NET_ADMIN"], "sysctls": sysctls, "command": ["sleep", "infinity"]}
    with running(IMAGE, inside, init=True, **how) as made:
        street.docker.connect(made)
        outside = street.address(made)
        run(made, ["nft", RULES.format(inside=inside.subnet, outside=outside, manner="random" if other_ports else "")])
        yield Router(made, inside.address(made), outside)


@contextmanager
def stun_server(street: Network) -> Iterator[str]:
    """Its address."""
    build()
    command = ["sh", "-c", f"exec stund -h $(hostname -i) -p {STUN_PORT}"]
    with running(IMAGE, street, init=True, command=command) as made:
        yield street.address(made)


def build() -> None:
    """As `make integration` has done already; then it takes no time."""
    subprocess.run(["docker", "build", "--quiet", "--tag", IMAGE, str(FOLDER)], check=True, capture_output=True)


def behind(one: Asterisk, way_out: Router) -> None:
    """All that leaves Asterisk's own network takes this way. A container beside it says so: its own has no rights."""
    beside = {"network_mode": f"container:{one.container.get_wrapped_container().id}", "remove": True}
    client = docker.from_env()
    command = ["route", "replace", "default", "via", way_out.inside]
    client.containers.run(asterisks.IMAGE, command, entrypoint=["ip"], user="root", cap_add=["NET_ADMIN"], **beside)
    client.close()


def run(made: Container, command: list[str]) -> None:
    status, output = made.exec_run(command)
    assert status == 0, output.decode()


@contextmanager
def asterisk(
    where: Network, settings: Mapping[str, str], folders: Mapping[str, Path], trunks: Path | None = None
) -> Iterator[Asterisk]:
    """In a network, with an address of its own; it may not be ready yet."""
    role = settings.get("ASTERISK_ROLE", "bundled")
    passwords = {name: secrets.token_hex(8) for name in ("ARI_PASSWORD", "CARRIER_ARI_PASSWORD", "AMI_PASSWORD")}
    usual = {"TRUNK_HOST": "", "TRUNK_ADDRESSES": "", "HUMAN_ENDPOINT": f"PJSIP/{HUMAN_NUMBER}@trunk"}
    with container({**usual, **passwords, **settings}, folders, trunks, where.docker.name) as started:
        host = where.address(started.get_wrapped_container())
        username = "carrier" if role == "carrier" else "controller"
        password = passwords["CARRIER_ARI_PASSWORD" if role == "carrier" else "ARI_PASSWORD"]
        manager = (AMI_PORT, passwords["AMI_PASSWORD"])
        yield Asterisk(started, f"http://{host}:{ARI_PORT}", username, password, SIP_PORT, TLS_PORT, manager, host)
