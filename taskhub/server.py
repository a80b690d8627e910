"""`python -m taskhub.server`: the API behind granian, with as many processes and threads as the settings say."""

import argparse
import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import FrameType

import django
from django.conf import settings
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

log = logging.getLogger("taskhub.server")
STOP_SECONDS = 10  # that requests in flight get to finish when the server stops; then their process is killed
M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
LONGEST_IDLE = 600  # seconds; granian's maximum. A thread that ends takes its database connection with it


def serve(host: str, port: int, reload: bool) -> None:
    """Blocks until SIGINT, or until DRAIN_SECONDS after SIGTERM."""
    if sys.platform == "linux":  # no longer the default in Python 3.14; the server processes inherit `draining`
        multiprocessing.set_start_method("fork")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskhub.settings")
    # Unused by our log line, and a third of its time (docs.python.org/3/howto/logging.html#optimization)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    django.setup()  # bad settings end the process here, before a port is opened
    keep_memory_low()
    if not reload:
        import_module("taskhub.wsgi")  # loaded once, shared by all processes
        gc.freeze()  # the garbage collector would write to every object, and so copy the memory in each process
    server = Granian(
        "taskhub.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=settings.WEB_WORKERS,
        blocking_threads=settings.WEB_THREADS,
        blocking_threads_idle_timeout=LONGEST_IDLE,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        reload=reload,
        log_level=LogLevels.warning,
    )

    @server.on_startup
    def started() -> None:
        drain_on_sigterm(server.signal_handler_interrupt)
        log.info(
            "listening on %s port %d: %d processes of %d threads",
            host,
            port,
            settings.WEB_WORKERS,
            settings.WEB_THREADS,
        )

    server.serve()


def keep_memory_low() -> None:
    """Makes glibc always return large blocks to the system, as it does at first (mallopt(3)).

    Otherwise each process would keep the 19 MiB that a password hash takes. Other C libraries lack this option.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 256 * 1024)


def drain_on_sigterm(stop: Callable[[], None]) -> None:
    """On SIGTERM, /readyz answers 503, so that load balancers look elsewhere; calls `stop` DRAIN_SECONDS later."""
    from taskhub.api.health import draining

    master = os.getpid()

    def handle(signum: int, frame: FrameType | None) -> None:
        if os.getpid() != master:
            sys.exit(0)  # a server process that is still starting inherited this handler
        draining.set()
        threading.Timer(settings.DRAIN_SECONDS, stop).start()

    signal.signal(signal.SIGTERM, handle)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m taskhub.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--reload", action="store_true", help="restart when a file of the project changes")
    arguments = parser.parse_args()
    serve(arguments.host, arguments.port, arguments.reload)


if __name__ == "__main__":
    main()
