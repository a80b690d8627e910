"""`python -m tests.runtime <interpreter>`: does everything start and work with what that interpreter has installed?

CI passes one with requirements/base.txt alone: the environment of the tests hides a requirement that is missing.
"""

import sys

from tests.servers import temporary_home
from tests.service import Service, wait_until


def main(python):
    with temporary_home() as home, Service(home, python) as service, service.signed_up("alice") as client:
        service.start_celery("worker", "--loglevel", "INFO")
        service.start_celery("beat", "--schedule", str(home / "beat"))
        client.post("/tasks/", json={"title": "Buy milk"}).raise_for_status()
        wait_until(lambda: client.get("/jobs/").json()["items"][0]["state"] == "succeeded")
        wait_until(lambda: "cron:prune_jobs" in service.log.read_text())
        sys.stdout.write("server, worker and scheduler start and work\n")


if __name__ == "__main__":
    main(sys.argv[1])
