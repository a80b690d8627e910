"""Django's middleware for sessions and what stands on them, for the admin alone."""

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.middleware.csrf import CsrfViewMiddleware

from taskhub.api.middleware import AdminOnly


class Sessions(AdminOnly, SessionMiddleware):
    pass


class CSRF(AdminOnly, CsrfViewMiddleware):
    """A view outside the admin that REST framework does not exempt still takes no form: its token is not found."""


class Authentication(AdminOnly, AuthenticationMiddleware):
    pass


class Messages(AdminOnly, MessageMiddleware):
    pass
