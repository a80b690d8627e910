"""`python -m benchmarks.sizes`: the room that a million tasks, events and jobs take, on servers of their own.

Rows come in the order of time, as they would; owners take turns. Afterwards nothing of it is left.
"""

import sys

import psycopg

from benchmarks.servers import Owned
from devstack.service import temporary_home

# Ids that grow, as version 7 does: PostgreSQL makes them itself from 18 on
FILL = (
    """
CREATE FUNCTION numbered(prefix text, n int) RETURNS uuid IMMUTABLE LANGUAGE sql
    AS $$ SELECT ('01a1fc34-0000-7000-' || prefix || '-' || lpad(to_hex(n), 12, '0'))::uuid $$;
CREATE FUNCTION moment(n int) RETURNS timestamptz IMMUTABLE LANGUAGE sql
    AS $$ SELECT timestamptz '2026-01-01Z' + n * interval '1 second' $$;
CREATE FUNCTION owner(n int) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$ SELECT numbered('8000', n % 10000) $$;
""",
    """
INSERT INTO users (id, username, password, email, is_superuser, is_active, is_staff, created_at)
SELECT numbered('8000', n - 1), 'user_' || n, rpad('argon2$argon2id$v=19$m=19456,t=2,p=1$', 102, md5(n::text)),
    'user_' || n || '@example.com', false, true, false, moment(n)
FROM generate_series(1, 10000) AS n
""",
    """
INSERT INTO tasks (id, owner_id, title, description, status, created_at, updated_at)
SELECT numbered('8001', n), owner(n), 'Task ' || n, 'What there is to say about it, in a sentence.', 'todo',
    moment(n), moment(n)
FROM generate_series(1, 1000000) AS n
""",
    """
INSERT INTO job_log (job_id, kind, owner_id, payload, payload_sha, state, attempt, max_attempts, run_at,
    worker, result, error_code, error, created_at, started_at, finished_at)
SELECT 'welcome_email:' || numbered('8002', n), 'welcome_email', owner(n),
    jsonb_build_object('user_id', numbered('8002', n)), md5(n::text) || md5(n::text), 'succeeded', 1, 12, moment(n),
    'worker-1:12345', jsonb_build_object('sent', true, 'message_id', md5(n::text) || '@example.com'),
    '', '', moment(n), moment(n), moment(n)
FROM generate_series(1, 1000000) AS n
""",
    """
INSERT INTO event (owner_id, number, resource, resource_id, version, kind, actor, via, request_id, created_at, changes)
SELECT owner(n), n / 10000, 'task', numbered('8001', n / 2), 1 + n % 2, (ARRAY['created', 'updated'])[1 + n % 2],
    'user_' || n % 10000, 'api', md5(n::text), moment(n),
    CASE n % 2 WHEN 0 THEN '{}' ELSE '{"status": {"old": "todo", "new": "done"}}' END::jsonb
FROM generate_series(1, 1000000) AS n
""",
    """
INSERT INTO idempotency_key (owner_id, digest, fingerprint, created_at, status, headers, body)
SELECT owner(n), md5(n::text)::uuid, sha256(n::text::bytea), moment(n), 201,
    jsonb_build_object('ETag', '"1.1"', 'Location', '/tasks/' || numbered('8001', n), 'Content-Type', 'any/type'),
    convert_to(rpad('{"id":"', 330, md5(n::text)), 'UTF8')
FROM generate_series(1, 100000) AS n
""",
    "VACUUM ANALYZE",
)
SIZES = """
SELECT relname, pg_relation_size(oid), reltuples FROM pg_class WHERE oid = %(table)s::regclass
UNION ALL
SELECT relname, pg_relation_size(oid), (SELECT reltuples FROM pg_class WHERE oid = %(table)s::regclass) FROM pg_class
WHERE oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = %(table)s::regclass)
"""


def main() -> None:
    with (
        temporary_home() as home,
        Owned(home) as service,
        psycopg.connect(service.postgres.url, autocommit=True) as database,
    ):
        for statement in FILL:
            database.execute(statement)
        for table in ("users", "tasks", "event", "idempotency_key", "job_log"):
            sys.stdout.write(report(database.execute(SIZES, {"table": table}).fetchall()))


def report(sizes: list[tuple[str, int, float]]) -> str:
    (table, heap, rows), *indexes = sizes
    lines = [
        f"{table}: {rows:,.0f} rows, {heap / rows:.0f} bytes each, {sum(i[1] for i in indexes) / rows:.0f} in indexes"
    ]
    return "\n".join(lines + [f"    {name}: {size / rows:.0f}" for name, size, _ in sorted(indexes)]) + "\n"


if __name__ == "__main__":
    main()
