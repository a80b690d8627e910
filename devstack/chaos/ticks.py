"""Five schedulers beside each other, one of which is killed now and then: one job for each tick."""

import time
from datetime import UTC, datetime

from devstack.chaos.nemesis import Nemesis
from devstack.chaos.stage import Stage

PERIOD = 10  # seconds: that of devstack.chaos.ticking
SHORTEST = 2 * PERIOD  # of a run: whenever it begins, there is a whole tick to be judged
ROWS = "SELECT job_id, state FROM job_log WHERE job_id LIKE 'cron:chaos_tick:%%' ORDER BY job_id"
EFFECTS = "SELECT job_id, count(*) AS times FROM effect GROUP BY job_id"


def run(home, seed, seconds, say):
    """Returns what the last line says."""
    with Stage(home, workers=1, schedulers=5, CHAOS_TICKS="1") as stage:
        nemesis, started = Nemesis(stage, seed), time.time()
        nemesis.plan(["kill_scheduler"] * (seconds // 15), seconds)
        watch(stage, nemesis, started + seconds, say)
        ended = time.time()
        watch(stage, nemesis, ended + PERIOD, say)  # the last tick is carried out
        nemesis.rest()
        return result(stage, nemesis, seed, started, ended)


def watch(stage, nemesis, until, say):
    said = 0.0
    while time.time() < until:
        nemesis.look()
        if time.time() > said + 10:
            said = time.time()
            say(f"{len(stage.sql(ROWS))} ticks, {nemesis.done.total()} schedulers killed")
        time.sleep(0.05)


def result(stage, nemesis, seed, started, ended):
    """Of each tick between the two times, at each of which one may be under way."""
    first = int(started // PERIOD + 1) * PERIOD
    expected = {name_of(instant) for instant in range(first, int(ended), PERIOD)}
    rows = {row.job_id.removeprefix("cron:"): row.state for row in stage.sql(ROWS)}
    effects = {row.job_id.removeprefix("database_only:").replace(".", ":"): row.times for row in stage.sql(EFFECTS)}
    return {
        "seed": seed,
        "seconds": round(ended - started, 1),
        "ticks": len(expected),
        "lost": len(expected - rows.keys()) + len(expected - effects.keys()),
        "doubled": sum(times > 1 for times in effects.values()),
        "unfinished": sum(rows.get(name) != "succeeded" for name in expected),
        "killed": nemesis.done.total(),
        "stuck_workers": len(nemesis.stuck),
    }


def name_of(instant):
    return f"chaos_tick:{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%SZ}"
