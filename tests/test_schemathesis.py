"""Requests that nobody thought of, made of the OpenAPI document by schemathesis, against the real server.

Fifteen seconds with a token and without; FUZZ_SECONDS=600 makes it longer.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.service import ROOT

SECONDS = os.environ.get("FUZZ_SECONDS", "15")
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,allow_header_conformance,unsupported_method"
)
ENDING = (
    "logOut",
    "logOutEverywhere",
    "deleteMe",
    "endSession",
)  # the session that asks, and all that follows is a 401


@pytest.mark.timeout(60 + 2 * int(SECONDS))
@pytest.mark.parametrize("who", ["fuzz_with_a_token", None])
def test_every_answer_is_one_that_the_document_tells_of_and_none_is_an_error_of_ours(service, tmp_path, who):
    command = [
        *(str(Path(sys.executable).parent / "schemathesis"), "run", str(ROOT / "docs/openapi.json")),
        *("--url", service.url, "--max-time", SECONDS, "--seed", "7", "--checks", CHECKS, "--no-color"),
        *(word for name in ENDING for word in ("--exclude-operation-id", name)),
    ]
    if who:
        with service.signed_up(who, email=f"{who}@example.com") as client:
            command += ["--header", f"Authorization: {client.headers['Authorization']}"]
    before = service.log.read_text().count("Traceback")
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert told.returncode == 0, told.stdout[-5000:] + told.stderr
    assert service.log.read_text().count("Traceback") == before
