import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from jobs.models import FINAL, Job, State


class JobFactory(DjangoModelFactory):
    kind = "welcome_email"
    state = State.QUEUED
    job_id = factory.Sequence(lambda n: f"welcome_email:{n}")
    payload_sha = "0" * 64
    max_attempts = 5
    attempt = factory.LazyAttribute(lambda job: 0 if job.state == State.QUEUED else 1)
    run_at = factory.LazyFunction(timezone.now)
    created_at = factory.LazyFunction(timezone.now)
    started_at = factory.LazyAttribute(lambda job: None if job.state == State.QUEUED else timezone.now())
    lease_until = factory.LazyAttribute(lambda job: timezone.now() if job.state == State.RUNNING else None)
    finished_at = factory.LazyAttribute(lambda job: timezone.now() if job.state in FINAL else None)

    class Meta:
        model = Job


def jobs_of(kind):
    """For the tests of other apps, which see no rows of jobs otherwise."""
    return Job.objects.filter(kind=kind)
