"""What several operations share, as the OpenAPI document tells of it."""

from drf_spectacular.utils import OpenApiExample

from taskhub.api.openapi import (
    answer_header,
    invalid,
)

USER = OpenApiExample(
    "A user",
    {
        "id": "019ab3c2-11aa-7c55-9d3e-0a1b2c3d4e5f",
        "username": "alice",
        "email": "alice@example.com",
        "email_verified_at": None,
        "created_at": "2026-11-21T08:29:00.654321Z",
        "name": "Alice",
        "time_zone": "Europe/Vienna",
        "version": 1,
    },
    response_only=True,
)
NOT_STORED = answer_header("Cache-Control", 200, "`no-store` (RFC 6749 section 5.1).")
NO_ADDRESS = invalid("email", "invalid", "Enter a valid email address.")
