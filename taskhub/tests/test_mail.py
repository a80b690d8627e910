"""Mail on a development machine."""

import logging

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

CONSOLE = "taskhub.mail.ConsoleBackend"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("Hello", 'mail to alice@example.com, bob@example.com "Welcome"'),
        ("Go to https://x.test/a?b=1\nor <http://y.test>.", '… "Welcome" https://x.test/a?b=1 http://y.test'),
        ("", 'mail to alice@example.com, bob@example.com "Welcome"'),
    ],
)
def test_a_message_is_one_line_with_its_recipients_subject_and_links(caplog, body, line):
    caplog.set_level(logging.INFO)
    message = EmailMultiAlternatives("Welcome", body, to=["alice@example.com", "bob@example.com"])
    message.attach_alternative("<p>Hello</p>", "text/html")

    assert get_connection(CONSOLE).send_messages([message]) == 1
    assert caplog.messages == [line.replace("…", "mail to alice@example.com, bob@example.com")]
