"""A conversation with version 1 of the API, as it was once recorded, and what it takes to have it again.

Each step is a request and, once recorded, its answer, or a kind of job whose jobs are done then. `keep` names values of
the answer by their JSON pointer, and `<name>` stands for one later on. What differs each time is recorded by its kind,
such as `<id>`. An answer of today may have more fields and headers than the recorded one, and other words for people;
all else is as it was.
"""

import json
import re
from pathlib import Path

FILE = Path(__file__).with_name("version-1.conversation.json")
ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
HASH = r"[0-9a-f]{32}"
KINDS = {"id": ID, "time": TIME, "hash": HASH, "text": r"\S+"}
DIFFERENT = {  # each time, or with each release, or by what other servers do
    *("broker", "rate_limits"),
    *(
        "access_token",
        "challenge",
        "device_token",
        "next_cursor",
        "otpauth_uri",
        "position",
        "recovery_codes",
        "refresh_token",
    ),
    *("request_id", "response_time_ms", "secret", "token", "uptime_seconds", "pool_size", "active_connections"),
}
HEADERS = (
    "Content-Type",
    "ETag",
    "Location",
    "Preference-Applied",
    "Idempotency-Replayed",
    "WWW-Authenticate",
)
FOR_PEOPLE = ("detail", "title")  # of a problem


def filled(part, known):
    """With the values that its names stand for."""
    if isinstance(part, dict):
        return {name: filled(value, known) for name, value in part.items()}
    if isinstance(part, list):
        return [filled(value, known) for value in part]
    if not isinstance(part, str):
        return part
    return re.sub(r"<(\w+)>", lambda match: value_of(known, match[1]), part)


def value_of(known, name):
    return known[name]() if callable(known[name]) else known[name]


def at(pointer, document):
    for step in pointer.split("/")[1:]:
        document = document[int(step) if isinstance(document, list) else step]
    return document


def recorded(value, known, name=""):
    """What is kept of a value."""
    if isinstance(value, dict):
        people = FOR_PEOPLE if {"type", "code", "instance"} <= set(value) or name == "errors" else ()
        return {
            key: recorded(part, known, name if name in DIFFERENT else key)
            for key, part in value.items()
            if key not in people
        }
    if isinstance(value, list):
        return [recorded(part, known, name) for part in value]
    names = {part: key for key, part in known.items() if isinstance(part, str)}
    if value in names:
        return f"<{names[value]}>"
    if (name in DIFFERENT and value is not None) or (name == "version" and isinstance(value, str)):
        return "<text>" if isinstance(value, str) else "<number>"
    if not isinstance(value, str):
        return value
    for kept, key in names.items():
        value = value.replace(kept, f"<{key}>") if re.fullmatch(ID, kept) else value
    for kind in ("id", "time", "hash"):
        value = re.sub(KINDS[kind], f"<{kind}>", value)
    return value


def differences(old, new, known, where=""):
    """Where `new` is not what was recorded."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            if name in new:
                yield from differences(value, new[name], known, f"{where}/{name}")
            else:
                yield f"{where}/{name} is gone"
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, known, f"{where}/{place}")
    elif not same(old, new, known):
        yield f"{where} was {old!r}, is {new!r}"


def same(old, new, known):
    if old == "<number>":
        return isinstance(new, int | float)
    if not (isinstance(old, str) and isinstance(new, str)):
        return old == new and type(old) is type(new)
    parts = re.split(r"<(\w+)>", old)
    wanted = (
        re.escape(part) if place % 2 == 0 else KINDS.get(part) or re.escape(value_of(known, part))
        for place, part in enumerate(parts)
    )
    return re.fullmatch("".join(wanted), new) is not None


def conversation():
    return json.loads(FILE.read_text())


def answer_of(response):
    """All of an answer that is recorded."""
    headers = {name: response.headers[name] for name in HEADERS if name in response.headers}
    body = json.loads(response.content) if response.content else None
    return {"status": response.status_code, "headers": headers, "body": body}


def say(client, step, known):
    """Sends the request of a step, and keeps what it names. Returns the answer, and where it differs."""
    method, path = filled(step["request"], known).split(" ")
    headers = filled(step.get("headers", {}), known)
    sent = filled(step.get("send", ""), known)
    kind = headers.pop("Content-Type", "application/json")
    body = sent if isinstance(sent, str) else json.dumps(sent)
    response = client.generic(method, path, body, content_type=kind, headers=headers)
    answer = answer_of(response)
    known.update({name: at(pointer, answer["body"]) for name, pointer in step.get("keep", {}).items()})
    return answer, list(differences(step.get("answer"), answer, known)) if "answer" in step else ["is not recorded"]
