"""A checkout of its own for devstack, with an `.venv` that borrows what the running interpreter has installed."""

import hashlib
import json
import os
import platform
import subprocess
import sys
import sysconfig
import venv
from contextlib import contextmanager
from pathlib import Path

import psutil

from devstack.leftovers import runs
from devstack.ports import free_port
from devstack.service import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
_SET_BY_THE_TEST_RUN = ("DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "DJANGO_SETTINGS_MODULE")

MANAGE = """
import os, signal, sys, time
print("manage.py got", *sys.argv[1:], os.environ["DATABASE_URL"])
if sys.argv[1] == "jobs_scheduler":
    print("started with", *sys.argv[1:])
    print("scheduler ready.", flush=True)
    signal.pause()
time.sleep(float(os.environ.get("SLOW_MANAGE", 0)))
sys.exit(int(sys.argv[2] if sys.argv[1] == "exit" else os.environ.get("MANAGE_EXITS_WITH", 0)))
"""
# Like a real API server it has a worker that lives on when its parent is killed.
SERVER = """
import http.server, os, signal, sys
worker = os.fork()
if not worker:
    signal.pause()
def stop(*_):
    os.kill(worker, signal.SIGKILL)
    os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if "STUBBORN" in os.environ else stop)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
print("started with", *sys.argv[1:])
http.server.HTTPServer((sys.argv[2], int(sys.argv[4])), Answer).serve_forever()
"""
# Worker and scheduler: found before the real one, because the checkout comes first on the path
CELERY = """
import os, signal, sys, time
print("started with", *sys.argv[1:])
time.sleep(float(os.environ.get("SLOW_WORKER", 0)))
print("celery@here ready.", flush=True)
signal.pause()
"""


class Checkout:
    """One checkout and one home: what a user of devstack has."""

    def __init__(self, root, home):
        self.root, self.home = root, home

    def environment(self, **settings):
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _SET_BY_THE_TEST_RUN and not name.startswith(("TASKHUB_", "PYTEST_", "COV_"))
        }
        return {**kept, "TASKHUB_HOME": str(self.home), **settings}

    def run(self, *arguments, **settings):
        command = [sys.executable, "-m", "devstack", *arguments]
        environment = self.environment(**settings)
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=60)

    @contextmanager
    def up(self, port=None, **settings):
        """`devstack up`, started but not awaited; it is stopped at the end unless it has ended before."""
        up = Up(self, port or free_port(), settings)
        try:
            yield up
        finally:
            if up.process.poll() is None:
                up.process.terminate()
            up.process.wait(timeout=25)

    def urls(self):
        return dict(line.split("=", 1) for line in self.run("env").stdout.splitlines())

    def owner_url(self):
        return json.loads((self.home / "running.json").read_text())["DATABASE_OWNER_URL"]


class Up:
    def __init__(self, checkout, port, settings):
        self.home = checkout.home
        self.port = port
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.home / "up.log"
        command = [sys.executable, "-m", "devstack", "up", "--port", str(port)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=checkout.root, env=checkout.environment(**settings), stdout=log, stderr=log
            )

    def output(self):
        return self.log.read_text()

    def says(self, text):
        """Waits until it has printed this."""
        wait_until(lambda: text in self.output() or self.process.poll() is not None)
        assert text in self.output(), self.output()
        return self

    def is_ready(self):
        return self.says(f"READY {self.url}\n")

    def family(self):
        """Every process below it."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def pid_of(self, name):
        """The process that devstack has recorded under this name."""
        (record,) = self.home.rglob(f"{name}.pid")
        return int(record.read_text().split()[0])


def survivors(family):
    """Those of a family that still run."""
    return [process for process in family if runs(process)]


def make_checkout(root):
    """A checkout whose project is a stand-in: quick to start, and it does odd things when told to."""
    (root / "taskhub").mkdir(parents=True)
    (root / "requirements").mkdir()
    (root / "devstack").symlink_to(ROOT / "devstack")
    for name in ("local", "dev"):
        (root / f"requirements/{name}.txt").write_text("# nothing more than there is\n")
    (root / "manage.py").write_text(MANAGE)
    (root / "taskhub/server.py").write_text(SERVER)
    (root / "celery.py").write_text(CELERY)
    lend_packages(root)


def make_real_checkout(root):
    """A checkout of this very project."""
    root.mkdir()
    for path in ROOT.iterdir():
        if path.name not in (".venv", ".taskhub", ".env", ".git"):
            (root / path.name).symlink_to(path)
    lend_packages(root)


def lend_packages(root):
    venv.create(root / ".venv", symlinks=True)
    site_packages = Path(sysconfig.get_path("purelib", vars={"base": str(root / ".venv")}))
    (site_packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    for name in ("local", "dev"):
        lock = (root / f"requirements/{name}.txt").read_bytes()
        stamp = hashlib.sha256(lock + platform.python_version().encode()).hexdigest()
        (root / f".venv/devstack-{name}").write_text(stamp)
