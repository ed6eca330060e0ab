"""FastAPI on the same core, on the real server."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Iterator

import pytest
from conftest import until
from fastapi import Depends, FastAPI, Form, Request, WebSocket
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from holdfast.asgi import (
    HoldfastMiddleware, Session, csrf_token, elevate, end_session, machine_traffic, read_data, session_required, start_session, write_data,
)

SESSION = "__Host-Http-holdfast"
# FastAPI as Debian 12 has it (0.92) reads dependencies from defaults; from 0.95 on, Annotated[Session, Depends(...)] says the same.
SIGNED_IN = Depends(session_required())


@pytest.fixture
def client(server: Any) -> Iterator[Any]:
    app = FastAPI()
    app.add_middleware(HoldfastMiddleware, url=server.url, api_key=server.api_key)

    @app.post("/sign-in")
    async def sign_in(request: Request, transport: str = "cookie") -> Any:
        return (await start_session(request, request.headers["x-user"], transport=transport, claims={"role": "author"})).tokens

    @app.get("/me")
    async def me(session: Session = SIGNED_IN) -> Any:
        return {"subject": session.subject, "sid": session.sid}

    @app.get("/maybe")
    async def maybe(session: Any = Depends(session_required(optional=True))) -> Any:
        return {"signed_in": session is not None}

    @app.get("/admin")
    async def admin(session: Session = Depends(session_required(role="admin"))) -> Any:
        return {}

    @app.get("/fresh")
    async def fresh(session: Session = Depends(session_required(fresh=timedelta(seconds=0)))) -> Any:
        return {}

    @app.get("/poll", dependencies=[Depends(machine_traffic)])
    async def poll(session: Session = SIGNED_IN) -> Any:
        return {}

    @app.post("/note")
    async def note(request: Request, session: Session = SIGNED_IN, text: str = Form()) -> Any:
        data = await read_data(request)
        return await write_data(request, {"notes": [*data.get("notes", []), text]})

    @app.post("/step-up")
    async def step_up(request: Request, session: Session = SIGNED_IN) -> Any:
        await elevate(request, acr="aal2")
        return {}

    @app.post("/sign-out")
    async def sign_out(request: Request) -> Any:
        await end_session(request)
        return {}

    @app.get("/form")
    async def form(request: Request) -> Any:
        return {"token": await csrf_token(request)}

    @app.websocket("/live")
    async def live(socket: WebSocket, session: Session = SIGNED_IN) -> None:
        await socket.accept()
        await socket.send_text(session.subject)
        await socket.close()

    with TestClient(app, base_url="https://testserver", headers={"Sec-Fetch-Site": "same-origin", "X-User": f"user-{uuid.uuid4()}"}) as opened:
        yield opened
    layer = app.middleware_stack
    while not isinstance(layer, HoldfastMiddleware):
        layer = layer.app
    layer.engine.close()


def token(client: Any) -> Any:
    return {"X-CSRF-Token": client.get("/auth/csrf").json()["token"]}


def signed_in(client: Any) -> Any:
    assert client.post("/sign-in", headers=token(client)).status_code == 200
    return client


def test_a_dependency_gives_the_session_or_refuses(client: Any) -> None:
    refused = client.get("/me")
    assert refused.status_code == 401 and refused.json()["reason"] == "session_missing" and refused.headers["WWW-Authenticate"] == "Bearer"
    assert client.get("/maybe").json() == {"signed_in": False}
    me = signed_in(client).get("/me")
    assert me.json()["subject"] == client.headers["X-User"] and me.headers["Cache-Control"] == "no-store"
    assert client.get("/admin").json()["reason"] == "insufficient_scope"
    assert 'max_age="0"' in client.get("/fresh").headers["WWW-Authenticate"]
    assert client.get("/poll").status_code == 200


def test_the_endpoints_for_browsers_are_there(client: Any) -> None:
    signed_in(client)
    assert client.get("/auth/session").json()["current"] is True
    assert len(client.get("/auth/sessions").json()["sessions"]) == 1
    assert client.put("/auth/session", headers=token(client)).status_code == 405
    out = client.post("/auth/logout", json={"scope": "all"}, headers=token(client))
    assert out.status_code == 204 and "Clear-Site-Data" in out.headers
    assert client.get("/me").status_code == 401


def test_forms_of_other_sites_are_refused_and_ours_carry_a_token(client: Any) -> None:
    signed_in(client)
    assert client.post("/note", data={"text": "x"}).json()["reason"] == "csrf_failed"
    field = client.get("/form").json()["token"]
    assert client.post("/note", data={"text": "tea", "csrf_token": field}).json() == {"notes": ["tea"]}
    foreign = client.post("/note", data={"text": "x", "csrf_token": field}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.json()["reason"] == "csrf_failed"


def test_a_step_up_and_a_sign_out_travel_in_cookies(client: Any) -> None:
    signed_in(client)
    before = client.cookies[SESSION]
    assert client.post("/step-up", headers=token(client)).status_code == 200 and client.cookies[SESSION] != before
    assert client.post("/sign-out", headers=token(client)).status_code == 200 and SESSION not in client.cookies


def test_a_session_that_ends_elsewhere_is_refused_within_the_bound(client: Any, back_door: Any) -> None:
    sid = signed_in(client).get("/me").json()["sid"]
    back_door.end(sid)
    until(lambda: client.get("/me").status_code == 401, "refused", 10)


def test_a_bearer_token_signs_in(client: Any) -> None:
    tokens = client.post("/sign-in?transport=tokens", headers=token(client)).json()
    client.cookies.clear()
    assert client.get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}).status_code == 200


def test_a_websocket_opens_from_our_own_pages_alone(client: Any) -> None:
    signed_in(client)
    with client.websocket_connect("wss://testserver/live") as socket:
        assert socket.receive_text() == client.headers["X-User"]
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("wss://testserver/live", headers={"Sec-Fetch-Site": "cross-site"}):
        pass
