"""PostgreSQL and Valkey for what is measured without the API server."""

import psycopg

from benchmarks import machine
from devstack.service import Service

SETTINGS = ("shared_preload_libraries = 'pg_stat_statements'", "track_commit_timestamp = on")


class Owned(Service):
    """What runs there owns the database: other programs make tables of their own, and measuring takes checkpoints."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "DATABASE_URL": self.postgres.url}


class Servers(Owned):
    """PostgreSQL counts statements and keeps the moment of each commit. There is no API server."""

    def __enter__(self) -> "Servers":
        self.postgres.start()
        with psycopg.connect(self.postgres.url, autocommit=True) as database:
            for setting in SETTINGS:
                database.execute(f"ALTER SYSTEM SET {setting}")
        self.postgres.stop()
        self.postgres.start()
        self.valkey.start()
        self.manage("migrate", "--no-input", "-v0")
        return self

    def stop(self) -> int:
        return 0

    def database(self, name: str) -> str:
        """The URL of a new database."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{self.postgres.url.rpartition('/')[0]}/{name}"

    def work(self, *arguments: str, **changes: str) -> int:
        """Starts a process that goes on until the end, and returns its id."""
        self.processes.append(self.start(*arguments, **changes))
        return int(self.processes[-1].pid)

    def celery(self, app: str, *arguments: str, **changes: str) -> int:
        return self.work("-m", "celery", "-A", app, *arguments, **changes)

    def cpu(self, workers: list[int]) -> list[float]:
        """Seconds of the workers, of PostgreSQL and of Valkey so far."""
        trees = (workers, [self.postgres.pid], [self.valkey.pid])
        return [sum(machine.cpu_seconds(pid) for pid in pids) for pids in trees]
