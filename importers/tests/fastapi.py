"""The database of the FastAPI service, as its models define it, beside the one of the tests."""

import uuid
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import quote

import bcrypt
import psycopg
from django.db import connection
from psycopg import sql

SCHEMA = """
CREATE TABLE users (
    id varchar PRIMARY KEY, username varchar(50) NOT NULL UNIQUE, hashed_password varchar NOT NULL,
    created_at timestamp NOT NULL
);
CREATE TABLE tasks (
    id varchar PRIMARY KEY, title varchar(100) NOT NULL, description varchar(500),
    owner_id varchar NOT NULL REFERENCES users ON DELETE CASCADE, created_at timestamp NOT NULL
);
CREATE TABLE job_log (
    job_id varchar PRIMARY KEY, status varchar NOT NULL, result json, created_at timestamp NOT NULL,
    updated_at timestamp
);
"""
OLD_PASSWORD = "secret"  # that service asked for 6 characters
HASH = bcrypt.hashpw(OLD_PASSWORD.encode(), b"$2b$04$abcdefghijklmnopqrstuu").decode()
LONG_AGO = datetime(2024, 5, 17, 8, 30)  # noqa: DTZ001 - naive, as in that service


def url_of(name):
    ours = connection.settings_dict
    return f"postgresql://{ours['USER']}:{quote(ours['PASSWORD'], safe='')}@{ours['HOST']}:{ours['PORT']}/{name}"


class FastAPI:
    """Its database; each method writes a row that says nothing but what the test is about."""

    def __init__(self, url):
        self.url, self.connection = url, psycopg.connect(url, autocommit=True)

    def empty(self):
        self.connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self.connection.execute(SCHEMA)

    def insert(self, table, **row):
        columns, values = (
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Literal, row.values())),
        )
        self.connection.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), columns, values)
        )
        return next(iter(row.values()))

    def user(self, username="alice", hashed_password=HASH, created_at=LONG_AGO, id=None):
        row = {"username": username, "hashed_password": hashed_password, "created_at": created_at}
        return self.insert("users", id=id or str(uuid.uuid4()), **row)

    def task(self, owner_id, title="Buy milk", description="", created_at=LONG_AGO, id=None):
        row = {"title": title, "description": description, "owner_id": owner_id, "created_at": created_at}
        return self.insert("tasks", id=id or str(uuid.uuid4()), **row)

    def tasks(self, owner_id, number):
        self.connection.execute(
            "INSERT INTO tasks SELECT gen_random_uuid(), 'Task ' || n, NULL, %s, %s FROM generate_series(1, %s) AS n",
            [owner_id, LONG_AGO, number],
        )

    def job(self, job_id, status="completed", result=None, created_at=LONG_AGO, updated_at=None):
        times = {"created_at": created_at, "updated_at": updated_at}
        return self.insert("job_log", job_id=job_id, status=status, result=result, **times)


@contextmanager
def fastapi_database():
    """Exists while the block runs."""
    name = f"{connection.settings_dict['NAME']}_fastapi"
    with psycopg.connect(url_of(connection.settings_dict["NAME"]), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
        service = FastAPI(url_of(name))
        yield service
        service.connection.close()
        server.execute(f"DROP DATABASE {name}")
