"""While a mail server is talked to, no transaction is open and nothing is locked."""

from urllib.parse import urlsplit

import psycopg

from jobs.tests.processes.sink import Sink

IN_TRANSACTION = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
LOCK = "SELECT FROM job_log WHERE job_id = %s FOR UPDATE NOWAIT"


def what_holds_others_up(url, job_id):
    """Asked from within the mail server."""
    with psycopg.connect(url) as database:
        found = ["transaction"] if database.execute(IN_TRANSACTION).fetchall() else []
        try:
            database.execute(LOCK, [job_id])
        except psycopg.errors.LockNotAvailable:
            found.append("lock")
        return found


def welcome(lab, **options):
    """Send the mail of a new user. What the mail server saw while it was talked to."""
    job_id = lab.call("sign_up", f"user{lab.names}")
    lab.names += 1
    url = lab.environment["DATABASE_URL"]
    with Sink(urlsplit(lab.environment["EMAIL_URL"]).port, lambda: what_holds_others_up(url, job_id)) as sink:
        assert lab.run(job_id, **options) == "succeeded"
    return sink.seen


def test_mail_is_sent_outside_any_transaction(lab):
    assert welcome(lab) == [[]]


def test_mail_sent_inside_the_transaction_would_be_noticed(lab):
    assert welcome(lab, mutant="external_inside_the_transaction") == [["transaction", "lock"]]
