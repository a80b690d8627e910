"""The processes that a run may kill and freeze, and their return."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from devstack.processes import die_with_parent
from devstack.service import ROOT

MARK = "CHAOS_HOME"  # with the folder of a run as its value, it is in the environment of all that the run started


def send(pid, signum):
    with suppress(ProcessLookupError):
        os.kill(pid, signum)


def state_of(pid):
    """R, S, T for stopped, Z; None when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def session_of(pid):
    with suppress(ProcessLookupError):
        return os.getsid(pid)


def marked(home):
    """All living processes of the run in that folder."""
    mark = f"{MARK}={home}".encode()
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and mark in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)


class Part:
    """A worker, a scheduler or a sweeper, in a session of its own. `children` are those who do the work, if any."""

    def __init__(self, name, command, environment, home):
        self.name, self.command, self.home = name, command, home
        self.environment = {**environment, "CHAOS_PART": name}
        self.log = home / f"{name}.log"
        self.starts = 0
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        self.starts += 1
        self.awake_since = time.time()

    @property
    def pid(self):
        return self.process.pid

    @property
    def children(self):
        try:
            return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            return []

    def ended(self):
        return self.process.poll() is not None

    def stopped(self):
        return [pid for pid in (*self.children, self.pid) if state_of(pid) == "T"]

    def wake(self):
        """The children first: what they were about to do is done before anybody can stop them."""
        for pid in self.stopped():
            send(pid, signal.SIGCONT)
            time.sleep(0.05)
        self.awake_since = time.time()

    def freeze(self):
        for pid in (self.pid, *self.children):
            send(pid, signal.SIGSTOP)

    def end_orphans_of(self, session):
        """Kill children that outlived their parent; they do no harm, but use memory."""
        for pid in marked(self.home):
            if session_of(pid) == session:
                send(pid, signal.SIGKILL)
