"""docs/aws/: task definitions against what AWS publishes about them. Nothing here asks AWS."""

import json
import subprocess
import sys

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from devstack.service import ROOT
from jobs.registry import kinds
from taskhub import server
from taskhub.tests.test_settings import GOOD, VARIABLES
from tests.containers import HEALTHCHECK, command_of, instructions

FILES = {
    "api": "ecs-task-definition.json",
    "worker": "ecs-task-definition-worker.json",
    "scheduler": "ecs-task-definition-scheduler.json",
    "migrate": "ecs-task-definition-migrate.json",
}
TASKS = {role: json.loads((ROOT / "docs/aws" / name).read_text()) for role, name in FILES.items()}
CONTAINERS = {role: task["containerDefinitions"][0] for role, task in TASKS.items()}
MODEL = ServiceModel(Loader().load_service_model("ecs", "service-2"), "ecs")
INPUT = MODEL.operation_model("RegisterTaskDefinition").input_shape
# Fargate's sizes: memory in MiB by CPU units ("Task size" in the Amazon ECS developer guide)
SIZES = {
    "256": [512, 1024, 2048],
    "512": range(1024, 4097, 1024),
    "1024": range(2048, 8193, 1024),
    "2048": range(4096, 16385, 1024),
    "4096": range(8192, 30721, 1024),
}

each = pytest.mark.parametrize("role", TASKS)


def outside_enums(shape, value):
    """Values that AWS does not list: botocore's validator lets them pass."""
    if shape.type_name == "structure":
        for name, part in value.items():
            yield from outside_enums(shape.members[name], part)
    elif shape.type_name == "list":
        for part in value:
            yield from outside_enums(shape.member, part)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield value


@each
def test_aws_own_model_of_a_task_definition_accepts_it(role):
    assert ParamValidator().validate(TASKS[role], INPUT).generate_report() == ""
    assert list(outside_enums(INPUT, TASKS[role])) == []


def test_both_checks_refuse_what_is_wrong():
    wrong = {**TASKS["api"], "networkMode": "bridged", "volume": []}

    assert "volume" in ParamValidator().validate(wrong, INPUT).generate_report()
    assert list(outside_enums(INPUT, {"networkMode": "bridged"})) == ["bridged"]


@each
def test_fargate_has_its_size_and_waits_as_long_as_it_asks(role):
    assert int(TASKS[role]["memory"]) in SIZES[TASKS[role]["cpu"]]
    assert CONTAINERS[role]["stopTimeout"] <= 120  # Fargate's most


def test_tasks_get_the_time_they_need_to_stop():
    assert CONTAINERS["api"]["stopTimeout"] > 60 + server.STOP_SECONDS  # 60 is the most that DRAIN_SECONDS may be
    assert CONTAINERS["worker"]["stopTimeout"] > max(kind.time_limit for kind in kinds() if kind.lease is None)


def test_tasks_run_what_compose_runs():
    assert "command" not in CONTAINERS["api"]  # the image's own
    assert CONTAINERS["api"]["healthCheck"]["command"] == ["CMD", *HEALTHCHECK]
    assert {role: CONTAINERS[role].get("command", command_of("api")) for role in TASKS} == {
        role: command_of(role) for role in TASKS
    }


def test_the_door_of_the_api_goes_by_the_caddyfile():
    api, door = TASKS["api"]["containerDefinitions"]
    given = {pair["name"]: pair["value"] for pair in door["environment"]}

    assert given["CADDYFILE"] == (ROOT / "Caddyfile").read_text()
    assert given["DOOR_SITE"] == f":{door['portMappings'][0]['containerPort']}"
    assert "portMappings" not in api  # nobody passes the door by


def test_the_roles_differ_in_nothing_but_command_size_and_name():
    own = {"command", "portMappings", "healthCheck", "stopTimeout", "logConfiguration", "environment", "secrets"}
    shared = [{key: value for key, value in part.items() if key not in own} for part in CONTAINERS.values()]

    assert all(part == shared[0] for part in shared)
    assert shared[0]["readonlyRootFilesystem"] is True
    assert [shared[0]["user"]] == instructions("USER")


@pytest.mark.parametrize("role", ["worker", "scheduler"])
def test_only_the_api_gets_signing_keys(role):
    settings = {name: {pair["name"] for pair in CONTAINERS[name]["secrets"]} for name in ("api", role)}

    assert settings["api"] - settings[role] == {"SECRET_KEY", "JWT_SIGNING_KEYS"}
    assert "DATABASE_OWNER_URL" not in settings[role] | settings["api"]
    assert {"name": "TASKHUB_ROLE", "value": "worker"} in CONTAINERS[role]["environment"]


@each
def test_production_starts_with_its_variables_and_secrets_come_by_reference(role):
    plain = {pair["name"]: pair["value"] for pair in CONTAINERS[role]["environment"]}
    secret = {pair["name"]: pair["valueFrom"] for pair in CONTAINERS[role]["secrets"]}
    values = {**plain, **{name: GOOD.get(name, "smtps://user:password@mail.example.com:465") for name in secret}}
    checked = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=values, capture_output=True, text=True
    )

    assert checked.returncode == 0, checked.stderr
    assert plain.keys() | secret.keys() <= set(VARIABLES)
    assert plain["TASKHUB_ENV"] == "production"
    assert all(reference.endswith(f":{name}::") for name, reference in secret.items())
