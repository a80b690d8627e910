"""`python -m devstack.chaos.frozen_redis`: how long sign-up takes while Redis is frozen; any answer but 201 fails."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from statistics import quantiles

from devstack.service import Service, temporary_home
from jobs.tests.processes.laboratory import frozen

CLIENTS, SECONDS = 4, 30
SLOWEST = 1.5  # seconds, for 99 of 100


def sign_up(service, client, until):
    """One after another. Returns the status and the seconds of each."""
    answers, numbers = [], count()
    with service.client() as http:
        while time.monotonic() < until:
            n = next(numbers)
            name = f"user{client}x{n}"
            body = {"username": name, "email": f"{name}@example.com", "password": "correct horse battery"}
            started = time.monotonic()
            status = http.post("/auth/register", json=body).status_code
            answers.append((status, time.monotonic() - started))
    return answers


def ask(service):
    with service.signed_up("warm"), frozen(service.valkey.pid), ThreadPoolExecutor(CLIENTS) as pool:
        until = time.monotonic() + SECONDS
        asked = [pool.submit(sign_up, service, n, until) for n in range(CLIENTS)]
        return [answer for one in asked for answer in one.result()]


def main():
    with temporary_home() as home, Service(home) as service:
        answers = ask(service)
    times = sorted(seconds for _, seconds in answers)
    p99 = quantiles(times, n=100)[98]
    refused = sum(status != 201 for status, _ in answers)
    result = {"sign_ups": len(times), "refused": refused, "p99": round(p99, 3), "slowest": round(times[-1], 3)}
    sys.stdout.write(json.dumps(result) + "\n")
    return int(bool(refused) or p99 > SLOWEST)


if __name__ == "__main__":
    sys.exit(main())
