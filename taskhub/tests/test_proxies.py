"""What proxies in front of the server say of a request, and whom one believes."""

import time

import pytest

from taskhub.api.proxies import client_address, waited


@pytest.mark.parametrize(
    ("trusted", "said", "address"),
    [
        (0, "203.0.113.7", None),
        (1, "", None),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", "203.0.113.7"),
        (1, "203.0.113.7:4711", "203.0.113.7"),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (1, "2001:DB8::7", "2001:db8::7"),
        (1, "unknown", None),
        (1, "_hidden, <script>", None),
        (1, " , ,", None),
    ],
)
def test_the_client_is_who_asked_the_outermost_trusted_proxy(settings, trusted, said, address):
    settings.TRUSTED_PROXIES = trusted

    assert client_address({"HTTP_X_FORWARDED_FOR": said}) == address


@pytest.mark.parametrize(
    ("trusted", "ago", "seconds"), [(1, 3, 3), (0, 3, 0), (1, -3, 0), (1, 3600, 0), (1, "x", 0), (1, "", 0)]
)
def test_how_long_a_request_has_waited_is_told_by_the_first_proxy(settings, trusted, ago, seconds):
    settings.TRUSTED_PROXIES = trusted
    said = f"{(time.time() - ago) * 1000:.0f}" if isinstance(ago, int) else ago

    assert waited({"HTTP_X_REQUEST_START": said}) == pytest.approx(seconds, abs=0.2)
