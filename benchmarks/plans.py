"""What TaskHub's jobs cost while there are none, and how the sweep and claims find theirs among many finished ones.

For benchmarks.jobs; import it when the environment names the servers.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connection, transaction

from benchmarks.engines import TaskHub, start_taskhub
from benchmarks.report import table
from benchmarks.servers import Servers
from benchmarks.workers import taskhub
from devstack.service import wait_until
from jobs import claims
from jobs.registry import get_kind
from jobs.services import enqueue

SETTLING = 6  # seconds in which the scheduler has looked at everything once
DUE = 1000
TITLES = ("an idle system, per minute", "statements", "CPU ms: worker and scheduler", "PostgreSQL", "Valkey")
FILL = """
    INSERT INTO job_log (job_id, kind, payload, payload_sha, state, attempt, max_attempts, run_at,
        worker, error_code, error, created_at, started_at, finished_at)
    SELECT 'noop:done' || n, 'noop', '{}', md5(n::text) || md5(n::text), 'succeeded', 1, 5, moment,
        'worker:1', '', '', moment, moment, moment
    FROM generate_series(1, %s) AS n, LATERAL (SELECT now() - n * interval '0.5 s' AS moment) AS times
"""


def show(servers: Servers, rows: int, seconds: float) -> None:
    """Fills, measures, prints."""
    with connection.cursor() as cursor:
        cursor.execute(FILL, [rows])
        cursor.execute("VACUUM ANALYZE job_log")
        cursor.execute("CHECKPOINT")
    print(f"{rows:,} jobs have finished.\n", table(TITLES, [idle(servers, seconds)]), sep="\n")
    kinds = [get_kind(taskhub.DATABASE)]
    claim = partial(claims.claim_new, {kinds[0]: 50}, 1)
    for name, find in (("the sweep", partial(claims.due, kinds)), ("a claim", claim)):
        print(f"\n{DUE:,} are due; {name} finds them:", *plan(find), sep="\n    ")


def idle(servers: Servers, seconds: float) -> list[str]:
    """With worker and scheduler as a deployment has them."""
    engine = TaskHub("idle", servers, start_taskhub(servers), taskhub.DATABASE)
    engine.enqueue(0)
    wait_until(lambda: engine.is_done(1))  # they are there
    time.sleep(SETTLING)
    before = [engine.statements(), *servers.cpu(engine.pids)]
    time.sleep(seconds)
    after = [engine.statements(), *servers.cpu(engine.pids)]
    statements, *spent = ((end - start) * 60 / seconds for start, end in zip(before, after, strict=True))
    return ["TaskHub", f"{statements:,.0f}", *(f"{part * 1000:,.0f}" for part in spent)]


def plan(find: Callable[[], object]) -> list[str]:
    """Of the statement of `find`, as it is sent, with what it read. What is due is not kept."""
    plans: list[list[str]] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "unnest" in sql:
            with connection.connection.cursor() as cursor:
                rows = cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params).fetchall()
            plans.append([line for (line,) in rows])
        return execute(sql, params, many, context)

    with transaction.atomic():
        for n in range(DUE):
            enqueue(taskhub.DATABASE, f"due{n}")
        with connection.execute_wrapper(explain):
            find()
        transaction.set_rollback(True)
    return plans[0]
