"""A pytest plugin: a real PostgreSQL and Valkey for the tests, unless the environment names some."""

import os
from collections.abc import Callable, Generator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from devstack.postgres import Postgres
from devstack.servers import Server
from devstack.service import temporary_home
from devstack.valkey import Valkey

_KINDS: dict[str, Callable[..., Server]] = {"DATABASE_URL": Postgres, "REDIS_URL": Valkey}
_header = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Comes before pytest-django reads the settings, which are read from the environment."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        _take_own_redis_database(int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")))
    else:
        started = ExitStack()
        early_config.add_cleanup(started.close)
        early_config.stash[_header] = _prepare(started)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means here: one more than there are cores, because many tests wait for processes to end."""
    return (os.cpu_count() or 1) + 1


def pytest_report_header(config: pytest.Config) -> str:
    return f"servers: {config.stash.get(_header, 'of the controller')}"


def _prepare(started: ExitStack) -> str:
    home = started.enter_context(temporary_home())
    os.environ |= {"TASKHUB_ENV": "test", "TASKHUB_HOME": str(home)}
    missing = [name for name in _KINDS if not os.environ.get(name)]
    for name in missing:
        server = _KINDS[name](home, durable=False)
        started.callback(server.stop)
        server.start()
        os.environ[name] = server.url
    return ", ".join(f"{name} {'thrown away afterwards' if name in missing else 'as given'}" for name in _KINDS)


def _take_own_redis_database(worker: int) -> None:
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{worker + 1}").geturl()
