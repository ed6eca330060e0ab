"""A proxy before the real server that spoils some answers: what the real one cannot be made to say."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Optional

Spoil = Callable[[str, int, bytes], Any]


class Meddler:
    """``spoil(path, status, body)`` answers what is sent instead; bytes, or an iterator of bytes that is sent as it comes."""

    def __init__(self, port: int) -> None:
        self.spoil: Optional[Spoil] = None
        meddler = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                upstream = http.client.HTTPConnection("localhost", port, timeout=30)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "host", "content-length")}
                try:
                    upstream.request(self.command, self.path, self.rfile.read(length) or None, {**headers, "Host": f"localhost:{port}"})
                    answer = upstream.getresponse()
                    status, body, kind = answer.status, answer.read(), answer.headers.get("Content-Type")
                except OSError:
                    self.close_connection = True
                    return
                finally:
                    upstream.close()
                spoilt = meddler.spoil(self.path, status, body) if meddler.spoil else body
                self.send_response(status)
                if kind:
                    self.send_header("Content-Type", kind)
                if isinstance(spoilt, bytes):
                    if status != 204:
                        self.send_header("Content-Length", str(len(spoilt)))
                    self.end_headers()
                    self.wfile.write(spoilt)
                else:
                    self.send_header("Connection", "close")
                    self.end_headers()
                    self.close_connection = True
                    try:
                        for piece in spoilt:
                            self.wfile.write(piece)
                            self.wfile.flush()
                    except OSError:
                        pass

            do_GET = do_POST = do_DELETE = do_PATCH = do

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
