"""New jobs of a kind that are claimed together, and what one of them can do to the others."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from jobs import claims, engine, registry
from jobs.models import Attempt, Job, Outcome, State
from jobs.registry import Kind
from jobs.tests.factories import JobFactory

User = get_user_model()
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def carry_out(monkeypatch):
    """carry_out(work): a group of new jobs, whose `finish` is that. Returns how many there were."""

    def carry_out(work, size=50, **options):
        kind = Kind("welcome_email", **({"finish": work} if "external" not in options else {}), **options)
        monkeypatch.setitem(registry._kinds, kind.name, kind)
        monkeypatch.setattr(engine, "group_size", lambda kind: size)
        return engine.carry_out_new([kind], more=lambda: None)

    return carry_out


def sign_up(job):
    return str(User.objects.create(username=f"user_{job.pk}").pk)


def states():
    return dict(Job.objects.values_list("pk", "state"))


def outcomes():
    return dict(Attempt.objects.values_list("job", "outcome"))


def test_jobs_succeed_together_each_with_a_result_of_its_own(carry_out):
    jobs = JobFactory.create_batch(3)

    assert carry_out(sign_up) == 3
    for job in jobs:
        job.refresh_from_db()
        assert (job.state, job.attempt, bool(job.worker)) == (State.SUCCEEDED, 1, True)
        assert User.objects.get(pk=job.result).username == f"user_{job.pk}"
        assert job.started_at < job.finished_at


def test_one_that_raises_has_failed_its_attempt_and_the_others_succeed(carry_out):
    good, bad, fine = JobFactory.create_batch(3)

    def sign_up_all_but_one(job):
        sign_up(job)
        assert job.pk != bad.pk

    carry_out(sign_up_all_but_one)

    assert states() == {good.pk: State.SUCCEEDED, bad.pk: State.QUEUED, fine.pk: State.SUCCEEDED}
    assert outcomes() == {bad.pk: Outcome.ERROR}
    assert {user.username for user in User.objects.all()} == {f"user_{good.pk}", f"user_{fine.pk}"}


@pytest.mark.parametrize("result", [float("nan"), object()])
def test_one_whose_result_is_no_json_fails_and_harms_no_other(carry_out, result):
    good, bad = JobFactory.create_batch(2)
    carry_out(lambda job: result if job.pk == bad.pk else sign_up(job))

    assert states() == {good.pk: State.SUCCEEDED, bad.pk: State.FAILED}


def test_one_that_cannot_reach_another_server_harms_no_other(carry_out):
    good, bad = JobFactory.create_batch(2)

    def ask_elsewhere(job):
        if job.pk == bad.pk:
            raise OperationalError("connection refused")

    carry_out(ask_elsewhere)
    assert (states(), outcomes()) == ({good.pk: State.SUCCEEDED, bad.pk: State.QUEUED}, {bad.pk: Outcome.ERROR})


def twice(job):
    sign_up(job)
    with suppress(IntegrityError):
        sign_up(job)  # after which Django lets go of what was done before


def unwanted(job):
    sign_up(job)
    transaction.set_rollback(True)


@pytest.mark.parametrize("work", [twice, unwanted])
def test_one_whose_effects_django_rolls_back_without_a_word_has_not_succeeded(carry_out, work):
    bad, good = JobFactory.create_batch(2)
    carry_out(lambda job: work(job) if job.pk == bad.pk else sign_up(job))

    assert states() == {bad.pk: State.QUEUED, good.pk: State.SUCCEEDED}
    assert User.objects.get().username == f"user_{good.pk}"


def commit(job):
    sign_up(job)
    connection.connection.commit()


def test_one_that_commits_by_itself_doubles_nothing(carry_out):
    """The word `succeeded` comes before the work, so it is committed with it."""
    jobs = JobFactory.create_batch(5)
    with suppress(DatabaseError):
        carry_out(lambda job: commit(job) if job.pk == jobs[2].pk else sign_up(job))
    Job.objects.filter(state=State.RUNNING).update(lease_until=timezone.now() - timedelta(minutes=1))
    kind = Kind("welcome_email", finish=sign_up)
    for job_id in claims.find([kind]):
        engine.attempt(claims.claim(job_id, kind), kind)

    assert set(states().values()) == {State.SUCCEEDED}
    assert User.objects.count() == 5


def test_one_that_spoils_the_commit_takes_nothing_from_the_others(carry_out):
    jobs = [job.pk for job in JobFactory.create_batch(3)]
    nobody = "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0c"  # a foreign key that is looked at when all is done
    carry_out(lambda job: Job.objects.filter(pk=job.pk).update(owner=nobody) if job.pk == jobs[0] else None)

    assert outcomes() == {jobs[0]: Outcome.ERROR}
    assert list(states().values()).count(State.SUCCEEDED) == 2


def test_what_is_not_new_or_of_another_kind_is_left_alone(carry_out):
    JobFactory(kind="cron")
    JobFactory(run_at=timezone.now() + timedelta(hours=1))
    JobFactory(attempt=1)
    for state in set(State) - {State.QUEUED}:
        JobFactory(state=state)
    before = states()

    assert carry_out(sign_up) == 0
    assert states() == before


def test_no_more_are_claimed_than_a_process_does_soon(carry_out):
    JobFactory.create_batch(5)

    assert carry_out(lambda job: None, size=3) == 3
    assert list(states().values()).count(State.QUEUED) == 2


@pytest.mark.parametrize("part", ["finish", "external"])
def test_when_time_runs_out_the_rest_is_let_go_without_an_attempt(carry_out, monkeypatch, part):
    JobFactory.create_batch(3)
    monkeypatch.setattr(engine, "GROUP_SECONDS", 0.05)
    work = {"external": lambda job: engine.time.sleep(0.1)} if part == "external" else {}
    carry_out(lambda job: engine.time.sleep(0.1), **work)

    assert sorted(states().values()) == [State.QUEUED, State.QUEUED, State.SUCCEEDED]
    assert {job.attempt for job in Job.objects.filter(state=State.QUEUED)} == {0}
    assert not Attempt.objects.exists()


def test_a_job_takes_one_statement_beside_its_own(carry_out, django_assert_num_queries):
    JobFactory.create_batch(10)
    with django_assert_num_queries(1 + 2 + 10):  # the claim; BEGIN and COMMIT
        carry_out(lambda job: None)


def test_an_external_job_takes_one_statement(carry_out, django_assert_num_queries):
    JobFactory.create_batch(10)
    with django_assert_num_queries(1 + 10):
        carry_out(None, external=lambda job: None)


def test_how_many_are_claimed_follows_how_long_they_take(monkeypatch):
    kind = Kind("x", finish=print)
    monkeypatch.setattr(engine, "seconds_of", {})
    sizes = [engine.group_size(kind)]
    for seconds in (0.001, 0.1, 10):
        engine.learn(kind, seconds)
        sizes.append(engine.group_size(kind))

    assert sizes == [1, 50, 3, 1]


MAKE = """
    INSERT INTO job_log (job_id, kind, payload, payload_sha, state, finished_at, run_at, attempt, max_attempts, worker,
        error_code, error)
    SELECT %(kind)s || ':' || n, %(kind)s, '{}', '', %(state)s, %(finished_at)s, now() - n * interval '1 s',
        %(attempt)s, 5, '', '', ''
    FROM generate_series(%(count)s, 1, -1) n
"""


def make(kind, state, count, attempt=0):
    finished_at = None if state == "queued" else timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            MAKE, {"kind": kind, "state": state, "count": count, "finished_at": finished_at, "attempt": attempt}
        )


def after_a_quiet_time(statistics):
    """Many finished jobs, and then a backlog that the planner's statistics know only if they are new."""
    make("other", "succeeded", 20_000)
    for step in ("old", "new"):
        if step == statistics:
            connection.cursor().execute("VACUUM ANALYZE job_log")
        if step == "old":
            make("cron", "queued", 2000)
            make("tried", "queued", 2000, attempt=1)


def plans_of(work):
    """Of each statement about jobs that `work` sends, with its values and what it read."""
    plans = []

    def explain(execute, sql, params, many, context):
        if "job_log" in sql:
            with transaction.atomic(), connection.connection.cursor() as cursor:
                lines = cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}", params).fetchall()
                plans.append("\n".join(line for (line,) in lines))
                transaction.set_rollback(True)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        work()
    return plans


each_statistics = pytest.mark.parametrize("statistics", ["old", "new"])


def most_rows(plan):
    return max(float(part.partition(" ")[0]) for part in plan.split("actual rows=")[1:])


@each_statistics
def test_claims_read_what_they_take_however_many_wait(statistics):
    after_a_quiet_time(statistics)
    kinds = [Kind("cron", finish=print), Kind("tried", finish=print)]
    works = (
        lambda: claims.claim_new(dict.fromkeys(kinds, 10), 1),
        lambda: claims.find(kinds),
        lambda: claims.due(kinds),
    )
    for plan in (plan for work in works for plan in plans_of(work)):
        assert "Seq Scan" not in plan
        assert most_rows(plan) <= 10


@each_statistics
def test_a_job_reads_itself_and_no_other_however_many_wait(statistics):
    after_a_quiet_time(statistics)
    kind = Kind("tried", finish=lambda job: None)
    plans = plans_of(lambda: engine.attempt(claims.claim("tried:7", kind), kind))

    assert len(plans) >= 3
    for plan in plans:
        assert "Index Cond: ((job_id)" in plan or "Index Cond: ((job_log.job_id)" in plan
        assert most_rows(plan) <= 1


@each_statistics
def test_no_plan_is_made_without_an_index_however_often_a_statement_is_sent(statistics):
    """PostgreSQL may keep a plan for any values from the sixth time on."""
    after_a_quiet_time(statistics)
    kinds = [Kind("cron", finish=print)]
    for _ in range(8):
        claims.claim_new(dict.fromkeys(kinds, 10), 1)
    (plan,) = plans_of(lambda: claims.claim_new(dict.fromkeys(kinds, 10), 1))

    assert most_rows(plan) <= 10
