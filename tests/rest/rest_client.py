"""A client that sends exactly what it is given."""

from __future__ import annotations

import asyncio
import http.client
import json


class Client:
    """Real HTTP, from a thread: paths go out exactly as given."""

    def __init__(self, port):
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    async def __call__(self, method, path, body=None, *, raw=None, headers=None):
        return await asyncio.to_thread(self._send, method, path, body, raw, headers or {})

    def _send(self, method, path, body, raw, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if data is not None:
            headers = {"Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read()
            return Answer(answer.status, dict(answer.getheaders()), json.loads(text) if text else None)
        finally:
            connection.close()


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body
