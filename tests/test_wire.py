"""Whatever comes over the wire, the answer is a problem below 500, soon."""

import http.client
import json
import re
import socket
from contextlib import closing

import psycopg
import pyotp
import pytest

FORM = "application/x-www-form-urlencoded"


def send(service, request):
    """The status and body of the answer to raw bytes."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as wire:
        wire.sendall(request)
        answer = http.client.HTTPResponse(wire)
        answer.begin()
        return answer.status, json.loads(answer.read())


def request(path="/auth/login", body=b"{}", length=None, headers=""):
    length = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    return head.encode("latin-1") + body


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=hex",
        "application/json; charset=idna",
        "application/json; charset*=nope'en'x%41",
        "x/y; boundary*=nope''%41",
        "multipart/form-data; boundary=x; charset=idna",
        "multipart/form-data; boundary=",
        "multipart/form-data",
        f"{FORM}; charset=utf-16",
        FORM,
        "",
        ";;;",
        "\xff",
    ],
)
def test_an_odd_content_type_is_refused(service, content_type):
    status, body = send(service, request(path="/auth/login?a=%41", headers=f"Content-Type: {content_type}\r\n"))

    assert 400 <= status < 500
    assert body["request_id"]


@pytest.mark.parametrize(
    "path",
    ["//tasks/", "/tasks/%2e%2e/", "/tasks/..;/", "/%00", "/%ff", "/tasks%2fx", "/static/../manage.py"],
)
def test_an_odd_path_is_not_found(service, path):
    assert send(service, request(path=path, headers="Content-Type: application/json\r\n"))[0] in {404, 405}


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer " + "x" * 20_000,
        "Authorization: Bearer \xe4\xf6",
        "Cookie: " + "a=b; " * 3000,
        "X-Request-ID: a\tb",
        "X-HTTP-Method-Override: DELETE",
        "Accept: \xff",
    ],
)
def test_an_odd_header_is_survived(service, header):
    status, _ = send(service, request(headers=f"Content-Type: application/json\r\n{header}\r\n"))

    assert status == 400  # the empty body lacks a username


@pytest.mark.parametrize("path", ["/health", "/tasks/", "/docs", "/static/admin/css/base.css"])
def test_an_answer_says_how_long_it_is(service, path):
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)) as client:
        client.request("GET", path)
        answer = client.getresponse()

    assert (int(answer.headers["Content-Length"]), answer.headers["Transfer-Encoding"]) == (answer.length, None)


def test_a_refused_body_is_read_so_that_its_sender_hears_why(service):
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)) as client:
        client.request("POST", "/auth/login", body=b"x" * 10_000_000, headers={"Content-Type": "application/json"})
        assert client.getresponse().status == 413


def test_while_a_client_is_slow_others_are_answered_and_no_transaction_is_open(service):
    with service.signed_up("snail") as client, psycopg.connect(service.postgres.url) as database:
        with socket.create_connection(("127.0.0.1", service.port)) as wire:
            head = f"Content-Type: application/json\r\nAuthorization: {client.headers['Authorization']}\r\n"
            wire.sendall(request("/tasks/", b'{"title":', length=100, headers=head))
            statuses = {client.get("/tasks/").status_code for _ in range(20)}
            waiting = database.execute("SELECT FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")

        assert (statuses, waiting.fetchall()) == ({200}, [])


SECRETIVE = {"username": "secretive", "password": "correct horse battery"}


def test_neither_passwords_nor_tokens_are_logged(service):
    with service.signed_up("secretive") as client:
        client.post("/auth/refresh", json={"refresh_token": client.headers["Authorization"]})
        client.patch("/auth/me", json={"email": "secretive@example.com"}).raise_for_status()
        device = client.post("/auth/login", json=SECRETIVE).json()["device_token"]
        factor = client.post("/auth/second-factor").json()["secret"]
        codes = client.post("/auth/second-factor/confirm", json={"code": pyotp.TOTP(factor).now()}).json()
        challenge = client.post("/auth/login", json=SECRETIVE, headers={"X-Device-Token": device}).json()["challenge"]
        client.post("/auth/password/reset/confirm", json={"token": "secretive-token", "new_password": "secretive one"})
    log = service.log.read_text()
    secrets = [device, factor, challenge, *codes["recovery_codes"]]

    assert "POST /auth/register 201" in log
    assert "correct horse battery" not in log
    assert client.headers["Authorization"].removeprefix("Bearer ") not in log
    assert not [secret for secret in secrets if secret in log]
    assert "secretive" not in log


def test_an_access_line_tells_the_id_of_the_user(service):
    with service.signed_up("dora") as client:
        user_id = client.get("/auth/me").json()["id"]

    assert re.search(rf"GET /auth/me 200 [0-9.]+ms 127.0.0.1 {user_id}$", service.log.read_text(), re.MULTILINE)
    assert re.search(r"POST /auth/login 200 [0-9.]+ms 127.0.0.1 -$", service.log.read_text(), re.MULTILINE)


def test_every_log_line_of_a_request_holds_its_id(service):
    with service.client() as client:
        client.get("/tasks/?limit=2", headers={"X-Request-ID": "req-7"})

    assert "taskhub.access [req-7] GET /tasks/?limit=2 401 " in service.log.read_text()
