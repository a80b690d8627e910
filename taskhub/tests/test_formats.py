"""What a body may be. Every refusal is a clear 4xx that says malformed_body; nothing becomes a 500."""

import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from taskhub.api.formats import from_json, to_json

LARGEST = 2**53 - 1


def nested(levels):
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} x',
        b"NaN",
        b'{"a": Infinity}',
        b"1e999",
        b"01",
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        '"a"'.encode("utf-16"),
        b'"\\ud800"',
        b'"\xed\xa0\x80"',
        b'"\\u0000"',
        b'{"\\u0000": 1}',
        b'["ok", ["\\u0000"]]',
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": 1, "\\u0061": 2}',
        b'[{"a:": 1, "a:": 2}]',
        nested(33).encode(),
        nested(100_000).encode(),
        b'{"a":' * 33 + b"1" + b"}" * 33,
        str(LARGEST + 1).encode(),
        str(-LARGEST - 1).encode(),
        b'{"a": [123456789012345678901234567890]}',
        b'{"a": -1234567890123456789}',
        b"9" * 5000,
    ],
)
def test_it_is_refused(body):
    with pytest.raises(ParseError):
        from_json(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1, "b": {"a": 1}}', {"a": 1, "b": {"a": 1}}),
        (b'{"a\\"b:c": "d:e\\\\"}', {'a"b:c': "d:e\\"}),
        (b'["99999999999999999999"]', ["99999999999999999999"]),
        (b"[1.5e300, 0.12345678901234567890, 1e20]", [1.5e300, 0.12345678901234567890, 1e20]),
        (str(LARGEST).encode(), LARGEST),
        (b"[1e-" + b"0" * 5000 + b"1, 1E+0000000000000000001]", [0.1, 10.0]),
        (nested(32).encode(), eval(nested(32))),  # noqa: S307 - brackets only
        ('"\U0001f98a \u2028"'.encode(), "\U0001f98a \u2028"),
    ],
)
def test_it_is_read(body, value):
    assert from_json(body) == value


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), inner)
    ),
    max_leaves=20,
)


@given(documents)
def test_what_is_written_is_read_back(document):
    assert from_json(to_json(document)) == document


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=st.binary(max_size=60),
    content_type=st.sampled_from(["application/json", "text/plain", "", "multipart/form-data", "x"]),
)
def test_no_body_is_an_error_of_the_server(anonymous_client, body, content_type):
    for path in ("/auth/register", "/auth/login", "/auth/refresh"):
        response = anonymous_client.generic("POST", path, body, content_type=content_type)
        assert 400 <= response.status_code < 500
        assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "text/json", "json"]
)
def test_another_content_type_is_unsupported(alice_client, content_type):
    response = alice_client.generic("POST", "/tasks/", '{"title": "x"}', content_type=content_type)

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_an_unsupported_type_is_told_the_right_one(alice_client):
    response = alice_client.generic("POST", "/tasks/", "title=x", content_type="")

    assert response.json()["detail"] == "Send the body with Content-Type: application/json."


def test_a_compressed_body_is_unsupported(alice_client):
    body = gzip.compress(b'{"title": "x"}')
    headers = {"Content-Encoding": "gzip"}
    response = alice_client.generic("POST", "/tasks/", body, content_type="application/json", headers=headers)

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_bytes_that_are_not_utf8_are_called_so(alice_client):
    response = alice_client.generic("POST", "/tasks/", gzip.compress(b"{}"), content_type="application/json")

    assert response.json()["detail"] == "The body is not valid JSON: it is not UTF-8."


@pytest.mark.parametrize("body", ["[]", '"text"', "12"])
def test_a_body_that_is_no_object_is_told_in_the_words_of_json(alice_client, body):
    response = alice_client.generic("POST", "/tasks/", body, content_type="application/json")

    assert [error["detail"] for error in response.json()["errors"]] == ["This must be a JSON object."]


def test_the_merge_patch_type_is_for_patch_alone(alice_client):
    response = alice_client.generic("POST", "/tasks/", '{"title": "x"}', content_type="application/merge-patch+json")

    assert response.status_code == 415


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;"])
def test_parameters_and_case_of_the_content_type_do_not_matter(alice_client, content_type):
    assert alice_client.generic("POST", "/tasks/", '{"title": "x"}', content_type=content_type).status_code == 201


@pytest.mark.parametrize(
    "accept", ["text/html", "image/png", "application/xml;q=0.9", "", "rubbish", "application/json;version=9"]
)
def test_the_answer_is_json_whatever_accept_says(alice_client, accept):
    response = alice_client.get("/tasks/", headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_a_file_in_a_form_is_refused(anonymous_client):
    from django.core.files.uploadedfile import SimpleUploadedFile

    form = {"username": "alice", "password": SimpleUploadedFile("password", b"x")}
    response = anonymous_client.post("/auth/login", form, format="multipart")

    assert (response.status_code, response.json()["code"]) == (400, "malformed_body")
