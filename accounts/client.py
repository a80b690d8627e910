"""From where a request comes."""

from dataclasses import dataclass

from django.http import HttpRequest
from rest_framework.request import Request

LONGEST_DEVICE = 200  # characters


@dataclass(frozen=True)
class Client:
    """`address` is an IP address or None, `device` what the client says of itself."""

    address: str | None = None
    device: str = ""


def client_of(request: Request | HttpRequest) -> Client:
    """By the connection and the `User-Agent`, of which only what can be printed is kept."""
    said = request.META.get("HTTP_USER_AGENT", "")[:LONGEST_DEVICE]
    return Client(request.META.get("REMOTE_ADDR") or None, "".join(c for c in said if c.isprintable()))
