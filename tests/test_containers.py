"""The files for containers: valid, in step with the settings, their commands exist. tests/runtime.py runs them."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import yaml

from devstack.environment import read_dotenv
from devstack.postgres import Postgres
from devstack.service import ROOT, temporary_home
from jobs.registry import kinds
from taskhub import server
from taskhub.tests.test_settings import VARIABLES
from tests import containers
from tests.containers import COMPOSE, command_of, interpolated

OURS = ["migrate", "api", "worker", "scheduler"]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
NO_KEYS = ("TASKHUB_ROLE", "SECRET_KEY", "JWT_SIGNING_KEYS")  # of workers and schedulers, which sign nothing
INITDB_ARGS = "POSTGRES_INITDB_ARGS"


def tool(*command, **options):
    return subprocess.run([Path(sys.executable).parent / command[0], *command[1:]], cwd=ROOT, timeout=60, **options)


def test_the_dockerfile_passes_lint_with_no_rule_ignored():
    assert tool("hadolint", "Dockerfile").returncode == 0
    assert "hadolint" not in containers.TEXT


@pytest.mark.parametrize(
    ("schema", "name"), [("compose-spec", "docker-compose.yml"), ("github-workflows", ".github/workflows/ci.yml")]
)
def test_a_file_follows_its_published_schema(schema, name):
    assert tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", name).returncode == 0


def test_the_image_holds_no_tests_no_secrets_and_nothing_of_git(tmp_path):
    containers.copy_context(tmp_path)
    names = {path.name for path in tmp_path.rglob("*")}

    assert {"manage.py", "settings.py", "worker.py"} <= names
    assert {"tests", "devstack", "conftest.py", ".git", ".env", ".taskhub", ".venv", "dev.txt"}.isdisjoint(names)


def test_every_variable_in_these_files_is_a_setting():
    named = {*containers.ENVIRONMENT} - {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    named |= set(re.findall(r"\b([A-Z_]+)=", containers.COLLECTSTATIC))
    named |= set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    named |= {name for service in OURS for name in COMPOSE["services"][service]["environment"]}
    named |= set(WORKFLOW["jobs"]["checks"]["env"])

    assert named <= set(VARIABLES)


@pytest.mark.parametrize("dotenv", [{}, read_dotenv(ROOT / ".env.example")], ids=["no .env", "copied .env.example"])
def test_compose_gives_settings_that_start(tmp_path, dotenv):
    given = COMPOSE["services"]["api"]["environment"]
    own = {name: interpolated(value, dotenv) for name, value in given.items()} | {"TASKHUB_HOME": str(tmp_path)}
    code = "from django.conf import settings as s; print(s.DATABASES['default']['HOST'], s.REDIS_URL, s.EMAIL_HOST)"
    environment = {"PATH": os.environ["PATH"], **dotenv, **own}
    told = tool("python", "manage.py", "shell", "-v0", "-c", code, env=environment, capture_output=True, text=True)

    assert told.stdout == "postgres redis://:taskhub@redis:6379/0 mailpit\n", told.stderr


def test_all_of_ours_share_one_image_one_environment_and_the_kept_keys():
    first, *others = ({**COMPOSE["services"][name], "command": 0} for name in OURS)
    (owner,) = first["environment"].keys() - others[0]["environment"].keys()
    first["environment"] = {name: value for name, value in first["environment"].items() if name != owner}

    for other in others:
        shared = ("image", "env_file", "volumes", "read_only", "tmpfs", "cap_drop")
        assert {key: other[key] for key in shared} == {key: first[key] for key in shared}
        kept = {**other["environment"], **dict.fromkeys(NO_KEYS)}
        assert kept == {**first["environment"], **dict.fromkeys(NO_KEYS)}
    assert owner == "DATABASE_OWNER_URL"  # nobody else owns the tables
    assert [name for name in OURS if "build" in COMPOSE["services"][name]] == ["migrate"]
    assert first["volumes"] == [f"home:{containers.ENVIRONMENT['TASKHUB_HOME']}"]


def test_nothing_starts_before_the_database_is_migrated():
    depends = {name: COMPOSE["services"][name]["depends_on"] for name in OURS}

    assert depends.pop("migrate") == {"postgres": {"condition": "service_healthy"}}
    assert {on["migrate"]["condition"] for on in depends.values()} == {"service_completed_successfully"}


def test_only_this_machine_reaches_what_compose_publishes():
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    ports = [containers.interpolated(port, {}) for port in published]

    assert ports == ["127.0.0.1:8000:8000", "127.0.0.1:8025:8025"]


def test_containers_get_the_time_they_need_to_stop():
    api, worker = (int(COMPOSE["services"][name]["stop_grace_period"][:-1]) for name in ("api", "worker"))

    assert api > 60 + server.STOP_SECONDS  # 60 is the most that DRAIN_SECONDS may be
    assert worker > max(kind.time_limit for kind in kinds() if kind.lease is None)


def test_the_commands_name_programs_that_exist_and_options_they_know():
    for command in [containers.SERVER, command_of("migrate"), command_of("worker"), command_of("scheduler")]:
        assert tool(*command, "--help", stdout=subprocess.DEVNULL).returncode == 0


def answer_of_healthcheck(port):
    command = containers.moved(containers.HEALTHCHECK, port, "/tmp")  # noqa: S108  nothing is written
    return tool(*command, stderr=subprocess.DEVNULL).returncode


def test_the_health_check_passes_while_the_server_answers_and_fails_when_nothing_listens(service):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))

        assert (answer_of_healthcheck(service.port), answer_of_healthcheck(nobody.getsockname()[1])) == (0, 1)


class AsInContainers(Postgres):
    """Made with the arguments that the image of PostgreSQL passes to initdb."""

    arguments = ""

    def _initdb_options(self):
        return ["--username=taskhub", "--auth=scram-sha-256", "--no-sync", *shlex.split(self.arguments)]


@pytest.mark.parametrize(
    "arguments",
    {
        COMPOSE["services"]["postgres"]["environment"][INITDB_ARGS],
        WORKFLOW["jobs"]["checks"]["services"]["postgres"]["env"][INITDB_ARGS],
    },
)
def test_databases_made_later_know_letters_beyond_ascii_too(monkeypatch, arguments):
    monkeypatch.setattr(AsInContainers, "arguments", arguments)
    with temporary_home() as home:
        postgres = AsInContainers(home, durable=False)
        postgres.start()
        try:
            with psycopg.connect(postgres.url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE test_taskhub")
            with psycopg.connect(postgres.url, dbname="test_taskhub") as connection:
                lowered = connection.execute("SELECT lower('ÄЖ')").fetchone()[0]
        finally:
            postgres.stop()

    assert lowered == "äж"


def test_the_workflow_may_only_read_and_uses_actions_by_their_commit():
    actions = [step["uses"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "uses" in step]

    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert all("permissions" not in job and job["timeout-minutes"] for job in WORKFLOW["jobs"].values())
    assert [action for action in actions if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)] == []


def test_compose_and_workflow_run_the_same_servers():
    services = WORKFLOW["jobs"]["checks"]["services"]

    for name in ("postgres", "redis"):
        assert services[name]["image"] == COMPOSE["services"][name]["image"]
    assert json.dumps(WORKFLOW["jobs"]["image"]["steps"]).count("docker compose up") == 1


def test_the_workflow_tests_the_python_of_the_image():
    versions = set(re.findall(r"^FROM python:([0-9.]+)-slim", containers.TEXT, re.MULTILINE))

    assert len(versions) == 1
    assert versions <= set(WORKFLOW["jobs"]["checks"]["strategy"]["matrix"]["python"])
