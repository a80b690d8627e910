"""It takes TaskHub's tokens and looks the user up at each request. No request id, no access line, no strict bodies."""

import base64
import os
import time
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.db.models import F, Q
from django_bolt import BoltAPI
from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.exceptions import NotFound, Unauthorized

from benchmarks.others.stock.models import Task, User

STARTED = time.monotonic()
FIELDS = ("id", "title", "description", "status", "completed_at", "created_at", "updated_at")
AUDIENCE = "http://localhost:8000"  # the PUBLIC_URL of a development machine
KEY = os.environ["JWT_SIGNING_KEYS"].partition(":")[2]
SIGNED_IN: dict[str, Any] = {
    "auth": [JWTAuthentication(secret=KEY, algorithms=["HS256"], audience=AUDIENCE, leeway=0)],
    "guards": [IsAuthenticated()],
}
api = BoltAPI()


class NewTask(msgspec.Struct):
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    description: Annotated[str, msgspec.Meta(max_length=10_000)] = ""
    status: Literal["todo", "in_progress", "done", "cancelled"] = "todo"


def caller(request: Any) -> User:
    user = User.objects.filter(pk=request.context["user_id"], is_active=True).only("id", "username").first()
    if user is None:
        raise Unauthorized
    return user


@api.get("/tasks", **SIGNED_IN)
def list_tasks(request: Any, limit: int = 20, cursor: str | None = None) -> dict[str, Any]:
    user, limit = caller(request), max(1, min(limit, 100))
    tasks = Task.objects.filter(owner=user).order_by("-created_at", "-id")
    if cursor is not None:
        moment, pk = base64.urlsafe_b64decode(cursor).decode().split(" ")
        tasks = tasks.filter(Q(created_at__lt=moment) | Q(created_at=moment, id__lt=pk), created_at__lte=moment)
    rows = list(tasks.values(*FIELDS, owner_name=F("owner__username"))[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    for row in rows:
        row["owner"] = row.pop("owner_name")
    place = f"{rows[-1]['created_at'].isoformat()} {rows[-1]['id']}" if more else ""
    following = base64.urlsafe_b64encode(place.encode()).decode() if more else None
    return {"items": rows, "meta": {"limit": limit, "has_more": more, "next_cursor": following}}


@api.get("/tasks/{pk}", **SIGNED_IN)
def get_task(request: Any, pk: UUID) -> dict[str, Any]:
    user = caller(request)
    row = Task.objects.filter(owner=user, pk=pk).values(*FIELDS).first()
    if row is None:
        raise NotFound
    return {**row, "owner": user.username}


@api.post("/tasks", status_code=201, **SIGNED_IN)
def create_task(request: Any, data: NewTask) -> dict[str, Any]:
    user = caller(request)
    completed_at = datetime.now(UTC) if data.status == "done" else None
    task = Task.objects.create(owner=user, completed_at=completed_at, **msgspec.structs.asdict(data))
    return {**{name: getattr(task, name) for name in FIELDS}, "owner": user.username}


@api.get("/health")
def health() -> dict[str, Any]:
    return {"status": "ok", "timestamp": datetime.now(UTC), "uptime_seconds": time.monotonic() - STARTED}
