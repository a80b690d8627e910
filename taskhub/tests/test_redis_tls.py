"""Redis over TLS: a server that cannot prove who it is gets nothing, neither from redis-py nor from kombu."""

import shutil
import socket
import ssl
import subprocess
import threading

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError
from redis import ConnectionError as RedisConnectionError
from redis import Redis

from devstack.service import wait_until
from taskhub import environment

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(not OPENSSL, reason="there is no openssl to make a certificate with")


@pytest.fixture(scope="module")
def impostor(tmp_path_factory):
    """The port of a server whose certificate nobody vouches for, and how each of its handshakes ended."""
    key, certificate = (str(tmp_path_factory.mktemp("tls") / name) for name in ("key", "certificate"))
    made = ["-keyout", key, "-out", certificate, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made], check=True, capture_output=True)
    context, ends = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, context, ends), daemon=True).start()
        yield listener.getsockname()[1], ends
        listener.shutdown(socket.SHUT_RDWR)  # ends the accept() of the thread


def serve(listener, context, ends):
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        try:
            context.wrap_socket(client, server_side=True).close()
            ends.append("trusted")
        except OSError:
            client.close()
            ends.append("refused")


@pytest.fixture
def url(impostor, monkeypatch, request):
    monkeypatch.setenv("REDIS_URL", f"rediss://127.0.0.1:{impostor[0]}/0{getattr(request, 'param', '')}")
    impostor[1].clear()
    return environment.redis("REDIS_URL")


def connect(url, settings):
    with pytest.raises(OperationalError) as caught:
        assert Connection(url, transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS).default_channel
    return str(caught.value)


def test_the_readiness_probe_does_not_trust_it(url):
    with Redis.from_url(url, retry=None) as client, pytest.raises(RedisConnectionError, match="CERTIFICATE_VERIFY"):
        client.ping()


@pytest.mark.parametrize("url", ["", "?ssl_check_hostname=true"], indirect=True)
def test_the_broker_connection_does_not_trust_it(url, settings):
    assert "CERTIFICATE_VERIFY_FAILED" in connect(url, settings)


@pytest.mark.parametrize("url", ["?ssl_cert_reqs=none"], indirect=True)
def test_who_asks_for_it_may_trust_anybody(url, settings, impostor):
    assert "CERTIFICATE_VERIFY_FAILED" not in connect(url, settings)
    wait_until(lambda: "trusted" in impostor[1], seconds=5)  # the other end notes it in a thread of its own
