"""A mail server that keeps what it gets, and may look around while the conversation with it goes on."""

from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller


class Sink(Controller):
    def __init__(self, port, look=None):
        super().__init__(self, hostname="127.0.0.1", port=port)
        self.look, self.messages, self.seen = look, [], []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's word
        if self.look:
            self.seen.append(self.look())
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"
