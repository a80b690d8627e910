"""Litestar, asyncpg and msgspec: what a Python team would pick for speed.

It takes TaskHub's tokens and looks the user up on the way of each statement, as TaskHub does. No request id, no access
line, no strict bodies.
"""

import base64
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import asyncpg
import jwt
import msgspec
from litestar import Litestar, Request, get, post
from litestar.di import Provide
from litestar.exceptions import NotAuthorizedException, NotFoundException
from uuid_utils.compat import UUID, uuid7

STARTED = time.monotonic()
KEYS = dict(pair.split(":", 1) for pair in os.environ["JWT_SIGNING_KEYS"].split(","))
CALLER = "WITH caller AS (SELECT id AS user_id, username FROM users WHERE id = $1 AND is_active)"
COLUMNS = "id, title, description, (SELECT username FROM caller) AS owner, status, completed_at, created_at, updated_at"
MINE = f"{CALLER} SELECT {COLUMNS} FROM tasks WHERE owner_id = (SELECT user_id FROM caller)"
FIRST = f"{MINE} ORDER BY created_at DESC, id DESC LIMIT $2"
NEXT = f"{MINE} AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC LIMIT $2"
ONE = f"{MINE} AND id = $2"
NEW = f"""
    {CALLER}, made AS (
        INSERT INTO tasks (owner_id, id, title, description, status, completed_at, created_at, updated_at)
        SELECT user_id, $2, $3, $4, $5, $6, $7, $7 FROM caller
    ) SELECT username FROM caller
"""


class NewTask(msgspec.Struct):
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    description: Annotated[str, msgspec.Meta(max_length=10_000)] = ""
    status: Literal["todo", "in_progress", "done", "cancelled"] = "todo"


class Task(msgspec.Struct):
    id: UUID
    title: str
    description: str
    owner: str
    status: str
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Meta(msgspec.Struct):
    limit: int
    has_more: bool
    next_cursor: str | None


class Page(msgspec.Struct):
    items: list[Task]
    meta: Meta


def caller(request: Request[Any, Any, Any]) -> str:
    """The id of the user whom the token names."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        key = KEYS[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["HS256"], options={"verify_aud": False})
    except (jwt.InvalidTokenError, KeyError) as error:
        raise NotAuthorizedException from error
    if claims["token_type"] != "access" or scheme.lower() != "bearer":
        raise NotAuthorizedException
    return str(claims["sub"])


async def rows(pool: asyncpg.Pool, caller: str, statement: str, *values: Any) -> list[asyncpg.Record]:
    found = await pool.fetch(statement, caller, *values)
    if not found and not await pool.fetch(f"{CALLER} SELECT FROM caller", caller):
        raise NotAuthorizedException
    return found


@get("/tasks/")
async def list_tasks(request: Request[Any, Any, Any], caller: str, limit: int = 20, cursor: str | None = None) -> Page:
    limit, pool = max(1, min(limit, 100)), request.app.state.pool
    if cursor is None:
        found = await rows(pool, caller, FIRST, limit + 1)
    else:
        created_at, pk = base64.urlsafe_b64decode(cursor).decode().split(" ")
        found = await rows(pool, caller, NEXT, limit + 1, datetime.fromisoformat(created_at), UUID(pk))
    items = [Task(**row) for row in found[:limit]]
    more = len(found) > limit
    place = f"{items[-1].created_at.isoformat()} {items[-1].id}" if more else ""
    return Page(items, Meta(limit, more, base64.urlsafe_b64encode(place.encode()).decode() if more else None))


@get("/tasks/{pk:uuid}/")
async def get_task(request: Request[Any, Any, Any], caller: str, pk: UUID) -> Task:
    found = await rows(request.app.state.pool, caller, ONE, pk)
    if not found:
        raise NotFoundException
    return Task(**found[0])


@post("/tasks/")
async def create_task(request: Request[Any, Any, Any], caller: str, data: NewTask) -> Task:
    pk, now = uuid7(), datetime.now(UTC)
    completed_at = now if data.status == "done" else None
    values = (pk, data.title, data.description, data.status, completed_at, now)
    (user,) = await rows(request.app.state.pool, caller, NEW, *values)
    return Task(pk, data.title, data.description, user["username"], data.status, completed_at, now, now)


@get("/health")
async def health() -> dict[str, Any]:
    return {"status": "ok", "timestamp": datetime.now(UTC), "uptime_seconds": time.monotonic() - STARTED}


@asynccontextmanager
async def pool(app: Litestar) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=8) as app.state.pool:
        yield


application = Litestar(
    [list_tasks, get_task, create_task, health],
    dependencies={"caller": Provide(caller, sync_to_thread=False)},
    lifespan=[pool],
)
