"""The browsers' whole network: a proxy on the loopback address that knows every name there is.

A browser that is told to use it reaches the servers of the tests under the names that they were
given, and an empty page under any other origin, `https://a.b.c.app.example` or
`http://localhost:3000`. So a case runs on the very origins that its policy names, in all engines,
with no name resolution, no fixed port and no connection to anywhere else.
"""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.browsers.certificate import Certificate

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_PAGE = b"<!doctype html><title>A page of the tests</title>"
_PAGE_RESPONSE = b"\r\n".join(
    [
        b"HTTP/1.1 200 OK",
        b"Content-Type: text/html; charset=utf-8",
        b"Content-Length: %d" % len(_PAGE),
        b"Connection: close",
        b"",
        _PAGE,
    ]
)


@dataclass
class Network:
    """The running proxy: its own `port`, and the ports of the servers by host name."""

    port: int
    servers: dict[str, int] = field(default_factory=dict)
    _pages_port: int = 0

    async def _serve_proxy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await _head(reader)
        if not head.startswith(b"CONNECT "):
            return await _send_page(writer)
        host, _, port = head.split()[1].decode("latin-1").rpartition(":")
        target = self.servers.get(host, self._pages_port) if port == "443" else self._pages_port
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        ways = [
            asyncio.create_task(_pipe(reader, far_writer)),
            asyncio.create_task(_pipe(far_reader, writer)),
        ]
        try:
            # Neither a browser nor a server says more when the other has ended.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            far_writer.close()
        return None


@contextmanager
def network(certificate: Certificate) -> Iterator[Network]:
    """Run the proxy in a thread as long as the `with` block lasts."""
    loop = asyncio.new_event_loop()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.chain, certificate.key)

    listening: list[asyncio.Server] = []

    async def start() -> Network:
        here = Network(0)
        pages = await asyncio.start_server(_kept(_serve_page), "127.0.0.1", 0, ssl=tls)
        proxy = await asyncio.start_server(_kept(here._serve_proxy), "127.0.0.1", 0)
        listening.extend([pages, proxy])
        here._pages_port = pages.sockets[0].getsockname()[1]
        here.port = proxy.sockets[0].getsockname()[1]
        return here

    thread = threading.Thread(target=loop.run_forever, name="network", daemon=True)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(start(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _kept(serve: Serve) -> Serve:
    """Close each connection once it is served, and hold its task: the event loop does not."""
    tasks: set[asyncio.Task[None] | None] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        tasks.add(task)
        try:
            with suppress(OSError, EOFError, ssl.SSLError):
                await serve(reader, writer)
        finally:
            writer.close()
            tasks.discard(task)

    return served


async def _serve_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _head(reader)
    await _send_page(writer)


async def _send_page(writer: asyncio.StreamWriter) -> None:
    writer.write(_PAGE_RESPONSE)
    await writer.drain()


async def _head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()


async def _end(listening: list[asyncio.Server]) -> None:
    for server in listening:
        server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
