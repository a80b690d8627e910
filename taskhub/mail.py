"""Mail on a development machine: one log line each."""

import logging
import re
from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

log = logging.getLogger("taskhub.mail")
LINK = re.compile(r"https?://[^\s<>\"]+")


class ConsoleBackend(BaseEmailBackend):
    """Sends nothing. Logs recipients, subject and the links in the text, which is what a developer needs."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            told = [", ".join(message.recipients()), f'"{message.subject}"', *LINK.findall(str(message.body))]
            log.info("mail to %s", " ".join(" ".join(told).split()))
        return len(email_messages)
