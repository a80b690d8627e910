"""The whole service with its worker and scheduler, and a laboratory that looks at its database."""

import os
import signal
import subprocess
import sys

from devstack.ports import free_port
from devstack.processes import die_with_parent
from devstack.service import ROOT, Service
from jobs.tests.processes.laboratory import Laboratory


class WorkingService(Service):
    def __init__(self, home):
        self.smtp_port = free_port()
        mail = f"smtp://127.0.0.1:{self.smtp_port}"
        super().__init__(home, EMAIL_URL=mail, WEB_WORKERS="1", TASKHUB_TEST_SINK=str(home / "sink"))

    def __enter__(self):
        super().__enter__()
        self.lab = Laboratory(self.environment, self.home).__enter__()
        worker = ("-m", "celery", "-A", "jobs.tests.processes.celery_app", "worker", "--loglevel", "INFO")
        self.worker = self.launch("worker", *worker, JOBS_QUEUES="default=2,mail=1")
        self.scheduler = self.launch("scheduler", "-m", "jobs.tests.processes.scheduler")
        return self

    def launch(self, part, *arguments, **changes):
        """A part in a session of its own, so that its children end with it."""
        with (self.home / f"{part}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**self.environment, **changes},
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    def __exit__(self, *error):
        for process in (self.scheduler, self.worker):
            os.killpg(process.pid, signal.SIGKILL)  # crashing is what they are good at; and its children with it
            process.wait()
        self.lab.__exit__(*error)
        super().__exit__(*error)
