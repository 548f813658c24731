"""A real PostgreSQL server for tests: started in a temporary folder, reached over a Unix socket."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PostgresServer:
    """A running server."""

    folder: Path
    binaries: Path

    def url(self, database: str = "postgres", query: str = "") -> str:
        """Return the URL of a database."""
        return f"postgresql://automap@/{database}?host={self.folder}{query}"

    def create_database(self, name: str) -> str:
        """Create a database and return its URL."""
        subprocess.run(
            [self.binaries / "createdb", "-h", self.folder, "-U", "automap", name],
            check=True,
            capture_output=True,
        )
        return self.url(name)

    def control(self, *words: str) -> None:
        """Run ``pg_ctl``: ``start``, ``stop``, ``restart`` with ``-m fast`` or ``-m immediate``."""
        settings = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        command = [self.binaries / "pg_ctl", "-D", self.folder / "data", "-w", *words]
        if words[0] != "stop":
            command += ["-o", settings, "-l", self.folder / "log"]
        _run(command)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server for as long as the block runs."""
    folder = Path(tempfile.mkdtemp(prefix="automap-pg-", dir="/tmp"))
    server = PostgresServer(folder, _binaries())
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    try:
        _run([server.binaries / "initdb", "-D", folder / "data", "-U", "automap", "-A", "trust", "--no-sync"])
        server.control("start")
        try:
            yield server
        finally:
            server.control("stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = [Path(path).parent for path in sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))]
    if on_path := shutil.which("initdb"):
        found.insert(0, Path(on_path).parent)
    if not found:
        raise RuntimeError("these tests start a real PostgreSQL server: install it with apt-get install postgresql")
    return found[-1]


def _run(command: list[str | Path]) -> None:
    # The server refuses to run as root; Debian's package brings this user along.
    user = "postgres" if os.geteuid() == 0 else None
    # Not captured through pipes: the server would keep them open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(command, user=user, cwd="/", stdout=output, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{command} failed: {output.read().decode(errors='replace')}")
