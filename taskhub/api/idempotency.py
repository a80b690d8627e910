"""Idempotency-Key: a request that is sent again is answered again and not done again (CONTRACT section 4).

Key, effect and answer are one transaction, so none of them is there without the others, whatever dies when.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from psycopg.errors import LockNotAvailable
from rest_framework.request import Request

from taskhub.api.problems import BadHeader, IdempotencyKeyInUse, IdempotencyKeyReused
from taskhub.postgresql.caller import Caller
from taskhub.postgresql.errors import is_caused_by

HEADER = "Idempotency-Key"
KEY = re.compile(r'[\x21\x23-\x7e]{1,255}|"(?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}"')
# Waits for a request with the same key, up to PostgreSQL's lock_timeout. What that one has committed meanwhile, only
# another statement sees: then this one finds neither a new row nor a known one
CLAIM = """WITH caller AS ({active}), claimed AS (
        INSERT INTO idempotency_key (owner_id, digest, fingerprint) SELECT user_id, %s, %s FROM caller
        ON CONFLICT DO NOTHING RETURNING digest
    ) SELECT claimed.digest IS NOT NULL, known.fingerprint, known.status, known.headers, known.body
    FROM caller LEFT JOIN claimed ON true LEFT JOIN idempotency_key AS known
        ON known.owner_id = user_id AND known.digest = %s"""
KEEP = "UPDATE idempotency_key SET status = %s, headers = %s, body = %s WHERE owner_id = %s AND digest = %s"


class Sent(NamedTuple):
    """What identifies a request, and what it must be to be the same."""

    digest: UUID
    fingerprint: bytes


def once(
    caller: Caller, most_bytes: int, handler: Callable[..., HttpResponse], request: Request, *args: Any, **kwargs: Any
) -> HttpResponse:
    """The answer of `handler`, or the one that it gave to the first request with this key.

    `most_bytes` is the longest answer that is kept. Raises BadHeader, IdempotencyKeyInUse, IdempotencyKeyReused, and
    what the handler raises: nothing is kept of the request then.
    """
    sent = Sent(digest_of(request), fingerprint_of(request))
    with transaction.atomic():
        if answer := claim(caller, sent):
            return answer
        response = handler(request, *args, **kwargs)
        keep(caller, sent, response, most_bytes)
        return response


def digest_of(request: Request) -> UUID:
    """Raises BadHeader."""
    key = request.headers[HEADER]
    if not KEY.fullmatch(key):
        raise BadHeader(HEADER, "It must be 1 to 255 visible ASCII characters, bare or in quotes.")
    if key.startswith('"'):
        key = re.sub(r"\\(.)", r"\1", key[1:-1])
    scope = f"{request.method} {request.path.rstrip('/')} {key}"
    return UUID(bytes=hashlib.sha256(scope.encode()).digest()[:16])


def fingerprint_of(request: Request) -> bytes:
    """Of JSON and forms the value that was sent, so that a client may write it in another way when it repeats it."""
    value = None if request.method == "DELETE" else request.data
    said = json.dumps([value, request.headers.get("If-Match")], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).digest()


def claim(caller: Caller, sent: Sent) -> HttpResponse | None:
    """None for the first request with this key, which is claimed until the transaction ends; else the first answer."""
    statement = CLAIM.format(active=caller.active)
    while True:
        with connection.cursor() as cursor:
            try:
                cursor.execute(statement, [*caller.parameters, *sent, sent.digest])
            except OperationalError as error:
                if is_caused_by(error, LockNotAvailable):
                    raise IdempotencyKeyInUse from error
                raise
            row = cursor.fetchone()
        if row is None:
            caller.check()
            raise IdempotencyKeyInUse  # the account was activated in this moment
        caller.checked = True
        claimed, fingerprint, status, headers, body = row
        if claimed:
            return None
        if status is not None:
            if bytes(fingerprint) != sent.fingerprint:
                raise IdempotencyKeyReused
            first = {**json.loads(headers), "Idempotency-Replayed": "true"}
            return HttpResponse(bytes(body), status=status, headers=first)


def keep(caller: Caller, sent: Sent, response: HttpResponse, most_bytes: int) -> None:
    """Raises RuntimeError for an answer that cannot be kept, which is a mistake of ours."""
    if not 200 <= response.status_code < 300 or len(response.content) > most_bytes:
        raise RuntimeError(f"An answer {response.status_code} of {len(response.content)} bytes cannot be kept.")
    values: list[Any] = [
        response.status_code,
        json.dumps(dict(response.items())),
        response.content,
        caller.pk,
        sent.digest,
    ]
    with connection.cursor() as cursor:
        cursor.execute(KEEP, values)
