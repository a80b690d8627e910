"""Background work: one row of `job_log` per job, one of `job_attempt` per try that did not succeed, one of `job_event`
for each time that somebody retried or cancelled it. docs/jobs.md draws the states.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Least, Now
from django_celery_results.models import TaskResult

from taskhub.owned import owned
from taskhub.postgresql.caller import Caller
from taskhub.postgresql.statements import rows_in_order

LONGEST_ID = 200  # characters
LONGEST_ERROR = 4000  # characters
LONGEST_NAME = 150  # characters


class LeaseLost(Exception):
    """Another attempt has taken over. What this one did to the database must be rolled back."""


class StateConflict(Exception):
    """The state of the job does not, or no longer, allow the action."""


class State(models.TextChoices):
    QUEUED = "queued"  # enqueued, or to be tried again
    RUNNING = "running"  # claimed, until it is settled or its lease ends
    SUCCEEDED = "succeeded"  # its database effects committed together with this state
    FAILED = "failed"  # for good: the last attempt failed, or no attempt can help
    CANCELLED = "cancelled"  # by request, before anything of it was committed
    NEEDS_REVIEW = "needs_review"  # unknown whether its external effect happened, and it must not happen twice


TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.FAILED, State.CANCELLED}),
    State.RUNNING: frozenset(State),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset({State.QUEUED}),
    State.CANCELLED: frozenset(),
    State.NEEDS_REVIEW: frozenset({State.QUEUED}),
}
# The order of the list for staff. An expression, because PostgreSQL would use an index on created_at itself for the
# lists of owners, too, and read everybody's jobs to find those of one
NEWEST_FIRST = models.Func(
    F("created_at"), template="(%(expressions)s AT TIME ZONE 'UTC')", output_field=models.DateTimeField()
).desc()
ORDER = ("created_at", "job_id")  # of the lists of owners, descending
UNFINISHED = (State.QUEUED, State.RUNNING)
FINAL = (State.SUCCEEDED, State.FAILED, State.CANCELLED, State.NEEDS_REVIEW)
RETRIABLE = (State.FAILED, State.NEEDS_REVIEW)


class JobQuerySet(models.QuerySet["Job"]):
    def rows(
        self,
        caller: Caller,
        columns: Sequence[str],
        where: Mapping[str, Any],
        position: Sequence[str] = (),
        skip: int = 0,
        count: int = 1,
    ) -> list[dict[str, Any]]:
        """Up to `count` of the caller's rows as dicts of `columns`, newest first, after (created_at, job_id)."""
        found = rows_in_order(caller, "job_log", columns, where, ORDER, position, skip, count)
        for row in found:
            for name in ("progress", "result"):  # Django leaves it to its fields to decode JSON
                row[name] = row[name] and json.loads(row[name])
        return found

    def claimable(self) -> "JobQuerySet":
        """Jobs that nobody works on: queued and due, or left behind by a worker whose lease has ended."""
        return self.filter(Q(state=State.QUEUED, run_at__lte=Now()) | Q(state=State.RUNNING, lease_until__lt=Now()))

    def held(self, job: "Job") -> "JobQuerySet":
        """The row of `job`, if the attempt that `job` was claimed for is still the current one: the fence."""
        return self.filter(pk=job.pk, state=State.RUNNING, attempt=job.attempt)

    def move(self, source: State, target: State, **fields: Any) -> int:
        """Changes the state. The only other way is the fixed SQL of jobs.claims and jobs.engine.

        Returns the number of rows that were in `source` and are in `target` now.
        """
        if target not in TRANSITIONS[source]:
            raise ValueError(f"A job does not go from {source} to {target}.")
        finished_at = Now() if target in FINAL else None
        lease = {} if target == State.RUNNING else {"lease_until": None}
        return self.filter(state=source).update(state=target, finished_at=finished_at, **lease, **fields)


@owned(
    "jobs",
    "job_id",
    "kind",
    "payload",
    "state",
    "created_at",
    "finished_at",
    "progress",
    "result",
    deleted=Q(state__in=(State.SUCCEEDED, State.FAILED, State.CANCELLED)),  # the others are under way, or need a person
)
class Job(models.Model):
    """All times are the database's, so that no worker's clock is trusted."""

    job_id = models.CharField(primary_key=True, max_length=LONGEST_ID)
    kind = models.CharField(max_length=60)
    # Rows outlive their owner, because their primary key keeps a job from being done again
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs", db_index=False
    )
    payload = models.JSONField(default=dict)
    payload_sha = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=0)  # grows with each claim: the fencing token
    max_attempts = models.PositiveIntegerField()
    run_at = models.DateTimeField(db_default=Now())  # not before
    lease_until = models.DateTimeField(null=True)
    in_doubt_since = models.DateTimeField(null=True)  # an external effect that may not be repeated has begun
    cancel_requested_at = models.DateTimeField(null=True)  # while it was running; its handler may comply
    worker = models.CharField(max_length=80, default="", blank=True)
    progress = models.JSONField(null=True)  # of the current attempt
    cursor = models.JSONField(null=True)  # where the next attempt goes on
    external_result = models.JSONField(null=True)  # [what external() returned]: it is not called again
    result = models.JSONField(null=True)
    error_code = models.CharField(max_length=30, default="", blank=True)
    error = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)  # of the current attempt
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "job_log"
        constraints = [
            models.CheckConstraint(name="job_log_state_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="job_log_lease_iff_running",
                condition=Q(state=State.RUNNING, lease_until__isnull=False)
                | (~Q(state=State.RUNNING) & Q(lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="job_log_finished_at_iff_final",
                condition=Q(state__in=FINAL, finished_at__isnull=False)
                | (~Q(state__in=FINAL) & Q(finished_at__isnull=True)),
            ),
            models.CheckConstraint(name="job_log_attempt_in_range", condition=Q(attempt__lte=F("max_attempts"))),
            models.CheckConstraint(name="job_log_max_attempts_positive", condition=Q(max_attempts__gt=0)),
        ]
        indexes = [
            # Claims (jobs/claims.py): new jobs, and those that were tried before, each by when they are due
            models.Index(
                "kind",
                Least(F("attempt"), Value(1)),
                Coalesce("lease_until", "run_at"),
                name="job_log_unfinished_idx",
                condition=Q(state__in=UNFINISHED),
            ),
            # The owner's list, whole and filtered
            models.Index(
                fields=["owner", "-created_at", "-job_id"], name="job_log_owner_idx", condition=Q(owner__isnull=False)
            ),
            models.Index(
                fields=["owner", "kind", "-created_at", "-job_id"],
                name="job_log_owner_kind_idx",
                condition=Q(owner__isnull=False),
            ),
            models.Index(
                fields=["owner", "state", "-created_at", "-job_id"],
                name="job_log_owner_state_idx",
                condition=Q(owner__isnull=False),
            ),
            # The list for staff: docs/adr/0008-the-admin-as-django-makes-it.md
            models.Index(NEWEST_FIRST, name="job_log_newest_idx"),
            # Pruning
            models.Index(
                fields=["finished_at"], name="job_log_finished_at_idx", condition=Q(finished_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.job_id

    def retry(self, by: "Actor", attempts: int) -> None:
        """Retry a failed job, in up to `attempts` further attempts. Raises StateConflict.

        The attempt number continues to grow, so that a late worker of an earlier attempt is fenced off. A job in
        needs_review is in doubt no longer: a person has decided that its external effect may happen again.
        """
        forgotten = {"error_code": "", "error": "", "in_doubt_since": None, "cancel_requested_at": None}
        rows = Job.objects.filter(pk=self.pk, attempt=self.attempt)
        self.record_event(
            by,
            Act.RETRIED,
            self.state in RETRIABLE
            and rows.move(
                State(self.state), State.QUEUED, max_attempts=F("attempt") + attempts, run_at=Now(), **forgotten
            ),
        )

    def cancel(self, by: "Actor") -> None:
        """Cancel a queued job; ask a running one to stop. Raises StateConflict."""
        rows = Job.objects.filter(pk=self.pk)
        if self.state == State.QUEUED:
            self.record_event(by, Act.CANCELLED, rows.move(State.QUEUED, State.CANCELLED))
        else:
            running = rows.filter(state=State.RUNNING, cancel_requested_at=None)
            self.record_event(by, Act.CANCEL_REQUESTED, running.update(cancel_requested_at=Now()))

    def record_event(self, by: "Actor", act: "Act", rows: int) -> None:
        """Record who did it, if `rows`, the number of rows changed, says that it was done."""
        if not rows:
            raise StateConflict(self.pk)
        Event.objects.create(job=self, act=act, by=by.name, user_id=by.user_id, via=by.via)
        self.refresh_from_db()

    def history(self) -> list[dict[str, Any]]:
        """Its attempts and what people did with it, in order of time."""
        tries = [
            {"at": tried.started_at, "what": tried.outcome, "attempt": tried.attempt, "who": tried.worker}
            | {"ended_at": tried.ended_at, "error": tried.error}
            for tried in self.attempts.all()
        ]
        if self.state in (State.RUNNING, State.SUCCEEDED) and self.started_at:  # of these two, the job's own row tells
            tries.append(
                {"at": self.started_at, "what": self.state, "attempt": self.attempt, "who": self.worker}
                | {"ended_at": self.finished_at, "error": ""}
            )
        acts = [
            {"at": event.at, "what": event.act, "attempt": None, "who": f"{event.by} ({event.get_via_display()})"}
            | {"ended_at": None, "error": ""}
            for event in self.events.all()
        ]
        return sorted([*tries, *acts], key=lambda line: line["at"])


class Outcome(models.TextChoices):
    """How an attempt ended that did not succeed."""

    ERROR = "error"  # the handler raised
    PERMANENT_ERROR = "permanent_error"  # the handler said that no attempt can help
    TIME_LIMIT = "time_limit"  # it took longer than its kind may
    WORKER_LOST = "worker_lost"  # the lease ended without a sign of life
    IN_DOUBT = "in_doubt"  # see State.NEEDS_REVIEW
    CANCELLED = "cancelled"  # the handler complied with a request to cancel
    SNOOZED = "snoozed"  # the handler said "not before": it does not count against max_attempts


class Attempt(models.Model):
    """A try that did not succeed, written when it ended. The job's row has one that runs or succeeded."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    attempt = models.PositiveIntegerField()
    worker = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_default=Now())
    outcome = models.CharField(max_length=20, choices=Outcome)
    error = models.TextField(default="", blank=True)

    class Meta:
        db_table = "job_attempt"
        constraints = [
            models.UniqueConstraint(fields=["job", "attempt"], name="job_attempt_job_attempt_key"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.attempt}"


class Act(models.TextChoices):
    RETRIED = "retried"
    CANCELLED = "cancelled"
    CANCEL_REQUESTED = "cancel_requested"


class Via(models.TextChoices):
    API = "api", "API"
    ADMIN = "admin", "admin"
    COMMAND = "command", "command"


@dataclass(frozen=True)
class Actor:
    """Who retried or cancelled a job, and from where."""

    name: str
    via: Via
    user_id: Any = None


class Event(models.Model):
    """Somebody retried or cancelled a job."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField(db_default=Now())
    act = models.CharField(max_length=20, choices=Act)
    by = models.CharField(max_length=LONGEST_NAME)  # the username at that time: it outlives the user
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    via = models.CharField(max_length=10, choices=Via)

    class Meta:
        db_table = "job_event"
        indexes = [models.Index(fields=["job", "at"], name="job_event_job_at_idx")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.act} by {self.by}"


class Pause(models.Model):
    """While it is there, no job of that queue or kind begins."""

    name = models.CharField(primary_key=True, max_length=80)  # "queue:mail", "kind:welcome_email"
    since = models.DateTimeField(db_default=Now())
    by = models.CharField(max_length=LONGEST_NAME)
    via = models.CharField(max_length=10, choices=Via)

    class Meta:
        db_table = "job_pause"

    def __str__(self) -> str:
        return self.name


class Rate(models.Model):
    """How many jobs of a kind may begin, as of a moment: a token bucket."""

    kind = models.CharField(primary_key=True, max_length=60)
    available = models.FloatField()
    counted_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "job_rate"

    def __str__(self) -> str:
        return self.kind


class KnownSchedule(models.Model):
    """Since when a schedule has been in force: earlier ticks are not made up for.

    Each version of a schedule has its own row, so that two releases do not interfere.
    """

    name = models.CharField(max_length=60)
    definition = models.CharField(max_length=200)
    since = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "job_schedule"
        constraints = [models.UniqueConstraint(fields=["name", "definition"], name="job_schedule_name_definition_key")]

    def __str__(self) -> str:
        return f"{self.name}: {self.definition}"


class CeleryError(TaskResult):
    """What Celery's own task raised, such as a lost database. Errors of jobs are in their attempts."""

    class Meta:
        proxy = True
        verbose_name = "Celery error"
