"""The real server, in a process of its own, on a port of its own; and a Flask application in front of it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "clients" / "flask"))


def dll() -> str:
    named = os.environ.get("HOLDFAST_SERVER_DLL")
    candidates = [Path(named)] if named else [ROOT / "src/Holdfast.Server/bin" / kind / "net10.0/Holdfast.Server.dll" for kind in ("Debug", "Release")]
    for candidate in candidates:
        if candidate.is_file():
            return str(candidate)
    raise RuntimeError(f"The server is not built: none of {', '.join(map(str, candidates))}. Run 'dotnet build src/Holdfast.Server', or set HOLDFAST_SERVER_DLL.")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def until(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Waits until something holds, and says what did not."""
    ends = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < ends, f"Not within {seconds} s: {what}"
        time.sleep(0.02)


class ServerProcess:
    """`holdfast serve`. Each has its own store, unless it is started again."""

    def __init__(self, directory: str, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.directory = directory
        self.settings = {"Logging__LogLevel__Default": "Warning", "Holdfast__AccessTokenClaims__0": "name", "Holdfast__AccessTokenClaims__1": "role", **settings}
        self.api_key = subprocess.run(["dotnet", dll(), "apps", "new-key"], check=True, capture_output=True, text=True).stdout.strip()
        self.process: Optional["subprocess.Popen[bytes]"] = None
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["dotnet", dll(), "serve", "--environment", "Test", "--issuer", self.url, "--connection-string", f"{self.directory}/holdfast.db", "--urls", self.url],
            env={**os.environ, **self.settings, "HOLDFAST_API_KEY": self.api_key}, cwd=self.directory,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        until(self.is_ready, "the server is ready", 120)

    def is_ready(self) -> bool:
        assert self.process is not None and self.process.poll() is None, "The server ended before it was ready."
        connection = http.client.HTTPConnection("localhost", self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    """One for all tests that do it no harm."""
    with tempfile.TemporaryDirectory() as directory:
        started = ServerProcess(directory)
        try:
            yield started
        finally:
            started.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """One that a test may pause, stop and set as it likes."""
    started = []

    def start(**settings: str) -> ServerProcess:
        started.append(ServerProcess(str(tmp_path), **settings))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def back_door(server: ServerProcess) -> Any:
    """Another application's way to the same server: what happens there is news to the one under test."""
    return door_to(server)


def door_to(server: ServerProcess) -> Any:
    from holdfast.core.server import Server
    from holdfast.core.settings import Settings

    return Server(Settings(url=server.url, api_key=server.api_key, timeout=30))


def settings_of(server: ServerProcess, **more: Any) -> Dict[str, Any]:
    # Patient, so that a machine that is busy with other things fails no test that is not about time.
    return {"HOLDFAST_URL": server.url, "HOLDFAST_API_KEY": server.api_key, "HOLDFAST_TIMEOUT": 30, **more}


@pytest.fixture
def applications() -> Iterator[Any]:
    from applications import application, engine_of
    from holdfast.core.engine import Engine

    made = []

    def make(config: Any, clock: Any = None) -> Any:
        app = application(config)
        if clock is not None:
            app.extensions["holdfast"].engine = Engine(engine_of(app).settings, clock)
        made.append(app)
        return app

    yield make
    for app in made:
        engine_of(app).close()


@pytest.fixture
def meddler(server: Any) -> Iterator[Any]:
    from meddler import Meddler

    made = Meddler(server.port)
    yield made
    made.close()
