"""What the welcome mail says and when it is not sent. jobs/tests/processes sends it through a real mail server."""

import smtplib

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from accounts.handlers import send_welcome
from accounts.models import User
from jobs.registry import PermanentError
from jobs.tests.factories import JobFactory


@pytest.fixture
def job(alice):
    alice.email = "alice@example.com"
    alice.save()
    return JobFactory(job_id=f"welcome_email:{alice.pk}", payload={"user_id": str(alice.pk)})


def test_it_is_sent_as_text_and_html_to_the_user(job):
    result = send_welcome(job)
    message = mail.outbox[0]

    assert message.to == ["alice@example.com"]
    assert "Hello alice" in message.body
    assert [kind for _, kind in message.alternatives] == ["text/html"]
    assert result == {"sent": True, "message_id": message.extra_headers["Message-ID"]}


def test_sent_twice_it_has_the_same_message_id(job):
    assert send_welcome(job) == send_welcome(job)


def test_without_address_it_is_not_sent(job):
    User.objects.update(email=None)

    assert send_welcome(job) == {"sent": False, "reason": "no_address"}


@pytest.mark.parametrize("gone", [{"is_active": False}, None])
def test_to_a_user_who_is_gone_it_is_not_sent(job, alice, gone):
    User.objects.update(**gone) if gone else alice.delete()

    assert send_welcome(job) == {"sent": False, "reason": "user_gone"}


@pytest.mark.parametrize(("code", "error"), [(550, PermanentError), (450, smtplib.SMTPRecipientsRefused)])
def test_an_address_refused_for_good_is_not_tried_again(job, monkeypatch, code, error):
    def refuse(self, messages):
        raise smtplib.SMTPRecipientsRefused({"alice@example.com": (code, b"no")})

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    with pytest.raises(error):
        send_welcome(job)


def test_a_name_is_not_html_in_the_mail(job):
    User.objects.update(username="<b>bob</b>")
    send_welcome(job)

    assert "&lt;b&gt;bob" in mail.outbox[0].alternatives[0][0]
    assert "<b>bob</b>" in mail.outbox[0].body
