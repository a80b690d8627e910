"""`python3 -m devstack chaos`: jobs under faults, and what happened to each. docs/reliability.md explains it."""

import argparse
import json
import re
import shutil
import signal
import sys
import time
from collections import Counter
from contextlib import contextmanager

from devstack.chaos import plan, ticks
from devstack.chaos.checker import FAULTS, Checker
from devstack.chaos.nemesis import Nemesis
from devstack.chaos.stage import FAKETIME, Stage
from devstack.service import ROOT, temporary_home, wait_until

PRODUCERS = 2
MUTANTS = re.findall(r"^def (\w+)\(\):", (ROOT / "jobs/tests/processes/mutants.py").read_text(), re.MULTILINE)


def parse(words):
    parser = argparse.ArgumentParser(prog="python3 -m devstack chaos", description=__doc__)
    parser.add_argument("--jobs", type=at_least(1), default=1000)
    parser.add_argument(
        "--kills", type=at_least(1), default=40, help="from outside; half as many other troubles come on top"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--failpoints", type=float, default=1, metavar="PERCENT", help="each at 0.3 to 1 times that")
    parser.add_argument(
        "--mutant",
        default="",
        choices=MUTANTS,
        metavar="NAME",
        help="take out a protection: see jobs/tests/processes/mutants.py",
    )
    parser.add_argument("--logs", metavar="FOLDER", help="where to keep what the processes wrote")
    long_enough = at_least(ticks.SHORTEST, ", so that one whole tick falls into it")
    parser.add_argument("--ticks", type=long_enough, metavar="SECONDS", help="instead: schedulers, and one job a tick")
    return parser.parse_args(words)


def at_least(least, why=""):
    """An argument type: a whole number that is not less."""

    def number(text):
        if not text.isdecimal():
            raise argparse.ArgumentTypeError(f"not a whole number: {text!r}")
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"at least {least}{why}")
        return int(text)

    return number


@contextmanager
def kept_logs(home, folder):
    try:
        yield
    finally:
        for log in home.glob("*.log") if folder else ():
            shutil.copy(log, folder)


def say(line):
    print(line, flush=True)


def seconds_of(jobs, kills):
    """How long jobs and faults keep coming."""
    return max(0.6 * kills, jobs / 40)


def produce(stage, options, seconds):
    words = [PRODUCERS, options.seed, options.jobs, int(seconds)]
    return [
        stage.start("-m", "devstack.chaos.producer", *map(str, [number, *words]), CHAOS_PART=f"producer{number}")
        for number in range(PRODUCERS)
    ]


def go_through_pauses(stage, nemesis):
    """Until each has ended. Then the faults begin."""

    def over():
        nemesis.look()
        return stage.records.read("pauses_over")

    wait_until(over, seconds=60)


def go_through(stage, nemesis, producers, seconds, deadline):
    """Until the producers are through and every job is finished, or time is up."""
    started = looked = said = time.monotonic()
    while (now := time.monotonic()) < started + deadline:
        nemesis.look()
        if now - looked > 1:
            looked, (jobs, left) = now, stage.progress()
            if now - said > 5:
                said = now
                say(f"{now - started:5.0f} s  {jobs} registered, {left} unfinished, {nemesis.done.total()} faults")
            through = now - started > seconds and all(producer.poll() is not None for producer in producers)
            if through and left == 0:
                return
        time.sleep(0.05)
    for producer in producers:
        producer.kill()


def run(stage, options):
    """Returns what the last line says."""
    seconds, started = seconds_of(options.jobs, options.kills), time.monotonic()
    nemesis = Nemesis(stage, options.seed)
    producers = produce(stage, options, seconds)
    go_through_pauses(stage, nemesis)
    nemesis.plan(plan.faults(options.seed, options.kills), seconds)
    go_through(stage, nemesis, producers, seconds, deadline=2 * seconds + 60)
    nemesis.rest()
    elapsed, checker = time.monotonic() - started, Checker(stage)
    return report(stage, options, nemesis, checker, elapsed)


def report(stage, options, nemesis, checker, seconds):
    for line in checker.table():
        say(line)
    for name, job_ids in checker.examples.items():
        say(f"{name}: {', '.join(job_ids[:10])}")
    totals = checker.totals
    fired = stage.records.read("failpoints")
    return {
        **{name: getattr(options, name) for name in ("seed", "jobs", "kills", "failpoints", "mutant")},
        **{name: totals[name] for name in ("acknowledged", "recovered", *FAULTS, "retried", "most_attempts")},
        **{name: totals[name] for name in ("posted_again", "mail_repeated")},
        **{name: len(stage.records.read(name)) for name in ("duplicate_messages", "duplicate_registrations")},
        "cancel_asked": len(checker.cancel_asked),
        "retried_by_person": checker.retried_by_person.total(),
        "clock_skew": bool(FAKETIME),
        "stuck_workers": len(nemesis.stuck),
        "too_few": int(totals["acknowledged"] < options.jobs / 2),
        "nemesis": dict(sorted(nemesis.done.items())),
        "failpoints_fired": dict(Counter(line.split()[0] for line in fired)),
        "seconds": round(seconds, 1),
        "jobs_per_second": round(len(checker.jobs) / seconds, 1),
    }


def main(words):
    options = parse(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = {"TASKHUB_FAILPOINTS": plan.failpoints(options.seed, options.failpoints), "CHAOS_MUTANT": options.mutant}
    say(f"seed {options.seed}")
    with temporary_home() as home:
        if options.ticks:
            result = ticks.run(home, options.seed, options.ticks, say)
        else:
            with kept_logs(home, options.logs), Stage(home, **settings) as stage:
                result = run(stage, options)
    say(json.dumps(result))
    return int(any(result[name] for name in (*FAULTS, "stuck_workers", "too_few") if name in result))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
