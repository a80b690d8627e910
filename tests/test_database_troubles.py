"""PostgreSQL answers, and says no: read-only, full, locked, without a free connection."""

from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from devstack.service import wait_until

END_CONNECTIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"


@contextmanager
def session(service):
    """One that goes on whatever the rest of the database may do."""
    with psycopg.connect(service.postgres.url, autocommit=True) as database:
        database.execute("SET default_transaction_read_only = off")
        yield database


@pytest.fixture(autouse=True)
def new_connections(service):
    """What one test did to the server's connections does not concern the next."""
    with session(service) as database:
        database.execute(END_CONNECTIONS)


def create_task(client):
    return client.post("/tasks/", json={"title": "Buy milk"})


def assert_told_to_come_back(response):
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert response.headers["Retry-After"] == "1"


@contextmanager
def read_only(service):
    """What a server is to its clients once another one has been promoted: connections made meanwhile stay read-only."""
    with session(service) as database:
        database.execute("ALTER DATABASE taskhub SET default_transaction_read_only = on")
        database.execute(END_CONNECTIONS)
        yield
        database.execute("ALTER DATABASE taskhub RESET default_transaction_read_only")


@pytest.fixture
def without_room(service):
    """What PostgreSQL says of a full disk, said by a trigger."""
    with session(service) as database:
        database.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full; END $$"
        )
        database.execute("CREATE TRIGGER refuse BEFORE INSERT ON tasks EXECUTE FUNCTION refuse()")
        yield
        database.execute("DROP FUNCTION refuse CASCADE")


def take_all(taken, url):
    while True:
        taken.enter_context(psycopg.connect(url))


@contextmanager
def all_connections_taken(service):
    """And the API server, just started, has none of them."""
    service.stop()
    with ExitStack() as taken:
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            take_all(taken, service.postgres.url)
        service.serve()
        yield


def test_while_the_database_is_read_only_reading_goes_on_and_changes_are_told_to_come_back(service):
    with service.signed_up("reader") as client:
        create_task(client).raise_for_status()
        with read_only(service):
            assert_told_to_come_back(create_task(client))
            assert len(client.get("/tasks/").json()["items"]) == 1


def test_when_the_database_can_be_written_again_each_thread_fails_once_at_most(service):
    with service.signed_up("writer") as client:
        with read_only(service):
            # All threads hold such a connection then, whatever earlier tests have left them
            wait_until(lambda: {client.get("/tasks/").status_code for _ in range(40)} == {200})
        statuses = [create_task(client).status_code for _ in range(40)]

    assert set(statuses) <= {201, 503}
    assert 1 <= statuses.count(503) <= 4  # two processes with two threads


def test_without_room_reading_goes_on_and_changes_are_told_to_come_back(service, without_room):
    with service.signed_up("fullness") as client:
        assert_told_to_come_back(create_task(client))
        assert client.get("/tasks/").json()["items"] == []


def test_who_waits_for_a_lock_is_told_to_come_back_after_five_seconds(service):
    with service.signed_up("patience") as client, psycopg.connect(service.postgres.url) as other:
        task = client.get(create_task(client).headers["Location"]).json()
        other.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", [task["id"]])
        assert_told_to_come_back(client.patch(f"/tasks/{task['id']}", json={"status": "done"}))
        other.rollback()
        assert client.patch(f"/tasks/{task['id']}", json={"status": "done"}).status_code == 200


def test_without_a_free_connection_clients_are_told_to_come_back_until_there_is_one(service):
    with service.signed_up("crowd") as client:
        with all_connections_taken(service):
            assert_told_to_come_back(client.get("/tasks/"))
            assert client.get("/livez").status_code == 200
        assert client.get("/tasks/").status_code == 200
