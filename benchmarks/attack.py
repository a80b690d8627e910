"""`python -m benchmarks.attack`: what others notice while 64 attackers try passwords, and four people sign up."""

import argparse
import statistics
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from benchmarks import machine
from benchmarks.report import table
from devstack.service import Service, temporary_home

TITLES = ("threads", "attack", "/livez ms: median, 95 %", "/tasks/", "refused", "attackers' answers", "sign-ups")
PATHS = ("/livez", "/tasks/")
PASSWORD = "correct horse battery"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attack", description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, nargs="*", default=[], help="of each process; the default is measured")
    parser.add_argument("--limits", action="store_true", help="with the limits by address and account, as delivered")
    parser.add_argument("--seconds", type=float, default=8)
    asked = parser.parse_args()
    print(*machine.facts(), machine.noise(), sep="\n", end="\n\n", flush=True)
    rows = [row for threads in asked.threads or [0] for row in measured(threads, asked.limits, asked.seconds)]
    print(
        table(
            ("threads", "attack", "/livez ms: median, 95 %", "/tasks/", "refused", "attackers' answers", "sign-ups"),
            rows,
        )
    )


def measured(threads: int, limits: bool, seconds: float) -> list[list[str]]:
    settings = {"TASKHUB_ENV": "development", **({"WEB_THREADS": str(threads)} if threads else {})}
    if limits:
        settings |= {f"RATE_LIMIT_LOGIN_{name}": "10/m,50/h" for name in ("ACCOUNT", "ADDRESS")}
    with temporary_home() as home, Service(home, **settings) as service, service.signed_up("honest") as client:
        return [[str(threads or "default"), *row] for row in (quiet(client), attacked(service, client, seconds))]


def quiet(client: httpx.Client) -> list[str]:
    return ["none", *told(client, time.monotonic() + 1), "", ""]


def attacked(service: Service, client: httpx.Client, seconds: float) -> list[str]:
    command = [sys.executable, "-m", "benchmarks.attackers", str(service.port), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as attackers:
        time.sleep(1)
        found = told(client, time.monotonic() + seconds - 2)
        answers = attackers.communicate()[0].strip()
    sign_ups = Counter(answer.status_code for answer in at_once(service))
    return ["64 attackers", *found, answers, str(dict(sign_ups))]


def at_once(service: Service) -> list[httpx.Response]:
    def sign_up(n: int) -> httpx.Response:
        with service.client() as client:
            return client.post("/auth/register", json={"username": f"new{time.time_ns()}{n}", "password": PASSWORD})

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(sign_up, range(4)))


def told(client: httpx.Client, end: float) -> list[str]:
    taken: dict[str, list[float]] = {path: [] for path in PATHS}
    refused = 0
    while time.monotonic() < end:
        for path, each in taken.items():
            started = time.perf_counter()
            refused += client.get(path).status_code != 200
            each.append((time.perf_counter() - started) * 1000)
    shown = (f"{statistics.median(each):.1f}, {sorted(each)[len(each) * 95 // 100]:.1f}" for each in taken.values())
    return [*shown, f"{refused} of {sum(map(len, taken.values()))}"]


if __name__ == "__main__":
    main()
