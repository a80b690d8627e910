"""Clients that generators make of the OpenAPI document: they can be imported, and they work."""

import importlib
import json
import pkgutil
import subprocess
import sys

import pytest

from devstack.service import ROOT

DOCUMENT = ROOT / "docs/openapi.json"
CREDENTIALS = {"username": "generated", "password": "correct horse battery"}


def generate(tool, *arguments):
    made = subprocess.run([sys.executable, "-m", tool, *arguments], capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stdout + made.stderr


@pytest.fixture(scope="module")
def importable(tmp_path_factory):
    """A folder that Python imports from."""
    folder = tmp_path_factory.mktemp("generated")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def package(importable):
    """The client of openapi-python-client."""
    settings = importable / "settings.json"
    # Hooks would format the code; of spreadsheets it has to be told that they are bytes
    overrides = {"text/csv": "application/octet-stream"}
    settings.write_text(json.dumps({"post_hooks": [], "content_type_overrides": overrides}))
    options = ["--path", str(DOCUMENT), "--meta", "none", "--config", str(settings), "--fail-on-warning"]
    generate("openapi_python_client", "generate", *options, "--output-path", str(importable / "taskhub_client"))
    return importlib.import_module("taskhub_client")


@pytest.fixture(scope="module")
def models(importable):
    """The models of datamodel-code-generator."""
    kind = ["--output-model-type", "pydantic_v2.BaseModel", "--formatters", "builtin", "--set-default-enum-member"]
    generate("datamodel_code_generator", "--input", str(DOCUMENT), "--output", str(importable / "models.py"), *kind)
    return importlib.import_module("models")


def modules_of(package):
    return [importlib.import_module(found.name) for found in pkgutil.walk_packages(package.__path__, "taskhub_client.")]


def test_every_operation_has_a_function_that_can_be_imported(package):
    operations = [module for module in modules_of(package) if hasattr(module, "sync_detailed")]

    described = json.loads(DOCUMENT.read_text())["paths"].values()
    assert len(operations) == sum(len(methods) for methods in described)


def test_a_program_signs_up_signs_in_and_keeps_tasks(package, service):
    call = {module.__name__.rpartition(".")[2]: module for module in modules_of(package)}
    shapes = importlib.import_module("taskhub_client.models")
    with package.Client(base_url=service.url) as anyone:
        call["register_user"].sync(client=anyone, body=shapes.RegisterRequest(**CREDENTIALS))
        pair = call["log_in"].sync(client=anyone, body=shapes.LoginRequest(**CREDENTIALS))
    done = shapes.PatchedTaskRequest(status=shapes.TaskStatus.DONE)
    with package.AuthenticatedClient(base_url=service.url, token=pair.access_token) as alice:
        milk = call["create_task"].sync(client=alice, body=shapes.NewTaskRequest(title="Milk"))
        bread = call["create_task"].sync(client=alice, body=shapes.NewTaskRequest(title="Bread"))
        first = call["list_tasks"].sync(client=alice, limit=1)
        second = call["list_tasks"].sync(client=alice, limit=1, cursor=first.meta.next_cursor)
        changed = call["update_task"].sync(milk.id, client=alice, body=done)
        deleted = call["delete_task"].sync_detailed(bread.id, client=alice)

    assert [task.title for task in first.items + second.items] == ["Bread", "Milk"]
    assert (changed.status, changed.title) == (shapes.TaskStatus.DONE, "Milk")
    assert deleted.status_code == 204


def test_a_model_that_names_every_field_is_taken(models, alice_client):
    body = models.NewTaskRequest(title="Milk", status=None).model_dump_json()
    made = alice_client.generic("POST", "/tasks/", body, content_type="application/json")

    assert {"id", "title", "description", "owner", "status", "priority", "due_at"} <= set(json.loads(body))
    assert made.status_code == 201
    assert models.Task.model_validate_json(made.content).status == models.TaskStatus.todo
