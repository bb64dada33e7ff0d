"""HTTP on a bare socket: what is sent is sent as it is, every byte that comes back is seen."""

from contextlib import suppress
from dataclasses import dataclass, field
from select import select
from socket import create_connection, socket

_SECONDS = 10.0


@dataclass
class Answer:
    """A response as it came over the wire; `status` is 0 where none came."""

    status: int = 0
    version: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False
    """Whether the body came to the end that its headers promise."""

    def values(self, name: str) -> list[str]:
        """Return the values of all lines of one header."""
        return [value for line, value in self.headers if line.lower() == name.lower()]


class Connection:
    """One connection to a server."""

    def __init__(self, port: int) -> None:
        self._socket: socket = create_connection(("127.0.0.1", port), timeout=_SECONDS)
        self._pending = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send these bytes; a server that has closed already is seen by the answer."""
        with suppress(OSError):
            self._socket.sendall(data)

    def answer(self, method: str = "GET") -> Answer:
        """Read one response, interim ones (100, 103) passed over."""
        while True:
            answer = self.head()
            if answer.status == 0 or answer.status >= 200:
                break
        if answer.status:
            self._read_body(answer, method)
        return answer

    def head(self) -> Answer:
        """Read the head of one response."""
        while b"\r\n\r\n" not in self._pending:
            if not self._receive():
                return Answer()
        text, _, self._pending = self._pending.partition(b"\r\n\r\n")
        first, *lines = text.decode("latin-1").split("\r\n")
        version, status = first.split(" ", 2)[:2]
        pairs = [line.partition(":") for line in lines]
        return Answer(int(status), version, [(name, value.strip()) for name, _, value in pairs])

    def readable(self, seconds: float) -> bool:
        """Say whether something comes within that time."""
        return bool(self._pending) or bool(select([self._socket], [], [], seconds)[0])

    def drain(self) -> None:
        """Read what the server still sends, until it closes.

        A server sends the body that HEAD must not have; to leave it unread resets the connection,
        and Werkzeug then closes no body.
        """
        with suppress(OSError):
            while self._receive():
                pass

    def close(self) -> None:
        """Leave, whatever the server still sends."""
        self._socket.close()

    def some(self, wanted: bytes) -> bytes:
        """Read until `wanted` is in what came, or the end; return what came."""
        while wanted not in self._pending and self._receive():
            pass
        return self._pending

    def _receive(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except ConnectionError:
            return False
        self._pending += data
        return bool(data)

    def _take(self, count: int) -> bytes | None:
        while len(self._pending) < count:
            if not self._receive():
                return None
        data, self._pending = self._pending[:count], self._pending[count:]
        return data

    def _read_body(self, answer: Answer, method: str) -> None:
        lengths = answer.values("content-length")
        if method == "HEAD" or answer.status in (204, 304):
            answer.complete = True
        elif "chunked" in "".join(answer.values("transfer-encoding")).lower():
            self._read_chunks(answer)
        elif lengths:
            data = self._take(int(lengths[0]))
            answer.body, answer.complete = data or self._pending, data is not None
        else:
            while self._receive():
                pass
            answer.body, self._pending, answer.complete = self._pending, b"", True

    def _read_chunks(self, answer: Answer) -> None:
        while True:
            while b"\r\n" not in self._pending:
                if not self._receive():
                    return
            size, _, self._pending = self._pending.partition(b"\r\n")
            data = self._take(int(size.partition(b";")[0], 16) + 2)
            if data is None:
                return
            if data == b"\r\n":
                answer.complete = True
                return
            answer.body += data[:-2]


def request(
    path: str,
    *lines: str | bytes,
    method: str = "GET",
    version: str = "HTTP/1.1",
    body: bytes = b"",
) -> bytes:
    """Return the bytes of a request, with Host and then these header lines as they are."""
    head = [f"{method} {path} {version}", "Host: api.example", *lines]
    raw = [line.encode() if isinstance(line, str) else line for line in head]
    return b"\r\n".join([*raw, b"", body])
