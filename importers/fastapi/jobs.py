"""Jobs of the FastAPI service: finished work, which is not repeated."""

import hashlib
import json
from contextlib import suppress
from typing import Any

from importers.rows import NotTaken, Outcome, Row, existing_users, moment_of
from jobs.imports import record
from jobs.registry import NAME
from jobs.services import valid_id

LONGEST_JOB_ID = 2000  # characters that the payload of a job can hold, each as \uXXXX
INTERRUPTED = "It was not finished when the service it was given to was left behind."


def take_jobs(rows: list[Row]) -> Outcome:
    """Finished jobs stay finished, and unfinished ones become failed: none of them is carried out here."""
    outcome = Outcome()
    owners = existing_users((row["job_id"] or "").partition(":")[2] for row in rows)
    jobs = outcome.read(rows, "job_id", lambda row: job_of(row, owners))
    outcome.taken = len(record(jobs))
    outcome.already_here = len(jobs) - outcome.taken
    return outcome


def job_of(row: Row, owners: set[str]) -> Row:
    """What jobs.imports.record takes. Raises NotTaken."""
    created_at = moment_of(row["created_at"])
    completed = row["status"] == "completed"
    job_id, payload = identity_of(row["job_id"])
    user_id = payload.get("user_id")
    return {
        "job_id": job_id,
        "payload": payload,
        "result": result_of(row["result"]) if completed else None,
        "error": "" if completed else INTERRUPTED,
        "created_at": created_at,
        "finished_at": moment_of(row["updated_at"]) if row["updated_at"] else created_at,
        "owner_id": user_id if user_id in owners else None,
    }


def identity_of(original: str) -> tuple[str, dict[str, str]]:
    """The job's id and payload here. A welcome mail gets the id that sign-up gives it, so it is not sent again.

    An id that is not valid here is replaced by its digest, and the payload holds the original.
    Raises NotTaken if that is too long for a payload.
    """
    if len(original) > LONGEST_JOB_ID:
        raise NotTaken("job_id_too_long", f"{len(original)} characters")
    kind, _, key = original.partition(":")
    with suppress(ValueError):
        if NAME.fullmatch(kind):
            return valid_id(original), {"user_id": key} if kind == "welcome_email" else {}
    return f"imported:{hashlib.sha256(original.encode()).hexdigest()}", {"job_id": original}


def result_of(text: str | None) -> Any:
    """Raises NotTaken for JSON that jsonb cannot hold: NUL, half a surrogate pair, numbers out of range."""
    try:
        result = json.loads(text or "null")
        json.dumps(result, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise NotTaken("result_is_no_jsonb", str(error)) from error
    if holds_nul(result):
        raise NotTaken("result_is_no_jsonb", "it holds a NUL character")
    return result


def holds_nul(value: Any) -> bool:
    """Whether any string in it does, including names of members."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str) and "\0" in part:
            return True
        if isinstance(part, dict | list):
            waiting += part
        if isinstance(part, dict):
            waiting += part.values()
    return False
