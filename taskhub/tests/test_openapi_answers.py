"""Each answer that the OpenAPI document tells of, for each operation, is really given, and looks as the document says.

The requests are the document's own examples; CHANGES says what to change in one to get the answer in question.
"""

import json
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.urls import resolve
from django.utils import timezone
from psycopg.errors import ForeignKeyViolation

from accounts import export, mailed, personal
from accounts.client import Client
from accounts.mailed import Purpose
from accounts.models import PersonalToken, SecondFactor, Session, User
from accounts.second_factor import new_challenge
from accounts.sessions import begin
from accounts.tests.factories import UserFactory, authenticator, refresh_token, verified
from conftest import client_of
from jobs.models import Job
from jobs.tests.factories import JobFactory
from taskhub.api import health
from taskhub.api.problems import IdempotencyKeyInUse, IdempotencyKeyReused
from taskhub.tests.contract import operations
from tasks.finding import search
from tasks.models import Task
from tasks.models.dependency import MOST_NEEDS
from tasks.tests.factories import (
    CommentFactory,
    DependencyFactory,
    FilterFactory,
    LabelFactory,
    ListFactory,
    TaskFactory,
)
from tickets.tests import answers as of_plans


def answers(operation):
    """Status and case of each; the default stands for what any operation can answer."""
    yield 500, "internal_error"
    if operation["tags"] != ["Service"]:
        yield 503, "database_unavailable"
    if "requestBody" in operation:
        yield from [(413, "body_too_large"), (415, "unsupported_media_type")]
    for status, answer in operation["responses"].items():
        examples = answer.get("content", {}).get("application/problem+json", {}).get("examples", ["expected"])
        yield from [(int(status), case) for case in examples if status != "default"]


ANSWERS = [
    pytest.param(path, method, operation, status, case, id=f"{operation['operationId']}-{status}-{case}")
    for path, method, operation in operations()
    for status, case in answers(operation)
]


def new_task(owner):
    return TaskFactory(owner=owner)


def new_token(owner):
    return PersonalToken.objects.create(owner=owner, name="x", scopes=[], digest=b"x")


EXAMPLE_ID, OTHER_ID = "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0c", "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0d"


def ids_of(path, alice):
    """What the parameters of a path stand for."""
    kind = path.split("/")[1] if not path.startswith("/auth/") else "/".join(path.split("/")[:3])
    made = {
        "/auth/sessions": partial(begin, client=Client()),
        "/auth/tokens": new_token,
        "lists": lambda owner: ListFactory(owner=owner),
        "labels": lambda owner: LabelFactory(owner=owner),
        "filters": lambda owner: FilterFactory(owner=owner),
        "plans": lambda owner: of_plans.plan_for(path, owner),
    }.get(kind, new_task)(alice)
    ids = {"id": made.pk, "task_id": made.pk}
    if "/comments" in path:
        ids["id"] = CommentFactory(task=made).pk
    if kind == "plans":
        return of_plans.ids_of(path, made)
    if "/dependencies" in path:
        ids["needs"] = DependencyFactory(task=made, needs=new_task(alice)).needs_id
    return ids


def have_another(call, alice):
    """The other id of the example is there."""
    kind = ListFactory if call.path.startswith("/lists") else TaskFactory
    kind(owner=alice, id=OTHER_ID)


def have_second_factor(call, alice):
    call.body |= {"challenge": new_challenge(alice), "code": authenticator(alice).now()}


PREPARED = {  # what has to be there before
    "sendVerification": lambda call, alice: User.objects.update(email="alice@example.com"),
    "verifyEmail": lambda call, alice: call.body.update(token=mailed.new_token(verified(alice), Purpose.VERIFY)),
    "confirmPasswordReset": lambda call, alice: call.body.update(
        token=mailed.new_token(verified(alice), Purpose.RESET)
    ),
    "logInWithSecondFactor": have_second_factor,
    "confirmSecondFactor": lambda call, alice: call.body.update(code=authenticator(alice, confirmed=False).now()),
    "removeSecondFactor": lambda call, alice: authenticator(alice),
    "moveTask": have_another,
    "moveList": have_another,
    "addDependency": have_another,
    **of_plans.PREPARED,
}


class Call:
    """A request, at first the one that the document gives as an example, sent by alice."""

    def __init__(self, path, method, operation, alice, monkeypatch):
        self.method, self.name, self.monkeypatch = method.upper(), operation["operationId"], monkeypatch
        self.ids = ids_of(path, alice)
        self.path = path.format(**self.ids, job_id=JobFactory(owner=alice).pk)
        self.client, self.query, self.headers = client_of(alice), "", {}
        contents = operation.get("requestBody", {}).get("content", {"application/json": {"examples": {}}})
        self.content_type, content = next(iter(contents.items()))
        example = next(iter(content["examples"].values()), {"value": {}})["value"]
        if isinstance(example, str):
            self.body, self.query = example.encode(), "name=Bundles.csv"
        else:
            tokens = {"refresh_token": str(refresh_token(alice))} if "refresh_token" in example else {}
            self.body = {**example, **tokens}
        PREPARED.get(self.name, lambda call, alice: None)(self, alice)

    def send(self):
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return self.client.generic(
            self.method,
            f"{self.path}?{self.query}",
            b"" if self.method in {"GET", "DELETE"} else body,
            content_type=self.content_type,
            headers=self.headers,
        )

    def fail_with(self, error):
        """Lets the view raise `error`."""

        def failing(view, request, *args, **kwargs):
            raise error

        view = resolve(self.path).func
        action = getattr(view, "actions", {}).get(self.method.lower(), self.method.lower())
        self.monkeypatch.setattr(view.view_class if hasattr(view, "view_class") else view.cls, action, failing)


def as_expected(call):
    if call.name == "registerUser":
        call.body["username"] = "carol"


def ask_again(call):
    call.headers["If-None-Match"] = call.send().headers["ETag"]


def forget_a_migration(call):
    call.monkeypatch.setattr(health, "known_migrations", lambda: {("tasks", "9999_of_tomorrow")})


def lose_the_owner(call):
    error = IntegrityError()
    error.__cause__ = ForeignKeyViolation()
    call.fail_with(error)


def take_the_id(call):
    """Of the same resource: the first call makes one."""
    call.body["id"] = call.client.post(call.path, call.body).json()["id"]
    call.body |= {"name": "Another one"} if "name" in call.body else {}


def take_the_key(call):
    key = {"external_source": "x", "external_key": "7"}
    call.client.post("/tasks/", {"title": "Milk", **key})
    call.body |= key


def be_broad(call):
    """More tasks than are read, and a filter that no index has in this order."""
    call.monkeypatch.setattr(search, "MOST", 1)
    for _ in range(3):
        TaskFactory(owner=User.objects.get(username="alice"))
    call.query = "label_all=a&label_all=b&sort=due"
    alice = User.objects.get(username="alice")
    labels = [LabelFactory(owner=alice, name=name).pk for name in "ab"]
    Task.objects.update(label_ids=labels)
    call.query = "label=a&sort=due"


def under(depth):
    """A chain of tasks, and the last of them as the parent."""

    def prepare(call):
        parent = None
        alice = User.objects.get(username="alice")
        for _ in range(depth):
            parent = TaskFactory(owner=alice, parent=parent)
        call.body["parent"] = str(parent.pk)

    return prepare


def need_in_a_circle(call):
    task, needed = Task.objects.get(pk=call.ids["id"]), Task.objects.get(pk=OTHER_ID)
    DependencyFactory(task=needed, needs=task)


def need_many(call):
    task = Task.objects.get(pk=call.ids["id"])
    for _ in range(MOST_NEEDS):
        DependencyFactory(task=task, needs=TaskFactory(owner=task.owner))


def have_many(call):
    """More tasks in the list than a request deletes."""
    call.monkeypatch.setattr("tasks.views.lists.MOST_AT_ONCE", 0)
    TaskFactory(owner=User.objects.get(username="alice"), list_id=call.ids["id"])


def take_the_key_of_one_in_the_trash(call):
    key = {"external_source": "x", "external_key": "7"}
    Task.objects.filter(pk=call.ids["id"]).update(**key, deleted_at=timezone.now())
    call.client.post("/tasks/", {"title": "Milk", **key})


def in_a_batch(op, **options):
    """An operation on a task that is there."""

    def prepare(call):
        known = call.client.post("/tasks/", {"title": "Milk"}).json()["id"]
        target = {"task": {"id": known, "title": "Milk"}} if op == "create" else {"id": known}
        call.body["operations"] = [{"op": "create", "task": {"title": "Bread"}}, {"op": op, **target, **options}]

    return prepare


def put_job(**fields):
    """Into another state."""
    return lambda call: Job.objects.update(**fields)


def powerless(call):
    """A personal access token of alice without scopes."""
    raw = personal.new_token()
    PersonalToken.objects.create(
        owner=User.objects.get(username="alice"), name="y", scopes=[], digest=personal.digest_of(raw)
    )
    return raw


def verify_elsewhere(call):
    """Another account has verified the address."""
    User.objects.filter(username="alice").update(email_verified_at=None)
    verified(UserFactory(username="bob"))


def too_many(call):
    """Whichever counter the operation goes by."""
    SecondFactor.objects.update(retry_at=timezone.now() + timedelta(minutes=1))
    for name in ("LOGIN_ACCOUNT", "LOGIN_ADDRESS", "REGISTER", "REFRESH", "RESET"):
        call.monkeypatch.setattr(settings, f"RATE_LIMIT_{name}", ((1, 60),))
    if call.name not in ("logInWithSecondFactor", "confirmSecondFactor"):
        as_expected(call)
        call.send()


def grow_old(call):
    """The sign-in, and the address is one that needs a new one to be changed."""
    verified(User.objects.get(username="alice"))
    Session.objects.update(signed_in_at=timezone.now() - timedelta(minutes=11))
    call.body = {"email": "alice@example.org"} if call.name == "updateMe" else call.body


FAILED = {"state": "failed", "attempt": 1, "finished_at": timezone.now()}
RUNNING = {"state": "running", "attempt": 1, "lease_until": timezone.now()}


def change(**fields):
    return lambda call: vars(call).update(fields)


CHANGES = {
    "expected": as_expected,
    "getAddresses-302": change(headers={"Accept": "text/html"}),
    "getJob-304": ask_again,
    "getTask-304": ask_again,
    **{f"get{name}-304": ask_again for name in ("List", "Label", "Filter", "Comment")},
    **{
        f"update{name}-204": change(headers={"Prefer": "return=minimal"})
        for name in ("List", "Label", "Filter", "Comment")
    },
    "listTasks-too_broad": be_broad,
    "restoreTask-external_key_taken": take_the_key_of_one_in_the_trash,
    "updateTask-cycle": lambda call: call.body.update(parent=str(call.ids["id"])),
    "too_deep": under(4),
    "moveTask-does_not_exist": change(body={"before": str(uuid4())}),
    "moveList-does_not_exist": change(body={"before": str(uuid4())}),
    "addDependency-does_not_exist": change(body={"needs": str(uuid4())}),
    "addDependency-cycle": need_in_a_circle,
    "addDependency-too_many_dependencies": need_many,
    "addDependency-200": lambda call: DependencyFactory(
        task=Task.objects.get(pk=call.ids["id"]), needs=Task.objects.get(pk=OTHER_ID)
    ),
    "deleteList-202": have_many,
    "deleteList-invalid_choice": change(query="tasks=burn"),
    "createComment-blank": change(body={"text": " "}),
    "updateComment-blank": change(body={"text": " "}),
    **{
        f"{verb}{name}-blank": change(body={"name": " ", "query": "q=x"})
        for verb in ("create",)
        for name in ("Filter",)
    },
    **{f"create{name}-blank": change(body={"name": " "}) for name in ("List", "Label")},
    **{f"update{name}-blank": change(body={"name": " "}) for name in ("List", "Label", "Filter")},
    "createFilter-unknown_parameter": change(body={"name": "x", "query": "colour=red"}),
    "updateFilter-unknown_parameter": change(body={"query": "colour=red"}),
    **of_plans.CHANGES,
    "name_taken": lambda call: LabelFactory(owner=User.objects.get(username="alice"), name=call.body["name"]),
    "changeTasks-required": change(body={"operations": [{"op": "create"}]}),
    "changeTasks-not_found": change(body={"operations": [{"op": "delete", "id": str(uuid4())}]}),
    "changeTasks-id_conflict": in_a_batch("create"),
    "changeTasks-precondition_failed": in_a_batch("delete", if_match=7),
    "getMe-304": ask_again,
    "updateTask-204": change(headers={"Prefer": "return=minimal"}),
    "updateMe-204": change(headers={"Prefer": "return=minimal"}),
    "exportMe-202": lambda call: call.monkeypatch.setattr(export, "MOST_AT_ONCE", 0),
    "addSecondFactor-conflict": lambda call: authenticator(User.objects.get(username="alice")),
    "confirmSecondFactor-conflict": lambda call: SecondFactor.objects.all().delete(),
    "sendVerification-conflict": lambda call: User.objects.update(email=None),
    "removeSecondFactor-not_found": lambda call: SecondFactor.objects.all().delete(),
    "getDatabaseHealth-503": forget_a_migration,
    "getReadiness-503": forget_a_migration,
    "retryJob-200": put_job(**FAILED),
    "retryJob-conflict": as_expected,
    "cancelJob-202": put_job(**RUNNING),
    "cancelJob-conflict": put_job(**FAILED),
    "unknown_parameter": change(query="colour=red"),
    "out_of_range": change(query="limit=0"),
    "invalid_choice": change(query="status=open"),
    "invalid_cursor": change(query="cursor=x"),
    "malformed_body": change(body=b'{"title'),
    "required": change(body={}),
    "unknown_field": change(body={"colour": "red"}),
    "blank": change(body={"title": " "}),
    "invalid": change(body={"email": "nobody"}),
    "username_taken": lambda call: UserFactory(username="Carol") and as_expected(call),
    "not_authenticated": lambda call: change(client=client_of())(call),
    "invalid_credentials": change(body={"username": "alice", "password": "wrong"}),
    "insufficient_scope": lambda call: call.client.credentials(HTTP_AUTHORIZATION=f"Bearer {powerless(call)}"),
    "wrong_password": change(body={"current_password": "wrong", "new_password": "battery staple horse"}),
    "sign_in_again": grow_old,
    "invalid_token": lambda call: call.body.update(token="forged"),
    "invalid_challenge": lambda call: call.body.update(challenge="forged"),
    "invalid_code": lambda call: call.body.update(code="12"),
    "second_factor_required": lambda call: authenticator(User.objects.get(username="alice")),
    "rate_limited": too_many,
    "email_taken": verify_elsewhere,
    "staff_account": lambda call: User.objects.update(is_staff=True),
    "token_not_valid": change(body={"refresh_token": "forged"}),
    "not_found": lambda call: change(client=client_of(UserFactory(username="bob")))(call),
    "conflict": lose_the_owner,
    "id_conflict": take_the_id,
    "external_key_taken": take_the_key,
    "idempotency_key_in_use": lambda call: call.fail_with(IdempotencyKeyInUse()),
    "idempotency_key_reused": lambda call: call.fail_with(IdempotencyKeyReused()),
    "precondition_failed": change(headers={"If-Match": '"7"'}),
    "body_too_large": change(body=b" " * (1024 * 1024 + 1)),
    "unsupported_media_type": change(content_type="text/plain"),
    "internal_error": lambda call: call.fail_with(ZeroDivisionError()),
    "database_unavailable": lambda call: call.fail_with(OperationalError()),
}


@pytest.mark.parametrize(("path", "method", "operation", "status", "case"), ANSWERS)
def test_a_documented_answer_is_given(alice, monkeypatch, path, method, operation, status, case):
    call = Call(path, method, operation, alice, monkeypatch)
    special = CHANGES.get(f"{call.name}-{status}") or CHANGES.get(f"{call.name}-{case}")
    (special or CHANGES[case])(call)
    response = call.send()  # the client holds it against the document
    transaction.set_rollback(True)  # a refused INSERT has ended the transaction of the test

    assert response.status_code == status
    if case != "expected":
        body = response.json()
        assert (body["errors"] or [body])[0]["code"] == case
