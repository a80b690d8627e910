"""What each command does, from its first step to its exit code."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from devstack import DevstackError, leftovers, signals, stack, virtualenv
from devstack.environment import ROOT, find_home, for_parts, load_dotenv
from devstack.output import remark, say
from devstack.ports import require_free, url_of
from devstack.processes import become, die_with_parent
from devstack.up import Supervisor, parts
from devstack.virtualenv import PYTHON


def up(host: str, port: int, reload: bool) -> int:
    """Set up and run everything until a signal comes (0) or a part ends by itself (1)."""
    signals.listen()
    os.chdir(ROOT)
    load_dotenv()
    home = find_home()
    stack.occupy(home)
    stack.publish(home, {"address": url_of(host, port)})
    leftovers.reap_parts(home)  # one of them may still have the port
    require_free(host, port)
    try:
        virtualenv.enter()
        with stack.private_servers(home) as (servers, urls):
            stack.publish(home, {"address": url_of(host, port), **urls})
            code = _supervise(Supervisor(home, {**for_parts(home, host), **urls}, servers), home, host, port, reload)
    except signals.Interrupted as interrupted:
        remark(str(interrupted))
        return 0
    return code


def _supervise(supervisor: Supervisor, home: Path, host: str, port: int, reload: bool) -> int:
    try:
        supervisor.migrate()
        for part in parts(home, host, port, reload):
            supervisor.start(part)
        supervisor.wait_until_live(host, port)
        say(f"READY {url_of(host, port)}")
        say("To make a first admin: python3 -m devstack manage createsuperuser")
        supervisor.watch()
    except signals.Interrupted:
        remark("stopping everything")
        raise
    except DevstackError as failure:
        remark(f"{failure}; stopping everything else")
        return 1
    finally:
        supervisor.stop()


def test(arguments: list[str]) -> int:
    """Run pytest, whose plugin starts the servers, so that plain pytest does the same."""
    signals.listen()
    os.chdir(ROOT)
    virtualenv.make().outlive_exec()
    become(PYTHON, ["-m", "pytest", *arguments], os.environ)


def chaos(arguments: list[str]) -> int:
    """Run the jobs under fire, which starts servers of its own, with these arguments."""
    signals.listen()
    os.chdir(ROOT)
    virtualenv.make().outlive_exec()
    become(PYTHON, ["-m", "tests.chaos", *arguments], os.environ)


def manage(arguments: list[str]) -> int:
    """Run manage.py on the servers of the environment, on those that run, or on some started for it alone."""
    signals.listen()
    os.chdir(ROOT)
    load_dotenv()
    virtualenv.enter().outlive_exec()
    home = find_home()
    command, environment = ["manage.py", *arguments], for_parts(home)
    if all(environment.get(name) for name in stack.URLS):
        become(PYTHON, command, environment)
    if running := _urls_of_running(home):
        become(PYTHON, command, {**environment, **running})
    with stack.private_servers(home) as (_, urls):
        return _run_on_terminal([str(PYTHON), *command], {**environment, **urls})


def _urls_of_running(home: Path) -> dict[str, str] | None:
    """The URLs to use of the command that has this home, once it has them; None when nobody has it, and now we do."""
    waited = False
    while not stack.try_occupy(home):
        found = stack.running(home) or {}
        if all(name in found for name in stack.URLS):
            return {name: os.environ.get(name) or found[name] for name in stack.URLS}
        if not waited:
            remark("waiting for another devstack command")
        waited = True
        signals.check()
        time.sleep(0.2)
    return None


def _run_on_terminal(command: list[str], environment: dict[str, str]) -> int:
    """Run a command that may ask questions; signals are its to answer. Returns its exit code as a shell would."""
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
    found = stack.running(find_home()) or {}
    if not all(name in found for name in stack.URLS):
        raise DevstackError("not running (yet); start it with: python3 -m devstack up")
    for name in stack.URLS:
        say(f"{name}={found[name]}")
    return 0
