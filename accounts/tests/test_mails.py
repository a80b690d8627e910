"""What mails say, and when they are not sent. jobs/tests/processes sends them through a real mail server."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from accounts.handlers import send_password_reset, send_verification, send_welcome
from accounts.models import SentMail, User
from accounts.tests.factories import UserFactory, verified
from jobs.registry import PermanentError
from jobs.tests.factories import JobFactory


@pytest.fixture
def job(alice):
    alice.email = "alice@example.com"
    alice.save()
    return welcome_of(alice)


def welcome_of(user):
    return JobFactory(job_id=f"welcome_email:{user.pk}", payload={"user_id": str(user.pk)})


def test_it_is_sent_as_text_and_html_to_the_user(job):
    result = send_welcome(job)
    message = mail.outbox[0]

    assert message.to == ["alice@example.com"]
    assert "http://localhost:8000/verify-email#" in message.body
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


@pytest.mark.parametrize("send", [send_welcome, send_verification])
def test_to_an_unverified_address_nothing_goes_that_the_user_wrote(job, send):
    User.objects.update(username="<b>Pay now</b>", name="Pay now")
    send(job)
    (message,) = mail.outbox

    assert "Pay now" not in message.message().as_string()


def test_once_the_address_is_verified_no_mail_asks_for_it(job, alice):
    verified(alice)

    assert send_verification(job) == {"sent": False, "reason": "verified_already"}


def test_five_mails_of_a_kind_go_to_an_address_in_an_hour_whoever_asks(alice):
    users = [*UserFactory.create_batch(6, email="Victim@example.com"), UserFactory(email="victim@example.com")]
    results = [send_welcome(welcome_of(user)) for user in users]

    assert [result["sent"] for result in results] == [True] * 5 + [False] * 2
    assert results[-1]["reason"] == "too_many"


def test_another_attempt_of_a_mail_is_not_counted_again(job):
    assert [send_welcome(job)["sent"] for _ in range(7)] == [True] * 7


def test_an_hour_later_the_next_may_go(alice):
    jobs = [welcome_of(user) for user in UserFactory.create_batch(6, email="v@example.com")]
    for job in jobs[:5]:
        send_welcome(job)
    SentMail.objects.update(sent_at=timezone.now() - timedelta(hours=1, seconds=1))

    assert send_welcome(jobs[5])["sent"]


def test_what_strangers_have_sent_does_not_use_up_what_the_owner_needs(alice):
    for user in UserFactory.create_batch(6, email="alice@example.com"):
        send_welcome(welcome_of(user))
    verified(alice)

    assert send_password_reset(JobFactory(kind="password_reset", payload={"user_id": str(alice.pk)}))["sent"]


def test_a_name_is_not_html_in_a_mail(alice):
    User.objects.update(username="<b>bob</b>")
    verified(User.objects.get())
    send_password_reset(JobFactory(kind="password_reset", payload={"user_id": str(alice.pk)}))

    assert "&lt;b&gt;bob" in mail.outbox[0].alternatives[0][0]
    assert "<b>bob</b>" in mail.outbox[0].body


def test_it_is_counted_before_it_goes_so_that_a_crash_never_sends_more(job, monkeypatch):
    monkeypatch.setattr(EmailBackend, "send_messages", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        send_welcome(job)

    assert SentMail.objects.get().address == "alice@example.com"
