"""Compares the jobs with what their producers recorded, like Jepsen's total-queue."""

from collections import Counter, defaultdict

from devstack.chaos.plan import BAD_KINDS, GOOD_KINDS

FINAL = ("succeeded", "failed", "cancelled", "needs_review")
FAULTS = (
    "lost",
    "doubled",
    "unexpected",
    "unfinished",
    "wrong_end",
    "mail_missing",
    "mail_with_another_id",
    "overlapped",
    "unexplained",
)
ATTEMPTS = "SELECT job_id, outcome, extract(epoch FROM ended_at - started_at) AS lasted FROM job_attempt"
LEASE = 3.0  # seconds, of all kinds of a run
# Each ticket of a plan has become one task, and each dependency one of tasks
PLANS = """
    SELECT 'plan:' || site_name AS job_id, stage, (SELECT count(*) FROM ticket WHERE plan_id = plan.id) AS tickets,
        (SELECT count(*) FROM tasks WHERE owner_id = plan.owner_id) AS tasks,
        (SELECT count(DISTINCT task_id) FROM ticket WHERE plan_id = plan.id) AS named,
        (SELECT count(*) FROM task_dependency WHERE owner_id = plan.owner_id) AS needs
    FROM plan"""
POSTING = ("external_call", "deadlock_once", "newer", "doubtful")
COLUMNS = ("attempted", "acknowledged", "recovered", *FAULTS[:5], "retried", "most_attempts")


def kind_for_job(job_id):
    return job_id.partition(":")[0]


def is_good(job_id):
    return kind_for_job(job_id) in GOOD_KINDS or kind_for_job(job_id) == "child"


class Checker:
    """`counts` by kind and name; FAULTS must all be zero. `examples` says which jobs."""

    def __init__(self, stage):
        records = stage.records
        self.attempted, self.acknowledged = set(records.read("attempted")), set(records.read("acknowledged"))
        kinds = [*GOOD_KINDS, *BAD_KINDS, "child"]
        jobs = stage.sql("SELECT job_id, state, attempt, max_attempts FROM job_log WHERE kind = ANY(%s)", kinds)
        self.jobs = {job.job_id: job for job in jobs}
        for key in (job_id.partition(":")[2] for job_id in {*self.attempted} if kind_for_job(job_id) == "parent"):
            self.attempted.add(f"child:{key}")
            if (parent := self.jobs.get(f"parent:{key}")) and parent.state == "succeeded":
                self.acknowledged.add(f"child:{key}")  # in the transaction that said so
        self.cancel_asked = set(records.read("cancel_asked"))
        self.retried_by_person = Counter(records.read("retried_by_person"))
        self.attempts = defaultdict(list)
        self.taken_early = set()
        for row in stage.sql(ATTEMPTS):
            self.attempts[row.job_id].append(row.outcome)
            if row.outcome == "worker_lost" and row.lasted < LEASE:
                self.taken_early.add(row.job_id)  # while its worker was believed to be at it
        self.effects = Counter(row.job_id for row in stage.sql("SELECT job_id FROM effect"))
        self.counted = {row.job_id: row.n for row in stage.sql("SELECT job_id, n FROM effect_count")}
        self.posted, self.overlapped = Counter(records.read("posted")), set(records.read("overlapped"))
        self.plans = {row.job_id: row for row in stage.sql(PLANS)}
        self.mail = defaultdict(Counter)
        for line in records.read("mail"):
            key, message_id = line.split()
            self.mail[f"email:{key}"][message_id] += 1
        self.counts, self.examples = defaultdict(Counter), defaultdict(list)
        self.check()

    def check(self):
        known = self.attempted | self.jobs.keys() | self.effects.keys() | self.counted.keys()
        for job_id in known | self.posted.keys() | self.mail.keys():
            for name in self.found(job_id):
                self.counts[kind_for_job(job_id)][name] += 1
                if name in FAULTS:
                    self.examples[name].append(job_id)
        for job in self.jobs.values():
            most = max(self.counts[kind_for_job(job.job_id)]["most_attempts"], job.attempt)
            self.counts[kind_for_job(job.job_id)]["most_attempts"] = most

    def found(self, job_id):
        """The names of all faults and facts that apply to it."""
        job = self.jobs.get(job_id)
        yield from self.of_registration(job_id, job)
        if job is None:
            outside = self.posted[job_id] or job_id in self.mail
            if self.effects[job_id] or self.counted.get(job_id) or outside:
                yield "unexpected"
        elif job.state not in FINAL:
            yield "unfinished"
        else:
            yield from self.of_ended(job)
        if job and job.attempt > 1:
            yield "retried"
        if job_id in self.overlapped | self.taken_early:
            yield "overlapped"  # two at work on it at the same time, each in its transaction

    def of_registration(self, job_id, job):
        if job_id in self.attempted:
            yield "attempted"
        elif job:
            yield "unexpected"
        if job_id in self.acknowledged:
            yield "acknowledged"
            if job is None:
                yield "lost"
        elif job:
            yield "recovered"  # the commit arrived, its answer did not

    def of_ended(self, job):
        yield from self.of_attempts(job)
        if job.state == "cancelled" or (job.state, kind_for_job(job.job_id)) == ("needs_review", "doubtful"):
            if self.effects[job.job_id] or self.counted.get(job.job_id):
                yield "unexpected"
            if job.state == "cancelled" and job.job_id not in self.cancel_asked:
                yield "wrong_end"
        else:
            yield from self.of_good(job) if is_good(job.job_id) else self.of_bad(job)

    def of_attempts(self, job):
        """Each is there that did not succeed, and each effect outside but the last has one that explains it."""
        outcomes = self.attempts[job.job_id]
        if len(outcomes) != job.attempt - (job.state == "succeeded"):
            yield "unexplained"
        outside = max(self.posted[job.job_id], self.mail[job.job_id].total() if job.job_id in self.mail else 0)
        causes = self.retried_by_person[job.job_id] if kind_for_job(job.job_id) == "doubtful" else len(outcomes)
        if outside > 1 + causes:
            yield "unexplained"

    def of_good(self, job):
        witnesses = self.effects[job.job_id], self.counted.get(job.job_id, 0)
        if job.state != "succeeded":
            yield "wrong_end"
        if min(witnesses) < 1 or (kind_for_job(job.job_id) in POSTING and not self.posted[job.job_id]):
            yield "lost"
        if max(witnesses) > 1:
            yield "doubled"
        if self.posted[job.job_id] > 1:
            yield "posted_again"
        if kind_for_job(job.job_id) == "email":
            yield from self.of_letter(job)
        if kind_for_job(job.job_id) == "plan":
            yield from self.of_plan(self.plans[job.job_id])

    def of_plan(self, plan):
        if plan.stage != "completed":
            yield "wrong_end"
        if min(plan.tasks, plan.named) < plan.tickets or plan.needs < plan.tickets - 1:
            yield "lost"
        if plan.tasks > plan.tickets:
            yield "doubled"

    def of_letter(self, job):
        sent = self.mail[job.job_id]
        if not sent:
            yield "mail_missing"
        if len(sent) > 1:
            yield "mail_with_another_id"
        if sent.total() > len(sent):
            yield "mail_repeated"

    def of_bad(self, job):
        """Those that raise or kill their process each time: failed after the last attempt, and nothing is left."""
        if (job.state, job.attempt) != ("failed", job.max_attempts):
            yield "wrong_end"
        if self.effects[job.job_id] or self.counted.get(job.job_id):
            yield "unexpected"

    @property
    def totals(self):
        together = sum(self.counts.values(), Counter())
        together["most_attempts"] = max((count["most_attempts"] for count in self.counts.values()), default=0)
        return together

    def table(self):
        yield " ".join(["kind".ljust(13), *COLUMNS])
        for kind, count in [*sorted(self.counts.items()), ("all", self.totals)]:
            yield " ".join([kind.ljust(13), *(str(count[name]).rjust(len(name)) for name in COLUMNS)])
