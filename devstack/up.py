"""Runs everything until Ctrl-C: servers, migrations, the API, a worker and the scheduler."""

import http.client
from collections import deque
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from devstack import DevstackError, door, home, leftovers, processes, signals, stack
from devstack.environment import for_parts, is_loopback
from devstack.output import remark, say
from devstack.ports import dialled_host, free_port, require_free, url_of
from devstack.supervision import Part, Supervisor
from devstack.virtualenv import PYTHON

NO_KEYS = {"TASKHUB_ROLE": "worker"}
_READY = """
READY {url}

    API documents   {url}/docs
    admin           {url}/admin/
    first admin     python3 -m devstack manage createsuperuser
    stop            Ctrl-C
"""


def run(folder: Path, host: str, port: int, reload: bool, name: str | None) -> int:
    """Run it on the data in `folder`. Returns 0 after a signal, 1 when a part ends by itself."""
    home.occupy(folder)
    address = {"address": f"https://{name}:{port}" if name else url_of(host, port)}
    home.publish(folder, address)
    leftovers.reap_parts(folder)  # one of them may still have the port
    require_free(host, port)
    with stack.private_servers(folder) as (servers, urls):
        home.publish(folder, {**address, **urls})
        public = address["address"] if name else f"http://localhost:{port}"
        environment = {"PUBLIC_URL": public, **for_parts(folder, name or host), **urls}
        supervisor = Supervisor(folder, environment, [server.process for server in servers])
        try:
            _migrate(environment)
            for part in parts(folder, host, port, reload, name):
                supervisor.start(part)
            supervisor.wait_until_ready()
            say(_READY.format(url=address["address"]))
            supervisor.watch()
        except signals.Interrupted:
            remark("stopping everything")
            raise
        except DevstackError as failure:
            remark(f"{failure}; stopping everything else")
            return 1
        finally:
            supervisor.stop()


def parts(folder: Path, host: str, port: int, reload: bool, name: str | None = None) -> list[Part]:
    """All parts, in the order they start in; they stop in the opposite order. Other machines come by the door."""
    # Celery warns root, which is whom a container and a CI machine often have
    celery = [str(PYTHON), "-W", "ignore:You're running the worker", "-m", "celery", "--quiet", "-A", "taskhub"]
    worker = [*celery, "worker", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    behind = name is not None or not is_loopback(host)
    own_host, own_port = ("127.0.0.1", free_port()) if behind else (host, port)
    api = [str(PYTHON), "-m", "taskhub.server", "--host", own_host, "--port", str(own_port)]
    is_ready, settings = partial(_is_live, own_host, own_port), {"TRUSTED_PROXIES": "1"} if behind else {}
    return [
        Part("worker", worker, grace=4, settings=NO_KEYS),
        Part("api", [*api, "--reload"] if reload else api, grace=6, is_ready=is_ready, settings=settings),
        Part("scheduler", [str(PYTHON), "manage.py", "jobs_scheduler"], grace=1, settings=NO_KEYS),
        *([door.part(folder, host, port, name, own_port)] if behind else []),
    ]


def _migrate(environment: Mapping[str, str]) -> None:
    remark("bringing the database up to date")
    last: deque[str] = deque(maxlen=15)
    command = [str(PYTHON), "manage.py", "migrate", "--no-input", "--verbosity", "0"]
    if code := processes.run(command, environment, last.append):
        for line in last:
            remark(line)
        raise DevstackError(f"migrate ended with exit code {code}")


def _is_live(host: str, port: int) -> bool:
    # Not urllib, which would go through a proxy named in the environment.
    with closing(http.client.HTTPConnection(dialled_host(host), port, timeout=1)) as connection:
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
