"""Everything that is kept about an account, as one JSON document: {"account": {…}, "tasks": […], …}."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Length
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import ExportPart, User
from accounts.serializers import UserSerializer
from jobs.running import heartbeat
from jobs.services import enqueue, look
from taskhub.api.formats import to_json
from taskhub.owned import Owned, tables

MOST_AT_ONCE = 1000  # rows that are exported while the client waits
PART = 512 * 1024  # bytes, about
ROWS = 1000  # fetched at a time


def is_small(user: User) -> bool:
    left = MOST_AT_ONCE
    for table in shown().values():
        left -= table.rows(user.pk)[: left + 1].count()
        if left < 0:
            return False
    return True


def shown() -> dict[str, Owned]:
    return {name: table for name, table in tables.items() if table.columns}


def document(user: User) -> Iterator[bytes]:
    """In pieces, of which each holds one row at most."""
    account = {**UserSerializer(user).data, "last_login": user.last_login, "is_staff": user.is_staff}
    yield b'{"exported_at":' + to_json(timezone.now()) + b',"account":' + to_json(account)
    for name, table in shown().items():
        yield b"," + to_json(name) + b":["
        rows = table.rows(user.pk).values(*table.columns).iterator(chunk_size=ROWS)
        for number, row in enumerate(rows):
            yield (b"," if number else b"") + to_json(row)
        yield b"]"
    yield b"}"


def in_parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Joins pieces until they have about PART bytes."""
    part = bytearray()
    for piece in pieces:
        part += piece
        if len(part) >= PART:
            yield bytes(part)
            part.clear()
    yield bytes(part)


def keep(job: Any, user: User) -> dict[str, int]:
    """Writes the parts of a job's export, anew in each attempt."""
    ExportPart.objects.filter(job_id=job.job_id).delete()
    size = 0
    for number, body in enumerate(in_parts(document(user))):
        ExportPart.objects.create(job_id=job.job_id, number=number, owner=user, body=body)
        size += len(body)
        heartbeat(job, {"bytes": size})
    return {"bytes": size}


def kept_or_asked_for(user: User) -> tuple[str, int]:
    """The id of the job, and the size in bytes of what it has made: 0 while it is under way."""
    with transaction.atomic():
        User.objects.locked(user.pk)  # of two requests at once, one asks for it
        job = next(iter(look(f"account_export:{user.pk}:")[-1:]), None)
        parts = ExportPart.objects.filter(job_id=job.job_id, owner=user) if job else ExportPart.objects.none()
        size = parts.aggregate(size=Sum(Length("body")))["size"] or 0
        if job and (job.state in ("queued", "running") or (job.state == "succeeded" and size)):
            return job.job_id, size if job.state == "succeeded" else 0
        return enqueue("account_export", f"{user.pk}:{uuid7()}", {"user_id": str(user.pk)}, owner=user), 0


def kept(job_id: str) -> Iterator[bytes]:
    for part in ExportPart.objects.filter(job_id=job_id).order_by("number").values_list("body", flat=True).iterator(1):
        yield bytes(part)
