"""A Postgres of the tests' own, in a folder of its own, gone when they end. Debian's package is enough."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]

from controller.records.tables import Table

USER = "tests"
START_SECONDS = "60"


@dataclass(frozen=True)
class Postgres:
    """A running cluster on this machine's loopback."""

    port: int
    control: Callable[..., None]
    """pg_ctl, with its arguments."""

    def stop(self) -> None:
        """At once, as a crash: no connection is told."""
        self.control("-m", "immediate", "stop")

    def start(self) -> None:
        self.control("start")

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://{USER}@127.0.0.1:{self.port}/{database}"

    async def create(self) -> str:
        """A new database; returns its name."""
        name = f"d{uuid.uuid4().hex}"
        await self._execute(f"CREATE DATABASE {name}")
        return name

    async def cut_connections(self) -> None:
        """As a failover does."""
        others = f"usename = '{USER}' AND pid <> pg_backend_pid()"
        await self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")  # noqa: S608

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user=USER, database="postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


async def empty(url: str) -> None:
    """Remove every row of our tables, and count from 1 again."""
    tables = ", ".join(f'"{name}"' for name in (*Table.metadata.tables, "call_search"))
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
    finally:
        await connection.close()


@contextmanager
def running(*, durable: bool = False) -> Iterator[Postgres]:
    """A cluster until the end of the block. `durable`: it waits for the disk, as it does where it matters."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="ari-controller-postgres-"))
    user = _user()
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    port = _free_port()
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync={'on' if durable else 'off'}"
    )
    try:
        _run([programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"], user)
        control: list[str | Path] = [
            programs / "pg_ctl",
            "-D",
            data,
            "-l",
            folder / "log",
            "-o",
            options,
            "-t",
            START_SECONDS,
        ]
        postgres = Postgres(port, lambda *words: _run([*control, *words], user))
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = shutil.which("initdb")
    candidates = [Path(found).resolve().parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise RuntimeError("Postgres is missing: run setup/postgres (Debian: apt-get install postgresql)")


def _user() -> str | None:
    """Postgres refuses to be run by root: then by the user that its package has made."""
    if os.getuid() != 0:
        return None
    return next(name for name in ("postgres", "nobody") if _exists(name))


def _exists(user: str) -> bool:
    return any(entry.pw_name == user for entry in pwd.getpwall())


def _run(command: Sequence[str | Path], user: str | None) -> None:
    # Not a pipe for what it says: the server would inherit it, and the end of it would never come.
    with tempfile.TemporaryFile() as said:
        status = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, user=user, group=user and _group(user),
            extra_groups=[] if user else None, cwd="/", check=False,
        ).returncode  # fmt: skip
        said.seek(0)
        if status:
            raise RuntimeError(f"{command[0]} failed:\n{said.read().decode(errors='replace')}")


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
