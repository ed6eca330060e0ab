"""Four processes on one port. Nobody's connection is kept, so that one client's requests go to all of them."""

import os
import signal
import threading

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = 4
worker_class = "gthread"
threads = 4
keepalive = 0
loglevel = "warning"
wsgi_app = "node:app"


def when_ready(server):
    # Whoever started this node holds its standard input: gone with them, no test run leaves nodes behind.
    def leave_with_them():
        os.read(0, 1)
        os.kill(server.pid, signal.SIGTERM)

    threading.Thread(target=leave_with_them, daemon=True).start()
