"""From sign-up to the welcome mail, over HTTP and SMTP, with and without Redis and the mail server."""

import hashlib
import re
import time

import pytest
import redis

from devstack.service import wait_until
from jobs.tests.processes.laboratory import frozen
from jobs.tests.processes.sink import Sink

pytestmark = pytest.mark.usefixtures("awake")
CREDENTIALS = {"password": "correct horse battery"}
SOON = 5  # seconds, against hanging: a quiet machine takes about one, Celery's own settings would wait for ever


@pytest.fixture
def fresh_server(works):
    """One that does not remember that Redis was away."""
    works.stop()
    works.serve()


def register(works, username):
    """Returns the id of the welcome job, and how long the answer took."""
    with works.client() as client:
        started = time.monotonic()
        response = client.post(
            "/auth/register", json={**CREDENTIALS, "username": username, "email": f"{username}@example.com"}
        )
        seconds = time.monotonic() - started
    assert response.status_code == 201
    return f"welcome_email:{response.json()['id']}", seconds


def job_over_http(works, username, job_id, method="GET"):
    with works.client() as client:
        login = client.post("/auth/login", data={**CREDENTIALS, "username": username}).raise_for_status()
        token = {"Authorization": f"Bearer {login.json()['access_token']}"}
        return client.request(method, f"/jobs/{job_id}", headers=token).raise_for_status().json()


def test_who_registers_gets_one_welcome_mail(works):
    with Sink(works.smtp_port) as sink:
        job_id, _ = register(works, "walter")
        wait_until(lambda: works.lab.finished(job_id), seconds=20)
    (message,) = (message for message in sink.messages if message["To"] == "walter@example.com")
    message_id = f"<{hashlib.sha256(job_id.encode()).hexdigest()[:32]}@taskhub.localhost>"

    assert (message["To"], message["Message-ID"]) == ("walter@example.com", message_id)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    job = job_over_http(works, "walter", job_id)
    assert (job["state"], job["attempt"]) == ("succeeded", 1)
    assert job["result"] == {"sent": True, "message_id": message_id}


def link_in(message):
    """Without what is before the `#`."""
    (link,) = re.findall(r"http://\S+", message.get_body(("plain",)).get_content())
    return link.partition("#")[2]


def test_the_links_of_mails_verify_an_address_and_set_another_password(works):
    """From the worker through SMTP and a parser of mails, back to the API."""
    with Sink(works.smtp_port) as sink, works.client() as client:
        job_id, _ = register(works, "linkage")
        wait_until(lambda: works.lab.finished(job_id), seconds=20)
        to_her = lambda: [message for message in sink.messages if message["To"] == "linkage@example.com"]  # noqa: E731
        verified = client.post("/auth/email/verify", json={"token": link_in(to_her()[0])})
        client.post("/auth/password/reset", json={"email": "Linkage@example.com"}).raise_for_status()
        wait_until(lambda: len(to_her()) == 2, seconds=20)
        token = link_in(to_her()[1])
        client.post("/auth/password/reset/confirm", json={"token": token, "new_password": "battery staple"})
        signed_in = client.post("/auth/login", json={"username": "linkage", "password": "battery staple"})

    assert (verified.status_code, signed_in.status_code) == (204, 200)
    assert [message["Subject"] for message in to_her()[:2]] == ["Welcome to TaskHub", "A new password for TaskHub"]


def test_a_mail_server_that_is_down_delays_the_mail(works):
    job_id, _ = register(works, "patience")
    wait_until(lambda: works.lab.attempts(job_id)[:1] == ["error"], seconds=10)
    with Sink(works.smtp_port) as sink:
        wait_until(lambda: works.lab.finished(job_id), seconds=20)

    assert [message["To"] for message in sink.messages].count("patience@example.com") == 1
    assert works.lab.job(job_id).state == "succeeded"
    assert works.lab.job(job_id).attempt > 1


def test_a_mail_that_failed_goes_out_when_its_owner_retries_it(works):
    job_id, _ = register(works, "redo")
    wait_until(lambda: works.lab.attempts(job_id)[:1] == ["error"], seconds=10)
    works.lab.database.execute("UPDATE job_log SET max_attempts = attempt + 1 WHERE job_id = %s", [job_id])
    wait_until(lambda: works.lab.finished(job_id), seconds=30)
    assert job_over_http(works, "redo", job_id)["state"] == "failed"

    with Sink(works.smtp_port) as sink:
        assert job_over_http(works, "redo", f"{job_id}/retry", method="POST")["state"] == "queued"
        wait_until(lambda: works.lab.finished(job_id), seconds=20)
    assert [message["To"] for message in sink.messages].count("redo@example.com") == 1
    assert job_over_http(works, "redo", job_id)["state"] == "succeeded"


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_with_redis_frozen_sign_up_answers_and_the_mail_goes_out_later(works, fresh_server, warm):
    """Whether the server has a connection to Redis already or must make one."""
    if warm:
        register(works, "warmth")
    with frozen(works.valkey.pid):
        job_id, seconds = register(works, f"winter{warm}")
    with Sink(works.smtp_port) as sink:
        wait_until(lambda: works.lab.finished(job_id), seconds=20)

    assert seconds < SOON
    assert [message["To"] for message in sink.messages].count(f"winter{warm}@example.com") == 1


def test_with_redis_down_sign_up_answers_and_the_mail_goes_out_later(works, fresh_server):
    works.valkey.stop()
    job_id, seconds = register(works, "noredis")
    works.valkey.start()
    with Sink(works.smtp_port) as sink:
        wait_until(lambda: works.lab.finished(job_id), seconds=20)

    assert seconds < SOON
    assert [message["To"] for message in sink.messages].count("noredis@example.com") == 1


def test_with_redis_full_sign_up_answers_and_the_mail_goes_out_later(works, fresh_server):
    with redis.Redis.from_url(works.valkey.url) as broker:
        broker.config_set("maxmemory", 1)
        job_id, _ = register(works, "fullness")
        assert not works.lab.finished(job_id)
        broker.config_set("maxmemory", 0)
    with Sink(works.smtp_port) as sink:
        wait_until(lambda: works.lab.finished(job_id), seconds=30)

    assert [message["To"] for message in sink.messages].count("fullness@example.com") == 1
