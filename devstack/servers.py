"""What the private servers have in common: their folder, their port, and waiting until they answer."""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from devstack import DevstackError, signals
from devstack.files import make_folder
from devstack.leftovers import StopSteps
from devstack.ports import free_port
from devstack.supervision import Process


class Server:
    """A private server on 127.0.0.1 with its data in a folder of `home`.

    `durable=False` trades safety for speed, for data that is thrown away. A stopped one can be started again: on the
    same data and the same port. Start it from the main thread: on Linux it stops when the thread that started it ends.
    """

    name: str
    stop_steps: StopSteps
    # What the log says when another try may help.
    passing_troubles: Sequence[str] = ("Address already in use",)
    patience = 60.0  # seconds to become ready, which after a crash includes recovery

    def __init__(self, home: Path, *, durable: bool = True, port: int | None = None) -> None:
        self.folder = home.absolute() / self.name
        self.durable = durable
        self.port = port
        self.log = self.folder / f"{self.name}.log"
        self.process = Process(self.name, self.folder / f"{self.name}.pid", self.stop_steps)

    @property
    def url(self) -> str:
        """Where clients connect to, with the password. Valid once started."""
        raise NotImplementedError

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self.process.pid

    def start(self) -> None:
        """Start it and wait until it answers. Raises DevstackError with what its log says."""
        if self.pid:
            return
        make_folder(self.folder)
        self.prepare()
        fixed, deadline = self.port, time.monotonic() + 20
        while not self._try(fixed or free_port()):
            if time.monotonic() > deadline:
                raise DevstackError(self._explanation())
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop it. The data stays."""
        self.process.stop()

    def remove(self) -> None:
        """Stop it and throw its data away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def urls(self) -> dict[str, str]:
        """What the environment of a program names it by."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make what it needs before its first start."""
        raise NotImplementedError

    def launch(self, port: int) -> None:
        """Start the process."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it is ready for clients."""
        raise NotImplementedError

    def _try(self, port: int) -> bool:
        self.port = port
        try:
            self.launch(port)
            return self._becomes_ready()
        except BaseException:
            self.stop()
            raise

    def _becomes_ready(self) -> bool:
        deadline = time.monotonic() + self.patience
        while not self.answers():
            signals.check()
            if self.process.ending():
                if any(trouble in self._last_words() for trouble in self.passing_troubles):
                    return False
                raise DevstackError(self._explanation())
            if time.monotonic() > deadline:
                raise DevstackError(f"{self.name} is not ready after {self.patience:.0f} s, see {self.log}")
            time.sleep(0.02)
        return True

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    def _explanation(self) -> str:
        said = self._last_words().strip().splitlines() or ["nothing"]
        return f"{self.name} {self.process.ending()} and said: {said[-1]} (more in {self.log})"


def environment() -> dict[str, str]:
    """The environment of a private server: PG* variables would change its answers, and its messages are to be read."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("PG")}, "LC_ALL": "C"}
