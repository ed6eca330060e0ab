"""docs/migrate.md: the diff from Flask-Session is two programs, which a browser uses in the same way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import ROOT

from applications import Browser, engine_of


def side(without: str) -> str:
    page = (ROOT / "docs" / "migrate.md").read_text("utf-8")
    diff = next(block for block in re.findall(r"```diff\n(.*?)```", page, re.DOTALL) if "flask_session" in block)
    return "\n".join(line[1:] for line in diff.splitlines() if not line.startswith(without))


def program(text: str) -> Any:
    space: Any = {"__name__": "migrated"}
    exec(compile(text, "docs/migrate.md", "exec"), space)
    return space["app"]


def use(get: Callable[..., Any], post: Callable[..., Any]) -> None:
    assert get("/me").status_code == 401
    assert post("/sign-in", json={"user": "ada", "password": "wrong"}).status_code == 401
    assert post("/sign-in", json={"user": "ada", "password": "Correct-horse-1"}).status_code == 204
    assert get("/me").get_data(as_text=True) == "ada"
    assert post("/cart", json={"item": "tea"}).get_json() == {"cart": ["tea"]}
    assert post("/cart", json={"item": "milk"}).get_json() == {"cart": ["tea", "milk"]}
    assert post("/sign-out").status_code == 204
    assert get("/me").status_code == 401


@pytest.mark.filterwarnings("ignore:'session_cookie_name' is deprecated")
def test_the_application_on_flask_session_works_as_it_is(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    client = program(side("+")).test_client()
    use(client.get, client.post)


def test_the_changed_application_does_the_same_by_way_of_holdfast(server: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOLDFAST_URL", server.url)
    monkeypatch.setenv("HOLDFAST_API_KEY", server.api_key)
    app = program(side("-"))
    browser = Browser(app)
    use(browser.get, browser.post)
    engine_of(app).close()
