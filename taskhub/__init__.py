"""The project: settings, addresses, the server, and in taskhub.api the HTTP conventions every app shares."""

__version__ = "0.1.0"
