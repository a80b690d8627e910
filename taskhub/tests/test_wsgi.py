"""What stands between the server and Django."""

import io
import json
import sys

import pytest
from django.core.signals import request_finished

from taskhub.wsgi import application

pytestmark = pytest.mark.django_db


def environ(body):
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/auth/refresh",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
    }


def answer_to(body, **more):
    started = []
    answer = application({**environ(body), **more}, lambda status, headers: started.append(status))
    return started[0][:3], json.loads(b"".join(answer))


def test_an_answer_is_one_piece_and_finishes_its_request_once():
    finished = []
    request_finished.connect(lambda **_: finished.append(1), weak=False, dispatch_uid="test")
    answer = application(environ(b"{}"), lambda *status_and_headers: None)
    request_finished.disconnect(dispatch_uid="test")

    assert (len(answer), json.loads(answer[0])["code"], finished) == (1, "validation_error", [1])


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_body_shorter_than_its_length_says_is_refused(body):
    status, problem = answer_to(body, CONTENT_LENGTH="50")

    assert (status, problem["code"]) == ("400", "malformed_body")
    assert "shorter" in problem["detail"]


def test_a_body_in_chunks_is_read_to_its_end():
    status, problem = answer_to(b'{"x": 1}', HTTP_TRANSFER_ENCODING="chunked")

    assert (status, problem["errors"][0]["pointer"]) == ("400", "/refresh_token")


@pytest.mark.parametrize("declared", [{"CONTENT_LENGTH": str(3 * 2**20)}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_a_body_too_large_is_refused_and_read_all_the_same(declared):
    body = io.BytesIO(b"x" * 3 * 2**20)
    status, problem = answer_to(b"", **declared, **{"wsgi.input": body})

    assert (status, problem["code"]) == ("413", "body_too_large")
    assert body.read() == b""
