"""Clients lose answers, run twice and race each other, against the real server."""

import json
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psutil
import psycopg
import pyotp
import pytest

from devstack.service import wait_until

MILK = {"title": "Buy milk"}
JOB = """INSERT INTO job_log (job_id, kind, owner_id, payload, payload_sha, state, attempt, max_attempts, run_at,
        worker, error_code, error, created_at, finished_at)
    SELECT 'welcome_email:' || %(state)s, 'welcome_email', id, '{}', 'x', %(state)s, %(attempt)s, 3, now(), '', '', '',
        now(), CASE %(state)s WHEN 'failed' THEN now() END
    FROM users WHERE username = %(name)s"""

TICKET = """INSERT INTO ticket (id, source_key, position, owner_id, plan_id, group_name, group_place, title,
        description, ready, sprint, assignee, notes, sources, created_at, updated_at)
    SELECT %s, %s, %s, owner_id, id, 'Content', 0, 'News', 'As specified.', true, '', '', '', '[]', now(), now()
    FROM plan WHERE id = %s"""


def at_once(number, call):
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(call, range(number)))


def test_of_fifty_identical_posts_at_once_one_makes_a_task_and_all_are_told_the_same(service):
    with service.signed_up("fifty") as client:
        answers = at_once(50, lambda _: client.post("/tasks/", json=MILK, headers={"Idempotency-Key": "k1"}))
        tasks = client.get("/tasks/").json()["items"]
    made = [answer for answer in answers if answer.status_code == 201]

    assert [answer.json() for answer in made] == tasks * len(made)
    assert len(tasks) == 1
    assert {answer.json()["code"] for answer in answers if answer not in made} <= {"idempotency_key_in_use"}


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_of_many_writers_with_one_version_one_wins_and_the_others_are_told(service, method):
    with service.signed_up(f"race_{method}") as client:
        url = client.post("/tasks/", json=MILK).headers["Location"]

        def write(n):
            return client.request(method, url, json={"title": f"Title {n}"}, headers={"If-Match": '"1"'})

        answers = at_once(20, write)
    losers = sorted(answer.status_code for answer in answers)[1:]

    assert [answer.is_success for answer in answers].count(True) == 1
    assert losers == [412 if method == "PATCH" else 404] * 19
    assert all(answer.json()["current_version"] == 2 for answer in answers if answer.status_code == 412)


def test_writers_without_a_version_all_have_their_turn(service):
    with service.signed_up("turns") as client:
        url = client.post("/tasks/", json=MILK).headers["Location"]
        versions = at_once(20, lambda n: client.patch(url, json={"title": f"Title {n}"}).json()["version"])
        events = client.get(f"{url}/events?limit=100").json()["items"]

    assert sorted(versions) == list(range(2, 22))
    assert [event["version"] for event in events] == list(range(21, 0, -1))


def writes(service, client):
    """Each write that the document says takes a key, by method and path, with its body."""
    with psycopg.connect(service.postgres.url, autocommit=True) as database:
        for state, attempt in (("queued", 0), ("failed", 1)):
            database.execute(JOB, {"state": state, "attempt": attempt, "name": "killed"})
    changed, deleted, completed, reopened, restored, moved = (
        client.post("/tasks/", json=MILK).headers["Location"] for _ in range(6)
    )
    client.delete(restored)

    def made(path, number, **body):
        named = ({**body, "name": f"n{n}"} if "text" not in body else body for n in range(number))
        return [client.post(path, json=each).headers["Location"] for each in named]

    comments, lists, labels = made(f"{changed}/comments", 2, text="Said"), made("/lists", 3), made("/labels", 2)
    filters, needed = made("/filters", 2, query="q=milk"), completed.rpartition("/")[2]
    client.post(f"{changed}/dependencies", json={"needs": needed}).raise_for_status()
    client.post("/auth/login", json={"username": "killed", "password": "correct horse battery"})
    (other,) = [row["id"] for row in client.get("/auth/sessions").json()["items"] if not row["current"]]
    secret = client.post("/auth/second-factor").json()["secret"]
    client.post("/auth/second-factor/confirm", json={"code": pyotp.TOTP(secret).now()}).raise_for_status()
    token = client.post("/auth/tokens", json={"name": "script", "scopes": ["tasks:read"]}).json()["id"]
    known = {
        ("post", "/tasks"): ("/tasks", MILK),
        ("post", "/tasks/batch"): ("/tasks/batch", {"operations": [{"op": "create", "task": MILK}]}),
        ("patch", "/tasks/{id}"): (changed, {"status": "done"}),
        ("post", "/tasks/{id}/complete"): (f"{completed}/complete", {}),
        ("post", "/tasks/{id}/reopen"): (f"{reopened}/reopen", {}),
        ("delete", "/tasks/{id}"): (deleted, None),
        ("post", "/tasks/{id}/restore"): (f"{restored}/restore", {}),
        ("post", "/tasks/{id}/move"): (f"{moved}/move", {"before": changed.rpartition("/")[2]}),
        ("post", "/tasks/{task_id}/comments"): (f"{changed}/comments", {"text": "Said"}),
        ("patch", "/tasks/{task_id}/comments/{id}"): (comments[0], {"text": "Said again"}),
        ("delete", "/tasks/{task_id}/comments/{id}"): (comments[1], None),
        ("post", "/tasks/{task_id}/dependencies"): (f"{moved}/dependencies", {"needs": changed.rpartition("/")[2]}),
        ("delete", "/tasks/{task_id}/dependencies/{needs}"): (f"{changed}/dependencies/{needed}", None),
        ("post", "/lists"): ("/lists", {"name": "Home"}),
        ("patch", "/lists/{id}"): (lists[0], {"name": "Garden"}),
        ("post", "/lists/{id}/move"): (f"{lists[0]}/move", {"after": lists[1].rpartition("/")[2]}),
        ("delete", "/lists/{id}"): (lists[2], None),
        ("post", "/labels"): ("/labels", {"name": "urgent"}),
        ("patch", "/labels/{id}"): (labels[0], {"name": "garden"}),
        ("delete", "/labels/{id}"): (labels[1], None),
        ("post", "/filters"): ("/filters", {"name": "Open", "query": "status=todo"}),
        ("patch", "/filters/{id}"): (filters[0], {"name": "Undone"}),
        ("delete", "/filters/{id}"): (filters[1], None),
        ("delete", "/auth/sessions/{id}"): (f"/auth/sessions/{other}", None),
        ("delete", "/auth/tokens/{id}"): (f"/auth/tokens/{token}", None),
        ("post", "/auth/email/verify/resend"): ("/auth/email/verify/resend", {}),
        ("delete", "/auth/second-factor"): ("/auth/second-factor", None),
        ("patch", "/auth/me"): ("/auth/me", {"name": "K"}),
        ("post", "/jobs/{job_id}/retry"): ("/jobs/welcome_email:failed/retry", {}),
        ("post", "/jobs/{job_id}/cancel"): ("/jobs/welcome_email:queued/cancel", {}),
    }
    known |= writes_of_plans(service, client)
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            takes = any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
            if takes and path != "/auth/refresh":  # whose answer is made anew: accounts/tests/test_tokens.py
                yield method.upper(), *known[method, path]


def writes_of_plans(service, client):
    """One plan for each thing that is done with a whole one, at the stage where that is done."""
    names = ["kept", "deleted", "checked", "generated", "review"]
    names += ["validated", "exported", "back", "retried", "cancelled"]
    plans = {name: client.post("/plans", json={"site_name": name}).json()["id"] for name in names}
    files = [add_file(client, plans["kept"], n).headers["Location"] for n in range(2)]
    add_file(client, plans["generated"], 0)
    client.post(f"/plans/{plans['generated']}/check").raise_for_status()
    tickets = [str(uuid4()) for _ in range(2)]
    with psycopg.connect(service.postgres.url, autocommit=True) as database:
        for name in ("review", "validated", "exported", "back"):
            database.execute("UPDATE plan SET stage = 'review', validated_revision = 0 WHERE id = %s", [plans[name]])
        for name in ("retried", "cancelled"):
            database.execute("UPDATE plan SET stage = 'processing' WHERE id = %s", [plans[name]])
        rows = [(plans["review"], pk) for pk in tickets] + [(plans[name], uuid4()) for name in ("exported", "back")]
        for position, (plan, pk) in enumerate(rows, 1):
            database.execute(TICKET, [pk, str(pk), position, plan])
    one, other = tickets
    made = client.post(f"/plans/{plans['review']}/dependencies", json={"ticket": one, "needs": other}).json()["id"]
    of, confirm = f"/plans/{plans['review']}", {"confirm": {"tickets": 1, "dependencies": 0}}
    verbs = {"check": "checked", "generate": "generated", "validate": "validated", "export": "exported"}
    verbs |= {"retry": "retried", "cancel": "cancelled"}
    return {
        ("post", "/plans"): ("/plans", {"site_name": "Museum"}),
        ("patch", "/plans/{id}"): (f"/plans/{plans['kept']}", {"site_name": "Museum"}),
        ("delete", "/plans/{id}"): (f"/plans/{plans['deleted']}", None),
        **{("post", f"/plans/{{id}}/{verb}"): (f"/plans/{plans[name]}/{verb}", {}) for verb, name in verbs.items()},
        ("post", "/plans/{id}/back"): (f"/plans/{plans['back']}/back", confirm),
        ("post", "/plans/{plan_id}/files"): (f"/plans/{plans['kept']}/files?name=c.csv", "Name,Machine name\nC,c\n"),
        ("patch", "/plans/{plan_id}/files/{id}"): (files[0], {"type": "user_roles"}),
        ("delete", "/plans/{plan_id}/files/{id}"): (files[1], None),
        ("patch", "/plans/{plan_id}/tickets"): (f"{of}/tickets", {"ids": tickets, "changes": {"ready": True}}),
        ("patch", "/plans/{plan_id}/tickets/{id}"): (f"{of}/tickets/{one}", {"title": "Another"}),
        ("post", "/plans/{plan_id}/groups/{group}/order"): (f"{of}/groups/Content/order", {"tickets": [other, one]}),
        ("post", "/plans/{plan_id}/dependencies"): (f"{of}/dependencies", {"ticket": one, "needs": other}),
        ("delete", "/plans/{plan_id}/dependencies/{id}"): (f"{of}/dependencies/{made}", None),
    }


def add_file(client, plan, number):
    body = f"Name,Machine name,Type\nNews,news_{number},Content type\n"
    headers = {"Content-Type": "text/csv"}
    return client.post(
        f"/plans/{plan}/files?name=Bundles{number}.csv", content=body, headers=headers
    ).raise_for_status()


def content_of(body):
    """As it is sent, and its type. A spreadsheet is text."""
    if isinstance(body, str):
        return body.encode(), "text/csv"
    return (json.dumps(body).encode() if body is not None else b""), "application/json"


def send_and_leave(service, client, method, path, body):
    """Sends the request on a connection that nobody reads."""
    content, content_type = content_of(body)
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {client.headers['Authorization']}\r\n"
    head += f"Idempotency-Key: k1\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n"
    connection = socket.create_connection(("127.0.0.1", service.port))
    connection.sendall(head.encode() + content)
    return connection


def test_after_a_server_was_killed_each_write_is_answered_as_if_it_had_not_been(service):
    """Killed when everything was committed and no answer was read: the only moment in which a client cannot know."""
    with (
        service.signed_up("killed", email="killed@example.com") as client,
        psycopg.connect(service.postgres.url, autocommit=True) as database,
    ):
        all_writes = list(writes(service, client))
        connections = [send_and_leave(service, client, *write) for write in all_writes]
        kept = "SELECT count(*) FROM idempotency_key JOIN users ON id = owner_id WHERE username = 'killed'"
        wait_until(lambda: database.execute(kept).fetchone() == (len(all_writes),))
        for process in [*psutil.Process(service.process.pid).children(recursive=True), service.process]:
            process.kill()
        service.process.wait()
        service.serve()
        answers = []
        for method, path, body in all_writes:
            content, content_type = content_of(body)
            headers = {"Idempotency-Key": "k1", "Content-Type": content_type}
            answers.append(client.request(method, path, content=content, headers=headers))
        history = database.execute("SELECT version, kind FROM event WHERE actor = 'killed'").fetchall()
    for connection in connections:
        connection.close()

    assert len(all_writes) >= 30
    assert all(answer.is_success and answer.headers["Idempotency-Replayed"] == "true" for answer in answers)
    counted = Counter(kind for _, kind in history)
    # The account; six tasks before, one alone, one in the batch; 2 + 1 comments, 3 + 1 lists, 2 + 1 labels and
    # filters; 10 + 1 plans, and 3 + 1 files of theirs
    assert counted["created"] == 1 + 8 + 3 + 4 + 3 + 3 + 11 + 4
    assert (counted["deleted"], counted["restored"]) == (2 + 6, 1)  # of tasks, and one of each of the others
    assert len(set(history)) <= len(history) == sum(counted.values())
