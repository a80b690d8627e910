"""Any writes of two clients, with lost answers, repeats and restarts, end as a simple model says."""

import copy
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accounts import authentication
from accounts.tests.factories import UserFactory
from conftest import client_of

FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["Milk", "Bread", "買牛奶", "x" * 200]),
        "description": st.sampled_from(["", "two\nlines", "y" * 300]),
        "status": st.sampled_from(["todo", "in_progress", "done", "cancelled"]),
    },
)
NEW = {"description": "", "status": "todo"}


class Writes(RuleBasedStateMachine):
    """`tasks` is the model: by id, what the task holds, its version and the kinds of its events."""

    ids = Bundle("ids")

    def __init__(self):
        super().__init__()
        owner = UserFactory()
        self.clients = [client_of(owner), client_of(owner)]
        self.tasks, self.gone, self.sent = {}, {}, []

    def send(self, client, method, path, body, **headers):
        """With a key; `sent` has what a client that lost the answer would send again."""
        headers = {"Idempotency-Key": uuid4().hex, **headers}
        answer = getattr(self.clients[client], method)(path, body, headers=headers)
        if answer.status_code < 300:
            self.sent.append((method, path, body, headers, answer))
        return answer

    @rule(target=ids, client=st.integers(0, 1), fields=FIELDS, own=st.booleans())
    def create(self, client, fields, own):
        body = {"title": "New", **fields, **({"id": str(uuid4())} if own else {})}
        task = self.send(client, "post", "/tasks/", body).json()
        self.tasks[task["id"]] = {**NEW, "title": "New", **fields, "version": 1, "events": ["created"]}
        return task["id"]

    @rule(client=st.integers(0, 1), pk=ids)
    def create_again_under_the_same_id(self, client, pk):
        assert self.send(client, "post", "/tasks/", {"id": pk, "title": "Twice"}).status_code == 409

    @rule(client=st.integers(0, 1), pk=ids, fields=FIELDS, behind=st.sampled_from([None, 0, 1]))
    def change(self, client, pk, fields, behind):
        """Without a condition, with the present version, or with one that is behind."""
        task = self.tasks.get(pk)
        seen = {} if behind is None or task is None else {"If-Match": f'"{task["version"] - behind}"'}
        answer = self.send(client, "patch", f"/tasks/{pk}", fields, **seen)
        if task is None:
            assert answer.status_code == 404
        elif behind:
            assert (answer.status_code, answer.json()["current_version"]) == (412, task["version"])
        else:
            self.update(task, fields)
            assert answer.json()["version"] == task["version"]

    @rule(client=st.integers(0, 1), pk=ids)
    def delete(self, client, pk):
        answer = self.send(client, "delete", f"/tasks/{pk}", None)
        assert answer.status_code == (204 if pk in self.tasks else 404)
        self.remove(pk)

    @rule(client=st.integers(0, 1), first=ids, second=ids, fields=FIELDS, atomic=st.booleans())
    def change_one_and_delete_another(self, client, first, second, fields, atomic):
        operations = [{"op": "update", "id": first, "changes": fields}, {"op": "delete", "id": second}]
        answer = self.send(client, "post", "/tasks/batch", {"atomic": atomic, "operations": operations})
        there = [first in self.tasks, second in self.tasks]
        assert answer.status_code == (200 if all(there) or not atomic else 404)
        if answer.status_code == 200:
            if there[0]:
                self.update(self.tasks[first], fields)
            self.remove(second)

    @rule(data=st.data(), client=st.integers(0, 1))
    def repeat_what_was_done(self, data, client):
        """Either client of the user may, at any time: it is told the first answer."""
        if self.sent:
            method, path, body, headers, answer = data.draw(st.sampled_from(self.sent))
            again = getattr(self.clients[client], method)(path, copy.deepcopy(body), headers=headers)
            assert (again.status_code, again.content) == (answer.status_code, answer.content)
            assert again["Idempotency-Replayed"] == "true"

    @rule()
    def restart(self):
        """What a process keeps between requests is gone."""
        authentication.verified.cache_clear()

    def update(self, task, fields):
        if any(task[name] != value for name, value in fields.items()):
            task.update(fields, version=task["version"] + 1, events=["updated", *task["events"]])

    def remove(self, pk):
        if pk in self.tasks:
            self.gone[pk] = ["deleted", *self.tasks.pop(pk)["events"]]

    @invariant()
    def the_list_is_as_the_model_says(self):
        items = self.clients[0].get("/tasks/?limit=100").json()["items"]
        names = ("title", "description", "status", "version")
        assert {task["id"]: {name: task[name] for name in names} for task in items} == {
            pk: {name: task[name] for name in names} for pk, task in self.tasks.items()
        }

    def teardown(self):
        """Each task, there or gone, has had the events of the model."""
        expected = self.gone | {pk: task["events"] for pk, task in self.tasks.items()}
        for pk, kinds in expected.items():
            events = self.clients[0].get(f"/tasks/{pk}/events?limit=100").json()["items"]
            assert [event["kind"] for event in events] == kinds


@pytest.mark.django_db
def test_any_writes_with_lost_answers_and_repeats_end_as_the_model_says():
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    budget = settings(max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(Writes, settings=budget)
