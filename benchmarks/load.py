"""A load generator with little work of its own: each connection sends the same bytes again when the answer is there."""

import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from random import Random
from typing import Any, NamedTuple

ANSWER_SECONDS = 30  # seconds for an answer
LAST_CHUNK = b"\r\n0\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class WrongAnswer(Exception):
    """An answer with another status than the one that is measured: an error page is fast, and says nothing."""


class Request(NamedTuple):
    """What is sent, and the status that must come back."""

    content: bytes
    status: int = 200


def request(
    method: str, path: str, token: str | None = None, body: dict[str, str] | None = None, status: int = 200
) -> Request:
    content = json.dumps(body).encode() if body else b""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return Request("\r\n".join([*lines, "", ""]).encode() + content, status)


def ask(connection: socket.socket, request: Request) -> bytes:
    """The body of the answer, in chunks if it came so. Raises WrongAnswer."""
    connection.sendall(request.content)
    received = receive(connection)
    while b"\r\n\r\n" not in received:
        received += receive(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    if int(head[9:12]) != request.status:  # after "HTTP/1.1 "
        raise WrongAnswer(f"{request.content.splitlines()[0]!r} was answered by {received[:1000]!r}")
    length = LENGTH.search(head + b"\r\n")
    while len(body) < int(length[1]) if length else not body.endswith(LAST_CHUNK):
        body += receive(connection)
    return body


def receive(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise WrongAnswer("the server closed the connection")
    return received


def ask_once(port: int, request: Request) -> Any:
    """The answer, read as JSON."""
    with connect(port) as connection:
        body = ask(connection, request)
    # JSON on one line: every second line of a body in chunks is a part of it (RFC 9112 section 7.1)
    return json.loads(b"".join(body.split(b"\r\n")[1::2]) if body.endswith(LAST_CHUNK) else body)


def drive(port: int, request: Request, connections: int, seconds: float) -> tuple[int, float]:
    """A closed loop over `connections` kept open. Returns how many requests were answered, in how many seconds."""
    with ExitStack() as stack:
        opened = [stack.enter_context(connect(port)) for _ in range(connections)]
        pool = stack.enter_context(ThreadPoolExecutor(connections))
        started = time.perf_counter()
        counts = list(pool.map(lambda connection: repeat(connection, request, started + seconds), opened))
        return sum(counts), time.perf_counter() - started


def arrive(port: int, request: Request, rate: float, connections: int, seconds: float) -> list[float]:
    """An open loop: requests are due at random moments, `rate` of them a second, whether or not others are answered.

    Returns for each the seconds from when it was due to its answer, so waiting for a free connection counts. Sorted.
    """
    dice, due, moment = Random(1), [], 0.0  # the same arrivals for every program
    while (moment := moment + dice.expovariate(rate)) < seconds:
        due.append(moment)
    waiting, latencies = iter(due), []
    with ExitStack() as stack:
        opened = [stack.enter_context(connect(port)) for _ in range(connections)]
        started = time.perf_counter()

        def serve(connection: socket.socket) -> None:
            for moment in waiting:  # one iterator for all threads: each takes the next that is due
                time.sleep(max(0.0, started + moment - time.perf_counter()))
                ask(connection, request)
                latencies.append(time.perf_counter() - started - moment)

        with ThreadPoolExecutor(connections) as pool:
            list(pool.map(serve, opened))
    return sorted(latencies)


def repeat(connection: socket.socket, request: Request, until: float) -> int:
    count = 0
    while time.perf_counter() < until:
        ask(connection, request)
        count += 1
    return count


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
