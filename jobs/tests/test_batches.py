"""New jobs of a kind that touches only the database, many at a time."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from jobs import batch, protocol, registry
from jobs.models import Attempt, Job, State, read_in_order
from jobs.registry import Kind
from jobs.services import enqueue
from jobs.tests.factories import JobFactory
from jobs.worker import refresh_connection

User = get_user_model()
pytestmark = pytest.mark.django_db(transaction=True)


def kind_that(finish):
    return Kind("welcome_email", finish=lambda job, outcome: finish(job))


def sign_up(job):
    return str(User.objects.create(username=f"user_{job.pk}").pk)


def states():
    return dict(Job.objects.values_list("pk", "state"))


def test_jobs_succeed_together_each_with_an_attempt_and_a_result_of_its_own(announced):
    jobs = JobFactory.create_batch(3)

    assert batch.run(kind_that(sign_up)) == "3 of 3 succeeded in a batch"
    for job in jobs:
        job.refresh_from_db()
        assert (job.state, job.attempt, bool(job.worker)) == (State.SUCCEEDED, 1, True)
        assert User.objects.get(pk=job.result).username == f"user_{job.pk}"
        assert job.started_at < job.finished_at
        assert job.attempts.get().outcome == "succeeded"
    assert announced() == []


def test_one_that_raises_is_rolled_back_and_announced_and_the_others_succeed(announced):
    good, bad, fine = JobFactory.create_batch(3)

    def sign_up_all_but_one(job):
        sign_up(job)
        assert job.pk != bad.pk

    batch.run(kind_that(sign_up_all_but_one))

    assert states() == {good.pk: State.SUCCEEDED, bad.pk: State.QUEUED, fine.pk: State.SUCCEEDED}
    assert (Job.objects.get(pk=bad.pk).attempt, announced()) == (0, [bad.pk])
    assert {user.username for user in User.objects.all()} == {f"user_{good.pk}", f"user_{fine.pk}"}


@pytest.mark.parametrize("result", [float("nan"), object()])
def test_one_whose_result_is_no_json_harms_no_other(announced, result):
    good, bad = JobFactory.create_batch(2)
    batch.run(kind_that(lambda job: result if job.pk == bad.pk else sign_up(job)))

    assert states() == {good.pk: State.SUCCEEDED, bad.pk: State.QUEUED}
    assert announced() == [bad.pk]


def test_one_that_cannot_reach_another_server_harms_no_other(announced):
    good, bad = JobFactory.create_batch(2)

    def ask_elsewhere(job):
        if job.pk == bad.pk:
            raise OperationalError("connection refused")

    assert batch.run(kind_that(ask_elsewhere)) == "1 of 2 succeeded in a batch"
    assert (states()[good.pk], announced()) == (State.SUCCEEDED, [bad.pk])


def twice(job):
    sign_up(job)
    with suppress(IntegrityError):
        sign_up(job)  # after which Django lets go of what was done before


def unwanted(job):
    sign_up(job)
    transaction.set_rollback(True)


@pytest.mark.parametrize("work", [twice, unwanted])
def test_one_whose_effects_django_rolls_back_without_a_word_has_not_succeeded(announced, work):
    bad, good = JobFactory.create_batch(2)

    said = batch.run(kind_that(lambda job: work(job) if job.pk == bad.pk else sign_up(job)))

    assert said == "1 of 2 succeeded in a batch"
    assert (states()[bad.pk], announced()) == (State.QUEUED, [bad.pk])
    assert User.objects.get().username == f"user_{good.pk}"


def test_no_result_is_null_as_it_is_when_a_job_is_carried_out_alone(announced):
    JobFactory()
    batch.run(kind_that(lambda job: None))

    assert Job.objects.filter(result__isnull=True).exists()


def test_one_that_spoils_the_commit_takes_nothing_from_the_others_but_time(announced):
    jobs = [job.pk for job in JobFactory.create_batch(3)]
    nobody = "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0c"  # a foreign key that is looked at when all is done
    disown = kind_that(lambda job: Job.objects.filter(pk=jobs[0]).update(owner=nobody))

    assert batch.run(disown) == "0 of 3 succeeded in a batch"
    assert announced() == jobs[::-1]
    assert set(states().values()) == {State.QUEUED}
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("statement", ["SELECT pg_terminate_backend(pg_backend_pid())", "SELECT pg_sleep(2)"])
def test_one_that_spoils_the_connection_ends_the_batch_and_all_are_looked_at_alone(time_limit, announced, statement):
    """The server goes, or the time limit of the process strikes in the middle of a statement."""
    jobs, tried = [job.pk for job in JobFactory.create_batch(3)], []

    def spoil(job):
        tried.append(job.pk)
        connection.cursor().execute(statement)

    time_limit()
    said = batch.run(kind_that(spoil))
    refresh_connection()

    assert (said, tried) == ("0 of 3 succeeded in a batch", jobs[:1])
    assert announced() == jobs[::-1]
    assert set(states().values()) == {State.QUEUED}


def test_a_job_is_in_a_batch_once(announced):
    job = JobFactory()
    batch.mark(kind_that(sign_up))

    assert batch.run(kind_that(sign_up)) == "nothing to do"
    assert states() == {job.pk: State.QUEUED}


def test_what_is_not_new_or_of_another_kind_is_left_alone(announced):
    JobFactory(kind="cron")
    JobFactory(run_at=timezone.now() + timedelta(hours=1))
    JobFactory(attempt=1)
    for state in set(State) - {State.QUEUED}:
        JobFactory(state=state)
    before = states()

    assert batch.run(kind_that(sign_up)) == "nothing to do"
    assert states() == before


def test_when_there_are_more_another_worker_is_called(announced):
    jobs = JobFactory.create_batch(batch.SIZE + 1)
    batch.run(kind_that(lambda job: None))

    assert announced() == [jobs[-1].pk]
    assert Job.objects.filter(state=State.SUCCEEDED).count() == batch.SIZE


def test_when_time_runs_out_the_rest_is_announced(announced, monkeypatch):
    jobs = [job.pk for job in JobFactory.create_batch(2)]
    monkeypatch.setattr(batch, "BATCH_SECONDS", -1)
    batch.run(kind_that(sign_up))

    assert announced() == jobs[::-1]
    assert set(states().values()) == {State.QUEUED}


def test_a_job_takes_two_statements_beside_its_own(announced, django_assert_num_queries):
    JobFactory.create_batch(10)
    with django_assert_num_queries(10 + 2 * 10):  # mark and work, each commit with its BEGIN; two savepoint statements
        batch.run(kind_that(lambda job: None))


def enqueue_one(key):
    with transaction.atomic():
        return enqueue("database_only", key)


def test_one_message_stands_for_all_that_come_before_it_is_taken(announced, monkeypatch):
    kind = replace(kind_that(sign_up), name="database_only")
    monkeypatch.setitem(registry._kinds, kind.name, kind)
    first, second, third = (enqueue_one(key) for key in "123")
    assert announced() == [first]

    batch.run(kind)
    fourth = enqueue_one("4")
    assert announced() == [fourth, first]
    assert states() == {first: "succeeded", second: "succeeded", third: "succeeded", fourth: "queued"}


def test_a_message_about_a_job_that_was_begun_is_about_that_job_alone(announced, monkeypatch):
    new, in_a_batch, tried = JobFactory(), JobFactory(worker="w"), JobFactory(attempt=1)
    monkeypatch.setitem(registry._kinds, "welcome_email", kind_that(sign_up))

    assert [batch.takes(job.pk) for job in (new, in_a_batch, tried)] == [True, False, False]
    assert not batch.takes("newer:1")


def test_a_message_about_a_job_in_a_batch_calls_for_those_that_it_kept_silent(announced, monkeypatch):
    kind = replace(kind_that(sign_up), name="database_only")
    monkeypatch.setitem(registry._kinds, kind.name, kind)
    first = enqueue_one("1")
    batch.mark(kind)  # by another worker, before the message arrived
    second = enqueue_one("2")
    assert announced() == [first]

    assert not batch.takes(first)
    assert announced() == [second, first]


MAKE = """
    INSERT INTO job_log (job_id, kind, payload, payload_sha, state, finished_at, deliver_at, attempt, max_attempts,
        deliveries, worker, error_code, error)
    SELECT %(kind)s || ':' || n, %(kind)s, '{}', '', %(state)s, %(finished_at)s, now() - n * interval '1 s',
        0, 5, 0, '', '', ''
    FROM generate_series(%(count)s, 1, -1) n
"""


def make(kind, state, count):
    finished_at = None if state == "queued" else timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(MAKE, {"kind": kind, "state": state, "count": count, "finished_at": finished_at})


def after_a_quiet_time(statistics):
    """Many finished jobs, and then a backlog that the planner's statistics know only if they are new."""
    make("other", "succeeded", 20_000)
    for step in ("old", "new"):
        if step == statistics:
            connection.cursor().execute("VACUUM ANALYZE job_log")
        if step == "old":
            make("cron", "queued", 1000)


def plan_of_search(kind):
    with transaction.atomic():
        read_in_order()
        return Job.objects.filter(kind=kind).new().order_by("run_at")[: batch.SIZE].explain()


each_statistics = pytest.mark.parametrize("statistics", ["old", "new"])


@each_statistics
def test_the_search_for_new_jobs_reads_an_index_of_them_alone(announced, statistics):
    after_a_quiet_time(statistics)
    plan = plan_of_search("cron")

    assert "job_log_new_idx" in plan
    assert "Sort" not in plan


def plans_of(work):
    """Of each statement about jobs that `work` sends, with its values."""
    plans = []

    def explain(execute, sql, params, many, context):
        if "job_log" in sql:
            with connection.connection.cursor() as cursor:
                plans.append(str(cursor.execute(f"EXPLAIN {sql}", params).fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        work()
    return plans


@each_statistics
@pytest.mark.parametrize("way", ["alone", "in a batch"])
def test_a_job_reads_itself_and_no_other_however_many_wait(announced, statistics, way):
    after_a_quiet_time(statistics)
    kind = Kind("cron", finish=lambda job, outcome: None)
    if way == "alone":
        plans = plans_of(lambda: protocol.attempt(protocol.claim("cron:7", kind), kind))
    else:
        taken, _ = batch.mark(kind)
        plans = plans_of(lambda: batch.work(taken, kind))

    assert len(plans) >= 2
    for plan in plans:
        assert "Index Cond: ((job_id)" in plan or "Index Cond: ((job_log.job_id)" in plan
        assert not [index for index in ("job_log_due_idx", "job_log_new_idx") if index in plan]
