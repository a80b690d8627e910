"""What proxies in front of the server say of a request. Nobody is believed unless TRUSTED_PROXIES counts them."""

import time
from ipaddress import ip_address
from typing import Any

from django.conf import settings

OLDEST = 60  # seconds: an older time was set by no proxy of ours, or by one with another clock


def client_address(environ: dict[str, Any]) -> str | None:
    """The address that the outermost trusted proxy was asked from; None where nobody is believed.

    Each proxy adds one to X-Forwarded-For, at its end. Whatever is before those was written by the client.
    """
    hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if not settings.TRUSTED_PROXIES or not hops:
        return None
    return without_port(hops[-min(settings.TRUSTED_PROXIES, len(hops))])


def without_port(hop: str) -> str | None:
    """None for what is no address."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ip_address(hop))
    except ValueError:
        return None


def waited(environ: dict[str, Any]) -> float:
    """Seconds since the first proxy had the request: `X-Request-Start`, in milliseconds since 1970."""
    said = environ.get("HTTP_X_REQUEST_START", "")
    if not settings.TRUSTED_PROXIES or not (said.isascii() and said.isdigit()):
        return 0.0
    seconds = time.time() - int(said[:20]) / 1000
    return seconds if 0 < seconds < OLDEST else 0.0
