"""Ports: a free one for a private server, and whether the one the user asked for can be had."""

import random
import socket

from devstack import DevstackError

# Below the range from which systems give ports to outgoing connections: one of those could otherwise sit on a server's
# port while that server is stopped.
_PRIVATE = range(15000, 30000)
_dice = random.SystemRandom()  # test workers seed the usual one alike, and would all choose the same ports


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on at this moment."""
    while True:
        port = _dice.choice(_PRIVATE)
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    """Whether one could listen on this port of 127.0.0.1."""
    try:
        _listen(socket.AF_INET, ("127.0.0.1", port))
    except OSError:
        return False
    return True


def require_free(host: str, port: int) -> None:
    """Raise when the API could not listen there."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        _listen(family, address)
    except OSError as failure:
        raise DevstackError(
            f"cannot listen on {host} port {port}: {failure.strerror}; choose another with --port"
        ) from failure


def _listen(family: int, address: tuple[object, ...]) -> None:
    with socket.socket(family) as probe:
        # As servers do: connections of an earlier server that linger in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen()


def dialled_host(host: str) -> str:
    """The host to connect to for a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def url_of(host: str, port: int) -> str:
    """The URL of a server that listens there."""
    host = dialled_host(host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
