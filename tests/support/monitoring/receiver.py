"""tests/support/monitoring/receiver.py - who gets Alertmanager's notifications, and keeps them.

with Receiver(world) as receiver:
    receiver.fires("PenstockPoolDown", pool="vpc")      # the labels of those that fire now
    receiver.all        # [("firing" or "resolved", labels, annotations), ...] since the start
"""
import http.server
import json
import socket
import threading

PORT = 9099


class Receiver:
    def __init__(self, world):
        self.world = world
        self.all = []
        self.server = None
        self.thread = None

    def __enter__(self):
        keep = self.all

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                keep.extend((alert["status"], alert["labels"], alert["annotations"]) for alert in body["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        # Its socket is the host's, its thread is ours.
        listener = self.world.socket("host", socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", PORT))
        listener.listen(16)
        self.server = http.server.HTTPServer(("127.0.0.1", PORT), Handler, bind_and_activate=False)
        self.server.socket.close()
        self.server.socket = listener
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def _latest(self):
        """{labels: status}: Alertmanager tells of an alert again when it changes."""
        return {tuple(sorted(labels.items())): status for status, labels, _ in list(self.all)}

    def fires(self, alert=None, **labels):
        """Labels of what fires now."""
        wanted = {**({"alertname": alert} if alert else {}), **labels}.items()
        firing = [dict(have) for have, status in self._latest().items() if status == "firing"]
        return [have for have in firing if wanted <= have.items()]

    def has_fired(self):
        """Names of all alerts that ever fired."""
        return {labels["alertname"] for status, labels, _ in list(self.all) if status == "firing"}
