"""The image of the bundled Asterisk and of the carrier: clean starts, kept passwords, one line for a bad setting."""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

IMAGE = os.environ.get("ASTERISK_IMAGE", "ari-controller/asterisk")
MODULES_CONF = Path(__file__).parents[2] / "asterisk-conf" / "modules.conf"
READY_SECONDS = 20.0

TRUNK = {"TRUNK_HOST": "127.0.0.1:5070", "TRUNK_ADDRESSES": "127.0.0.1, 198.51.100.0/29"}
STARTS = {
    "bundled": {},
    "bundled, trunk in and out": TRUNK,
    "bundled, trunk in only": {"TRUNK_ADDRESSES": "198.51.100.7"},
    "bundled, trunk known by its host": {"TRUNK_HOST": "localhost:5070"},
    "bundled, behind NAT": {**TRUNK, "EXTERNAL_ADDRESS": "203.0.113.7"},
    "bundled, behind NAT, to be found": {**TRUNK, "EXTERNAL_ADDRESS": "auto"},
    "bundled, queue": {**TRUNK, "QUEUE_MEMBERS": "PJSIP/human, PJSIP/+493023125100@trunk"},
    "bundled, one address": {"BIND_ADDRESS": "127.0.0.1", "SIP_PORT": "15060", "ARI_PORT": "18088"},
    "carrier": {"ASTERISK_ROLE": "carrier", "PROVIDER_HOST": "127.0.0.1:5060"},
}
BAD_SETTINGS = {
    "ASTERISK_ROLE": "butler",
    "SIP_PORT": "70000",
    "ARI_PORT": "http",
    "SIP_TLS_PORT": "0",
    "AMI_PORT": "99999",
    "SIP_TLS_CERTIFICATE": "/nowhere.pem",
    "SIP_TLS_CA": "/nowhere.pem",
    "RTP_PORTS": "abc",
    "BIND_ADDRESS": "everywhere",
    "ARI_APP": "two words",
    "ARI_ADDRESSES": "here;there",
    "ARI_PASSWORD": "short",
    "PHONE_PASSWORD": "semicolon;inside",
    "HUMAN_ENDPOINT": "PJSIP/human,30)",
    "HUMAN_RING_SECONDS": "long",
    "QUEUE_MEMBERS": "human",
    "EXTERNAL_ADDRESS": "http://example.com",
    "TRUNK_HOST": "sip:example.com",
    "TRUNK_ADDRESSES": "no-such-host.invalid",
}


def docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout


def run_arguments(settings: dict[str, str]) -> list[str]:
    return [
        argument for name, value in settings.items() for argument in ("--env", f"{name}={value}")
    ] + ["--ulimit", "nofile=16384", IMAGE]  # fmt: skip


@contextmanager
def asterisk(settings: dict[str, str], options: Sequence[str] = ()) -> Iterator[str]:
    container = docker("run", "--detach", *options, *run_arguments(settings)).strip()
    try:
        wait_until_ready(container)
        yield container
    finally:
        docker("rm", "--force", "--volumes", container)


def wait_until_ready(container: str, starts: int = 1) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while docker("logs", container).count("Asterisk Ready.") < starts:
        if time.monotonic() > deadline:
            pytest.fail(f"not ready after {READY_SECONDS} s:\n{docker('logs', container)}")
        time.sleep(0.1)


def complaints(log: str) -> list[str]:
    return [line for line in log.splitlines() if re.search(r"\b(ERROR|WARNING)\b", line)]


def loaded_by_us() -> set[str]:
    return set(re.findall(r"^load => (\S+)", MODULES_CONF.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("settings", STARTS.values(), ids=list(STARTS))
def test_starts_without_an_error_or_a_warning(settings: dict[str, str]) -> None:
    with asterisk(settings) as container:
        docker("exec", container, "healthcheck")
        modules = docker("exec", container, "asterisk", "-rx", "module show")
        assert complaints(docker("logs", container)) == []

    running = set(re.findall(r"^(\S+\.so) .* Running ", modules, re.MULTILINE))
    assert loaded_by_us() <= running


def test_a_caller_who_has_hung_up_makes_no_other_call() -> None:
    """Asterisk goes on at `h`, which a pattern of letters has to leave alone."""
    with asterisk({}) as container:
        for context in ("from-trunk", "from-trunk-numbered"):
            at_hangup = docker("exec", container, "asterisk", "-rx", f"dialplan show h@{context}")
            assert re.search(r"'h' =>\s+1\. Hangup\(\)", at_hangup)


def test_makes_its_passwords_once_and_keeps_them_from_others() -> None:
    with asterisk({}) as first, asterisk({}) as second:
        made = docker("exec", first, "grep", "-r", "", "/secrets")
        docker("restart", first)
        wait_until_ready(first, starts=2)
        kept = docker("exec", first, "grep", "-r", "", "/secrets")
        other = docker("exec", second, "grep", "-r", "", "/secrets")
        modes = docker("exec", first, "sh", "-c", "stat -c %a /secrets /secrets/* | sort -u").split()

    assert made == kept
    assert len(made.splitlines()) == 5
    assert not set(made.splitlines()) & set(other.splitlines())
    assert modes == ["640", "750"]


def test_lets_nobody_use_ari_without_the_password() -> None:
    with asterisk({"ARI_PASSWORD": "the-right-password"}) as container:
        statuses = [
            docker("exec", container, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *user,
                   "http://127.0.0.1:8088/ari/channels")
            for user in ([], ["-u", "controller:wrong"], ["-u", "controller:the-right-password"])
        ]  # fmt: skip

    assert statuses == ["401", "401", "200"]


def ask_ari(container: str, *options: str) -> str:
    """The status; or the whole answer, where it is asked for with -i."""
    silent = () if "-i" in options else ("-o", "/dev/null", "-w", "%{http_code}")
    *others, path = options
    return docker("exec", container, "curl", "-s", *silent, *others, f"http://127.0.0.1:8088/ari/{path}")


def test_ari_has_what_the_controller_uses_and_no_more() -> None:
    user = ("-u", "controller:the-right-password")
    with asterisk({"ARI_PASSWORD": "the-right-password"}) as container:
        used = {ask_ari(container, *user, f"{name}") for name in ("channels", "bridges", "recordings/stored")}
        unused = {ask_ari(container, *user, name) for name in ("deviceStates", "sounds", "mailboxes")}
        page = ask_ari(container, *user, "-i", "-H", "Origin: https://example.com", "channels")
    assert (used, unused) == ({"200"}, {"404"})
    assert "access-control" not in page.lower()


def test_the_health_checks_user_only_looks() -> None:
    with asterisk({}) as container:
        password = docker(
            "exec", container, "sed", "-n", "/^.health/,/^password=/s/^password=//p", "/etc/asterisk/ari.conf"
        )
        user = ("-u", f"health:{password.strip()}")
        assert ask_ari(container, *user, "asterisk/info") == "200"
        assert ask_ari(container, *user, "-X", "POST", "channels?endpoint=PJSIP/phone&app=x") == "403"
        assert ask_ari(container, *user, "-X", "DELETE", "asterisk/modules/chan_pjsip.so") == "403"


def test_lets_nobody_use_ari_from_another_network() -> None:
    """The right password from the wrong place."""
    user = ("-u", "controller:the-right-password")
    with asterisk({"ARI_PASSWORD": "the-right-password", "ARI_ADDRESSES": "127.0.0.2"}) as container:
        assert ask_ari(container, *user, "--interface", "127.0.0.3", "channels") == "403"
        assert ask_ari(container, *user, "--interface", "127.0.0.2", "channels") == "200"
        docker("exec", container, "healthcheck")


@pytest.mark.parametrize(("name", "value"), BAD_SETTINGS.items())
def test_names_a_bad_setting_in_one_line(name: str, value: str) -> None:
    run = subprocess.run(
        ["docker", "run", "--rm", *run_arguments({name: value})], check=False, capture_output=True, text=True
    )

    assert run.returncode == 2
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert name in run.stderr
    assert "give" in run.stderr


def test_takes_its_passwords_from_files(tmp_path: Path) -> None:
    (tmp_path / "phone_password").write_text("from-the-folder\n")
    (tmp_path / "elsewhere").write_text("from-elsewhere\n")
    tmp_path.chmod(0o755)
    mounted = ["--volume", f"{tmp_path}:/run/secrets:ro"]
    with asterisk({"HUMAN_PASSWORD_FILE": "/run/secrets/elsewhere"}, mounted) as container:
        kept = [docker("exec", container, "cat", f"/secrets/{name}") for name in ("phone_password", "human_password")]

    assert kept == ["from-the-folder", "from-elsewhere"]


def test_runs_on_a_file_system_that_is_read_only() -> None:
    """As in docker-compose.yml, which says where it may write."""
    services = (MODULES_CONF.parents[1] / "docker-compose.yml").read_text(encoding="utf-8")
    places = [argument for place in re.findall(r"^    - (/\S+uid=1500\S+)$", services, re.MULTILINE)
              for argument in ("--tmpfs", place)]  # fmt: skip
    bare = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp"]  # noqa: S108
    volumes = [argument for path in ("/secrets", "/trunks", "/registrations") for argument in ("--volume", path)]
    with asterisk({}, [*bare, *places, *volumes]) as container:
        docker("exec", container, "healthcheck")
        assert complaints(docker("logs", container)) == []
        status = docker("exec", container, "cat", "/proc/1/status")
    assert len(places) > 8
    assert re.findall(r"^(?:Uid|CapEff|CapBnd|NoNewPrivs):\s+(\S+)", status, re.MULTILINE) == [
        "1500", "0000000000000000", "0000000000000000", "1",
    ]  # fmt: skip
