"""What each command does, from its first step to its exit code."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from devstack import DevstackError, home, signals, virtualenv
from devstack.environment import ROOT, find_home, for_parts, load_dotenv
from devstack.output import remark, say
from devstack.processes import become, die_with_parent
from devstack.virtualenv import DEV, PYTHON


def up(host: str, port: int, reload: bool, name: str | None) -> int:
    """Set up and run everything until a signal comes (0) or a part ends by itself (1)."""
    signals.listen()
    os.chdir(ROOT)
    load_dotenv()
    try:
        virtualenv.enter()
        from devstack import up  # here, because it needs what `.venv` has

        return up.run(find_home(), host, port, reload, name)
    except signals.Interrupted as interrupted:
        remark(str(interrupted))
        return 0


def test(arguments: list[str]) -> int:
    """Run pytest, whose plugin starts the servers, so that plain pytest does the same."""
    signals.listen()
    os.chdir(ROOT)
    virtualenv.make(DEV).outlive_exec()
    become(PYTHON, ["-m", "pytest", *arguments], os.environ)


def chaos(arguments: list[str]) -> int:
    """Run jobs under faults, which starts servers of its own, with these arguments."""
    signals.listen()
    os.chdir(ROOT)
    virtualenv.make(DEV).outlive_exec()
    become(PYTHON, ["-m", "devstack.chaos", *arguments], os.environ)


def bench(arguments: list[str]) -> int:
    """Measure the API beside other programs, on servers of its own, with these arguments."""
    signals.listen()
    os.chdir(ROOT)
    virtualenv.make(DEV).outlive_exec()
    become(PYTHON, ["-m", "benchmarks", *arguments], os.environ)


def manage(arguments: list[str]) -> int:
    """Run manage.py on the servers of the environment, on those that run, or on some started for it alone."""
    signals.listen()
    os.chdir(ROOT)
    load_dotenv()
    virtualenv.enter().outlive_exec()
    from devstack import stack  # here, because it needs what `.venv` has

    folder = find_home()
    command, environment = ["manage.py", *arguments], for_parts(folder)
    if all(environment.get(name) for name in home.URLS):
        become(PYTHON, command, environment)
    if running := _urls_of_running(folder):
        become(PYTHON, command, {**environment, **running})
    with stack.private_servers(folder) as (_, urls):
        return _run_on_terminal([str(PYTHON), *command], {**environment, **urls})


def _urls_of_running(folder: Path) -> dict[str, str] | None:
    """The URLs of the command that occupies this home, once it has them; None if nobody does, and we do now."""
    waited = False
    while not home.try_occupy(folder):
        found = home.running(folder) or {}
        if all(name in found for name in home.URLS):
            return {name: os.environ.get(name) or found[name] for name in (*home.URLS, home.OWNER) if name in found}
        if not waited:
            remark("waiting for another devstack command")
        waited = True
        signals.check()
        time.sleep(0.2)
    return None


def _run_on_terminal(command: list[str], environment: dict[str, str]) -> int:
    """Run an interactive command, which gets the signals itself. Returns its exit code as a shell would."""
    child = subprocess.Popen(command, env=environment, preexec_fn=die_with_parent(signal.SIGTERM))
    while True:
        with suppress(subprocess.TimeoutExpired):
            code = child.wait(0.1)
            return 128 - code if code < 0 else code
        for signum in signals.take():
            # A terminal has sent Ctrl-C to the child as well.
            if signum != signal.SIGINT or not sys.stdin.isatty():
                child.send_signal(signum)


def env() -> int:
    """Print the URLs of what runs."""
    load_dotenv()
    found = home.running(find_home()) or {}
    if not all(name in found for name in home.URLS):
        raise DevstackError("not running (yet); start it with: python3 -m devstack up")
    for name in home.URLS:
        say(f"{name}={found[name]}")
    return 0
