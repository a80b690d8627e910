"""`python -m benchmarks.health`: how long /health takes under ten calls at once. Asked for are less than 200 ms."""

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles

from benchmarks import machine
from benchmarks.servers import Owned
from devstack.service import Service, temporary_home

AT_ONCE, EACH = 10, 200


def asked(service: Service) -> list[float]:
    """Milliseconds of each call of one client."""
    spent = []
    with service.client() as client:
        for _ in range(EACH):
            started = time.perf_counter()
            client.get("/health").raise_for_status()
            spent.append((time.perf_counter() - started) * 1000)
    return spent


def main() -> None:
    print(*machine.facts(), sep="\n", end="\n\n", flush=True)
    with (
        temporary_home() as home,
        Owned(home, TASKHUB_ENV="development") as service,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        spent = sorted(ms for times in pool.map(asked, [service] * AT_ONCE) for ms in times)
    cuts = quantiles(spent, n=100)
    print(f"{len(spent):,} calls, {AT_ONCE} at once: median {cuts[49]:.1f} ms, 99 of 100 within {cuts[98]:.1f} ms,"
          f" the slowest {spent[-1]:.1f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
