"""`python -m tests.runtime <interpreter>`: does the image work, as far as that can be known without making it?

The image's own files and commands run in production, with what that interpreter has installed. CI passes one with
requirements/base.txt alone: the environment of the tests hides a requirement that is missing.
"""

import re
import subprocess
import sys
from pathlib import Path

from devstack.service import Service, temporary_home, wait_until
from tests import containers

PRODUCTION = {
    "TASKHUB_ENV": "production",
    "SECRET_KEY": "production-brings-its-own-secrets-and-this-is-one-of-them",
    "JWT_SIGNING_KEYS": "2026-11:and-this-is-another-one-of-them-as-long-as-it-must-be",
    "ALLOWED_HOSTS": "127.0.0.1",
    "PUBLIC_URL": "https://127.0.0.1",
    "EMAIL_URL": "console:",
    "TRUSTED_PROXIES": "1",
}


class Containers(Service):
    """Starts what containers start, with the environment that they have."""

    def __enter__(self):
        containers.copy_context(self.folder)
        self.run(["sh", "-ec", containers.COLLECTSTATIC], self.environment_of_image)
        self.postgres.start()
        self.valkey.start()
        self.run(containers.command_of("migrate"))
        self.run(["python", "manage.py", "check", "--deploy", "--database", "default", "--fail-level", "WARNING"])
        self.serve()
        return self

    @property
    def environment_of_image(self):
        return {**containers.ENVIRONMENT, "PATH": f"{Path(self.python).parent}:/usr/bin:/bin"}

    @property
    def environment(self):
        servers = {**self.postgres.urls, **self.valkey.urls}
        return {**self.environment_of_image, **servers, **self.settings}

    def run(self, command, environment=None):
        subprocess.run(command, cwd=self.folder, env=environment or self.environment, check=True, timeout=120)

    def serve(self, **changes):
        self.process = self.spawn([*containers.SERVER, "--port", str(self.port)], **changes)
        wait_until(self.is_healthy)

    def is_healthy(self):
        command = containers.moved(containers.HEALTHCHECK, self.port, self.home)
        return subprocess.run(command, env=self.environment, stderr=subprocess.DEVNULL, timeout=10).returncode == 0

    def has_pruned(self):
        """As it does from the first tick on that comes after the schedule was first seen: that is long ago now."""
        self.sql("UPDATE job_schedule SET since = now() - interval '1 day'")
        return "cron:prune_jobs" in self.log.read_text()

    def start_part(self, name):
        self.processes.append(self.spawn(containers.moved(containers.command_of(name), self.port, self.home)))


def main(python):
    with temporary_home() as home, Containers(home, python, home / "app", **PRODUCTION) as service:
        service.start_part("worker")
        service.start_part("scheduler")
        with service.signed_up("alice", email="alice@example.com") as client:
            client.post("/tasks/", json={"title": "Buy milk"}).raise_for_status()
            wait_until(lambda: client.get("/jobs/").json()["items"][0]["state"] == "succeeded")
            wait_until(service.has_pruned)
            style = re.search(r'href="(/static/admin/css/base\.[0-9a-f]{12}\.css)"', client.get("/admin/login/").text)
            kept = client.get(style[1]).raise_for_status().headers["Cache-Control"]
        assert "immutable" in kept
        codes = service.stop_all()
        assert codes == [0, 0, 0], f"server, worker and scheduler ended with {codes}"
        assert not service.is_healthy()
    sys.stdout.write("the image's commands work: collectstatic, migrate, server, health check, worker, scheduler\n")


if __name__ == "__main__":
    main(sys.argv[1])
