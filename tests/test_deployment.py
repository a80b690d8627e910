"""What the deployment documents say, as far as one machine can do it."""

import json
import re
import subprocess
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
        titles = restored.execute("SELECT title FROM tasks").fetchall()

    assert titles == [("Survive",)]
    assert len(commands) == 3


def test_the_documents_name_variables_files_and_services_that_exist():
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", DEPLOYMENT + ALIGNMENT))
    files = set(re.findall(r"`((?:tests|docs|taskhub|accounts|requirements)/[\w/.]*)`", DEPLOYMENT + ALIGNMENT))
    services = re.findall(r"docker compose (?:exec|run)(?: -T| --rm)* (\w+)", DEPLOYMENT)

    assert named <= set(VARIABLES)
    assert [path for path in files if not (ROOT / path).exists()] == []
    assert set(services) <= COMPOSE["services"].keys()
