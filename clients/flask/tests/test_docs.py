"""What the documentation says, run from its own text; and the wheel, installed into an empty environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any, Iterator, List

import pytest
from conftest import ROOT

from applications import Browser, engine_of

README = ROOT / "clients" / "flask" / "README.md"
DOCS = ROOT / "docs" / "flask.md"


def blocks(path: Path) -> List[str]:
    found = re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
    assert found
    return found


@pytest.fixture
def environment(server: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOLDFAST_URL", server.url)
    monkeypatch.setenv("HOLDFAST_API_KEY", server.api_key)


@pytest.fixture
def documented(environment: None) -> Iterator[Any]:
    """All of the page's Flask code, in its order, with what it says is yours."""
    code = [block for block in blocks(DOCS) if "MIDDLEWARE" not in block and "FastAPI" not in block]
    space: Any = {"__name__": "documented", "check": lambda email, password: email.partition("@")[0] if password == "right" else None}
    for block in code:
        exec(compile(block, str(DOCS), "exec"), space)
    yield space["app"]
    engine_of(space["app"]).close()


def test_the_first_lines_are_the_same_everywhere() -> None:
    code = lambda path: re.sub(r" +#.*", "", blocks(path)[0])  # noqa: E731
    assert code(README) == code(DOCS)
    assert blocks(ROOT / "README.md")[0] == blocks(README)[0]


def test_the_documented_application_works(documented: Any) -> None:
    browser = Browser(documented)
    user = f"user-{uuid.uuid4()}"
    assert browser.get("/me").get_json() == {"sign_in": "/login", "reason": "session_missing"}
    assert browser.get("/").get_data(as_text=True) == "Welcome"
    assert browser.get("/home", headers={"Accept": "text/html"}).headers["Location"] == "/login"
    assert browser.post("/login", data={"email": f"{user}@x", "password": "wrong"}).status_code == 401
    assert browser.post("/login", data={"email": f"{user}@x", "password": "right", "remember": "on"}).status_code == 303
    assert any("max-age=" in line for line in browser.lines)
    assert browser.get("/me").get_json() == {"subject": user}
    assert browser.get("/").get_data(as_text=True) == "Welcome back"
    assert browser.get("/drafts").status_code == 200 and browser.get("/account").get_json() == {"name": "Ada"}
    assert browser.get("/poll").status_code == 200
    assert browser.post("/cart", data={"item": "tea"}).get_json() == {"cart": ["tea"]}
    assert browser.post("/webhook", csrf=False, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 204
    assert browser.post("/code").status_code == 204
    tokens = browser.post("/api/login", json={"email": f"{user}@x", "password": "right"}).get_json()
    assert tokens["token_type"] == "Bearer" and browser.post("/goodbye").status_code == 303
    assert browser.get("/me").status_code == 401
    assert Browser(documented).get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}).status_code == 401


def test_the_documented_fastapi_application_works(environment: None) -> None:
    from starlette.testclient import TestClient

    space: Any = {"__name__": "documented_api"}
    exec(compile(next(block for block in blocks(DOCS) if "FastAPI" in block), str(DOCS), "exec"), space)
    with TestClient(space["api"], base_url="https://testserver", headers={"Sec-Fetch-Site": "same-origin"}) as client:
        assert client.get("/me").status_code == 401
        token = client.get("/auth/csrf").json()["token"]
        assert client.post("/login", headers={"X-CSRF-Token": token}).status_code == 200
        assert client.get("/me").json() == {"subject": "ada"}


def test_every_setting_is_documented() -> None:
    from holdfast.core.settings import Settings

    text = DOCS.read_text("utf-8")
    assert [name for name in Settings.__dataclass_fields__ if name.upper() not in text] == []


def test_the_wheel_installs_into_an_empty_environment_and_serves_the_readmes_lines(server: Any, tmp_path: Path) -> None:
    run = lambda *command, **options: subprocess.run(command, check=True, capture_output=True, text=True, timeout=300, **options)  # noqa: E731
    source = tmp_path / "source"
    run("cp", "-r", str(ROOT / "clients" / "flask"), str(source))
    run(sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", str(tmp_path), str(source))
    wheel = next(tmp_path.glob("holdfast_flask-*.whl"))
    run(sys.executable, "-m", "venv", "--system-site-packages", str(tmp_path / "venv"))
    python = str(tmp_path / "venv" / "bin" / "python")
    run(python, "-m", "pip", "install", "--no-index", "--no-deps", str(wheel))
    program = blocks(README)[0] + (
        "\nimport holdfast, holdfast_flask, holdfast.django, holdfast.asgi, os\n"
        "assert os.path.dirname(holdfast.__file__).startswith(os.environ['VENV']), holdfast.__file__\n"
        "assert os.path.exists(os.path.join(os.path.dirname(holdfast.__file__), 'py.typed'))\n"
        "client = app.test_client(use_cookies=False)\n"
        "print(client.get('/me').status_code, client.get('/me', headers={'Cookie': os.environ['COOKIE']}).get_json()['subject'])\n"
    )
    from conftest import door_to

    cookie = door_to(server).start({"subject": "ada"})["cookies"][0]
    answer = run(python, "-c", program, cwd=tmp_path, env={
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, "VENV": str(tmp_path / "venv"),
        "HOLDFAST_URL": server.url, "HOLDFAST_API_KEY": server.api_key, "COOKIE": f"{cookie['name']}={cookie['value']}",
    })
    assert answer.stdout.split() == ["401", "ada"]


def test_the_types_hold() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "holdfast", "holdfast_flask"], cwd=ROOT / "clients" / "flask", capture_output=True, text=True, timeout=600,
    )
    assert checked.returncode == 0, checked.stdout
