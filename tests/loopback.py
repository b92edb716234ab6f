"""A small portal on this machine, for tests that download."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serving(export: Callable[[str], bytes]) -> Iterator[str]:
    """Give the address of a portal: CSV where ``export`` of a path gives bytes, 404 elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = export(self.path)
            body = found or b"{}"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/csv" if found else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
