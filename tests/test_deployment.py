"""What the deployment documents say, as far as one machine can do it."""

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psycopg
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from django.db import connection

from devstack.service import ROOT
from taskhub.tests.test_settings import VARIABLES
from tests.containers import COMPOSE

DEPLOYMENT, ALIGNMENT = (
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("DEPLOYMENT.md", "TERRAFORM_ALIGNMENT.md")
)
QUERIES = [query for block in re.findall(r"```sql\n(.*?)```", DEPLOYMENT, re.DOTALL) for query in block.split(";\n")]
MANY_TASKS = """
    INSERT INTO tasks (id, owner_id, title, description, status, created_at, updated_at)
    SELECT uuidv7(), owner_id, 'Task ' || n, 'With some words', 'todo', now(), now()
    FROM (SELECT owner_id FROM tasks LIMIT 1) AS owner, generate_series(1, 20000) AS n
"""
UNFILLED = """
    ALTER TABLE tasks DISABLE TRIGGER USER;
    UPDATE tasks SET position = '';
    ALTER TABLE tasks ENABLE TRIGGER USER;
    TRUNCATE task_search
"""
MODEL = ServiceModel(Loader().load_service_model("ecs", "service-2"), "ecs")


@pytest.mark.parametrize("query", [query for query in QUERIES if query.strip()])
def test_each_query_to_watch_runs(query, db):
    with connection.cursor() as cursor:
        cursor.execute(query)

        assert cursor.description


def test_the_migration_on_ecs_is_a_task_of_its_own_that_aws_knows():
    (task,) = re.findall(r"run-task .*--task-definition (\S+)", DEPLOYMENT)
    shape = MODEL.operation_model("RunTask").input_shape

    assert ParamValidator().validate({"taskDefinition": task}, shape).generate_report() == ""
    assert json.loads((ROOT / "docs/aws/ecs-task-definition-migrate.json").read_text())["family"] == task


def test_a_dump_restores_by_the_commands_of_the_document(service):
    commands = re.findall(r"docker compose exec -T postgres (.*)", DEPLOYMENT)
    server = urlsplit(service.postgres.url)
    login = {"PGHOST": server.hostname, "PGPORT": str(server.port), "PGPASSWORD": server.password}
    environment = {"PATH": f"{service.postgres._programs.folder}:/usr/bin:/bin", **login}
    with service.signed_up("keeper") as client:
        client.post("/tasks/", json={"title": "Survive"}).raise_for_status()
    for command in commands:
        subprocess.run(["sh", "-ec", command], cwd=service.home, env=environment, check=True, timeout=60)
    with psycopg.connect(service.postgres.url, dbname="restored") as restored:
        titles = restored.execute("SELECT title FROM tasks WHERE title = 'Survive'").fetchall()

    assert titles == [("Survive",)]
    assert len(commands) == 3


def test_while_tables_are_migrated_no_request_waits_for_a_second(service):
    """It alone finds a migration that locks what is in use: indexes and words of 20,000 tasks are made anew."""
    with service.signed_up("busy") as client, ThreadPoolExecutor(3) as pool:
        first = client.post("/tasks/", json={"title": "First"}).raise_for_status().json()["id"]
        service.sql(MANY_TASKS)
        service.manage("migrate", "tasks", "0009", "-v0")
        service.sql(UNFILLED)
        migration = service.start("manage.py", "migrate", "--no-input", "-v0")
        answers = pool.map(lambda call: while_it_runs(migration, client, *call), traffic(first))
        slowest = [max(answer.elapsed.total_seconds() for answer in each) for each in answers]

    assert migration.returncode == 0
    assert max(slowest) < 1


def traffic(task):
    yield "POST", "/tasks/", {"title": "Another"}
    yield "GET", "/tasks/?sort=position", None
    yield "PATCH", f"/tasks/{task}", {"title": "Again"}


def while_it_runs(process, client, method, path, body):
    """The answers to one request after the other."""
    answers = []
    while process.poll() is None:
        body = body and {"title": f"{body['title'][:5]}{len(answers)}"}
        answers.append(client.request(method, path, json=body).raise_for_status())
    return answers


def test_the_documents_name_variables_files_and_services_that_exist():
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", DEPLOYMENT + ALIGNMENT))
    files = set(re.findall(r"`((?:tests|docs|taskhub|accounts|requirements)/[\w/.]*)`", DEPLOYMENT + ALIGNMENT))
    services = re.findall(r"docker compose (?:exec|run)(?: -T| --rm)* (\w+)", DEPLOYMENT)

    assert named <= set(VARIABLES)
    assert [path for path in files if not (ROOT / path).exists()] == []
    assert set(services) <= COMPOSE["services"].keys()
