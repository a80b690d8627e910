"""Idempotency-Key: a request that is sent again is answered again and not done again (CONTRACT section 4).

Key, effect and answer are one transaction, so none of them is there without the others, whatever dies when.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from psycopg.errors import LockNotAvailable
from rest_framework.request import Request

from taskhub.api.problems import BadHeader, IdConflict, IdempotencyKeyInUse, IdempotencyKeyReused
from taskhub.postgresql.caller import Caller
from taskhub.postgresql.errors import is_caused_by
from taskhub.postgresql.statements import NothingInserted

HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
IN_META = "HTTP_IDEMPOTENCY_KEY"  # request.headers would be made anew for each request
KEY = re.compile(r'[\x21\x23-\x7e]{1,255}|"(?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}"')
# Waits for a request with the same key, up to PostgreSQL's lock_timeout. No row when that one is, or was, done
CLAIM = """WITH caller AS ({active}) INSERT INTO idempotency_key (owner_id, digest, fingerprint)
    SELECT user_id, %s, %s FROM caller ON CONFLICT DO NOTHING"""
KEEP = "UPDATE idempotency_key SET status = %s, headers = %s, body = %s WHERE owner_id = %s AND digest = %s"
KNOWN = """WITH caller AS ({active}) SELECT fingerprint, status, headers, body FROM idempotency_key
    WHERE owner_id = (SELECT user_id FROM caller) AND digest = %s"""
# As the beginning of a statement that inserts a row by FROM caller: for a request that was done before there is none.
# The answer is complete but for the caller's name and version
ONCE = """asker AS ({active}), claimed AS (
        INSERT INTO idempotency_key (owner_id, digest, fingerprint, status, headers, body)
        SELECT user_id, %s, %s, %s, replace(%s, %s, version::text)::jsonb,
            convert_to(replace(%s, %s, to_json(username)::text), 'UTF8')
        FROM asker ON CONFLICT DO NOTHING RETURNING digest
    ), """


class Sent(NamedTuple):
    """What identifies a request, and what it must be to be the same."""

    digest: UUID
    fingerprint: bytes


def sent(request: Request) -> Sent:
    """Raises BadHeader."""
    return Sent(digest_of(request), fingerprint_of(request))


def once(
    caller: Caller,
    sent: Sent,
    most_bytes: int,
    handler: Callable[..., HttpResponse],
    request: Request,
    *args: Any,
    **kwargs: Any,
) -> HttpResponse:
    """The answer of `handler`, or the one that it gave to the first request with this key.

    `most_bytes` is the longest answer that is kept. Raises IdempotencyKeyInUse, IdempotencyKeyReused, and what the
    handler raises: nothing is kept of the request then.
    """
    with transaction.atomic():
        if not claim(caller, sent):
            if answer := known(caller, sent):
                return answer
            raise IdempotencyKeyInUse  # it was pruned, or the account activated, in this moment
        response = handler(request, *args, **kwargs)
        keep(caller, sent, response, most_bytes)
        return response


def insert_once(
    caller: Caller,
    sent: Sent,
    insert: Callable[[Caller], tuple[str, int]],
    respond: Callable[[str, int | str], HttpResponse],
) -> HttpResponse:
    """As once(), in the one statement of `insert`. `respond` makes the answer of the caller's username and version,
    which the statement puts into the answer that it keeps.
    """
    mark = uuid4().hex  # nobody can have sent it
    draft = respond(mark, mark)
    kept = [draft.status_code, headers_of(draft), mark, draft.content.decode(), f'"{mark}"']
    keyed = replace(
        caller,
        before=ONCE.format(active=caller.active),
        active="SELECT asker.* FROM asker, claimed",
        parameters=[*caller.parameters, *sent, *kept],
    )
    try:
        return respond(*insert(keyed))
    except (NothingInserted, IdConflict) as error:  # or the id is that of the row which the first request made
        if answer := known(caller, sent):
            return answer
        raise (error if isinstance(error, IdConflict) else IdempotencyKeyInUse()) from error
    except OperationalError as error:
        raise in_use(error) from error
    finally:
        caller.checked = caller.checked or keyed.checked


def key_of(request: Request) -> str:
    """Raises BadHeader."""
    key: str = request.META[IN_META]
    if not KEY.fullmatch(key):
        raise BadHeader(HEADER, "It must be 1 to 255 visible ASCII characters, bare or in quotes.")
    if key.startswith('"'):
        key = re.sub(r"\\(.)", r"\1", key[1:-1])
    return key


def digest_of(request: Request) -> UUID:
    """Raises BadHeader."""
    key = key_of(request)
    scope = f"{request.method} {request.path.rstrip('/')} {key}"
    return UUID(bytes=hashlib.sha256(scope.encode()).digest()[:16])


def fingerprint_of(request: Request) -> bytes:
    """Of JSON and forms the value that was sent, so that a client may write it in another way when it repeats it."""
    value = None if request.method == "DELETE" else request.data
    query = request.META.get("QUERY_STRING")
    said = json.dumps(
        [value, request.META.get("HTTP_IF_MATCH"), *([query] if query else [])],
        sort_keys=True,
        separators=(",", ":"),
        default=lambda body: hashlib.sha256(body).hexdigest(),  # bytes, of what is no JSON
    )
    return hashlib.sha256(said.encode()).digest()


def claim(caller: Caller, sent: Sent) -> bool:
    """True for the first request with this key: others wait until the transaction ends."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(CLAIM.format(active=caller.active), [*caller.parameters, *sent])
        except OperationalError as error:
            raise in_use(error) from error
        return bool(cursor.rowcount)


def known(caller: Caller, sent: Sent) -> HttpResponse | None:
    """The first answer, if there was one. Raises IdempotencyKeyReused, and what the caller's check raises."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN.format(active=caller.active), [*caller.parameters, sent.digest])
        row = cursor.fetchone()
    if row is None:
        caller.check()
        return None
    caller.checked = True
    fingerprint, status, headers, body = row
    if bytes(fingerprint) != sent.fingerprint:
        raise IdempotencyKeyReused
    return HttpResponse(bytes(body), status=status, headers={**json.loads(headers), REPLAYED: "true"})


def keep(caller: Caller, sent: Sent, response: HttpResponse, most_bytes: int) -> None:
    """Raises RuntimeError for an answer that cannot be kept, which is a mistake of ours."""
    if not 200 <= response.status_code < 300 or len(response.content) > most_bytes:
        raise RuntimeError(f"An answer {response.status_code} of {len(response.content)} bytes cannot be kept.")
    with connection.cursor() as cursor:
        answer = (response.status_code, headers_of(response), response.content)
        cursor.execute(KEEP, [*answer, caller.pk, str(sent.digest)])


def headers_of(response: HttpResponse) -> str:
    return json.dumps(dict(response.items()))


def in_use(error: OperationalError) -> Exception:
    return IdempotencyKeyInUse() if is_caused_by(error, LockNotAvailable) else error
