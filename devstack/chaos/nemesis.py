"""Injects the faults of a run, in the main thread, one after another, and ends those that do not end by themselves."""

import sched
import signal
import time
from collections import Counter
from random import Random

import redis

from devstack.chaos.parts import send
from jobs.tests.processes.laboratory import fill_disk, free_disk

LONGER_THAN_A_LEASE = 4.5  # seconds
OUTAGE = 2.5
TIME_LIMIT = 2.0  # seconds, of all kinds of a run
MOST_REST = 30.0  # seconds until the checker looks, come what may
NUDGE = 0.25  # seconds between two messages that show whether workers take any
STUCK = 20.0  # seconds without one


class Nemesis:
    def __init__(self, stage, seed):
        self.stage, self.dice = stage, Random(f"nemesis {seed}")
        self.agenda = sched.scheduler(time.monotonic, time.sleep)
        self.done, self.stuck, self.waking = Counter(), [], set()
        self.nudged = 0.0
        self.healed_at = time.time()  # since when PostgreSQL, Redis and the network are well

    def plan(self, faults, seconds):
        for n, fault in enumerate(faults):
            self.later(seconds * n / len(faults), self.strike, fault)

    def later(self, seconds, action, *arguments):
        self.agenda.enter(seconds, 0, action, arguments)

    def strike(self, fault):
        verb, _, target = fault.rpartition("_")
        getattr(self, verb or fault)(*[target] if verb else [])
        self.done[fault] += 1

    def look(self):
        """Do what is due, restart what has ended, wake what sleeps, and check that every worker works."""
        self.agenda.run(blocking=False)
        if time.monotonic() > self.nudged + NUDGE:
            self.nudged = time.monotonic()
            self.stage.nudge()
        for part in self.stage.parts:
            if part.ended():
                self.later(LONGER_THAN_A_LEASE, part.end_orphans_of, part.pid)
                part.start()
            elif part not in self.waking and part.stopped():
                self.waking.add(part)
                self.done["frozen"] += 1
                self.later(LONGER_THAN_A_LEASE, self.wake, part)
        for worker in self.stage.workers:
            self.see_that_it_works(worker)

    def wake(self, part):
        part.wake()
        self.waking.discard(part)

    def see_that_it_works(self, worker):
        """Soon after Redis is back, each worker must take messages again."""
        silent_since = max(worker.awake_since, self.stage.records.last_pulse(worker.name), self.healed_at)
        if worker not in self.waking and time.time() - silent_since > STUCK:
            self.stuck.append(worker.name)
            send(worker.pid, signal.SIGUSR1)  # Celery writes the stacks of its threads to the log
            time.sleep(0.5)
            send(worker.pid, signal.SIGKILL)

    def calm(self):
        """No more faults; those under way end as planned."""
        for event in self.agenda.queue:
            if event.action == self.strike:
                self.agenda.cancel(event)

    def rest(self):
        """Wait until all processes are awake and every job is finished, up to MOST_REST."""
        self.calm()
        awake_since = started = time.monotonic()
        while (now := time.monotonic()) < started + MOST_REST:
            self.look()
            if not self.agenda.empty() or self.waking:
                awake_since = now
            elif now > awake_since + TIME_LIMIT and not self.stage.progress().unfinished:
                return
            time.sleep(0.05)

    def kill(self, target):
        getattr(self, f"kill_{target}")()

    def kill_child(self):
        children = [pid for worker in self.stage.workers for pid in worker.children]
        if children:
            send(self.dice.choice(children), signal.SIGKILL)

    def kill_worker(self):
        send(self.dice.choice(self.stage.workers).pid, signal.SIGKILL)

    def kill_scheduler(self):
        send(self.dice.choice(self.stage.schedulers).pid, signal.SIGKILL)

    def kill_valkey(self):
        """All of its data is lost."""
        self.crash(self.stage.valkey, signal.SIGKILL)

    def kill_postgres(self):
        """As `pg_ctl stop -m immediate`: no checkpoint, recovery from the log at the next start."""
        self.crash(self.stage.postgres, signal.SIGQUIT)
        self.stage.reconnect()

    def crash(self, server, signum):
        send(server.pid, signum)
        while server.pid:
            time.sleep(0.01)
        time.sleep(self.dice.uniform(0, 1))
        server.start()
        self.healed_at = time.time()

    def freeze(self, target):
        if target == "valkey":
            send(self.stage.valkey.pid, signal.SIGSTOP)
            self.later(OUTAGE, self.thaw_valkey)
        elif target == "worker":
            self.dice.choice(self.stage.workers).freeze()
        elif children := [pid for worker in self.stage.workers for pid in worker.children]:
            send(self.dice.choice(children), signal.SIGSTOP)

    def thaw_valkey(self):
        if self.stage.valkey.pid:
            send(self.stage.valkey.pid, signal.SIGCONT)
        self.healed_at = time.time()

    def flushall(self):
        try:
            with redis.Redis.from_url(self.stage.valkey.url, socket_timeout=OUTAGE) as valkey:
                valkey.flushall()
        except redis.TimeoutError:  # it is frozen at this moment
            self.later(OUTAGE, self.flushall)

    def fulldisk(self):
        """The disk of Valkey is full: it answers, but refuses."""
        try:
            fill_disk(self.stage.valkey)
            self.later(OUTAGE, self.freedisk)
        except redis.TimeoutError:  # it is frozen at this moment
            self.later(OUTAGE, self.fulldisk)

    def freedisk(self):
        try:
            free_disk(self.stage.valkey)
            self.healed_at = time.time()
        except redis.TimeoutError:
            self.later(OUTAGE, self.freedisk)

    def cut(self, target):
        self.stage.proxies[target].cut()
        self.healed_at = time.time()

    def swallow(self, target):
        self.stage.proxies[target].swallow = True
        self.later(OUTAGE, self.heal, target)

    def delay(self, target):
        self.stage.proxies[target].delay = 0.05
        self.later(OUTAGE, self.heal, target)

    def heal(self, target):
        self.stage.proxies[target].heal()
        self.healed_at = time.time()
