"""The same tasks in each database: those of alice, whose list is measured, among those of many other users."""

import psycopg

READER, WRITER = "alice", "bob"  # who lists, and who creates meanwhile
OTHERS = 198
DESCRIPTION = "What there is to say about it, in a sentence or two."
USERS = "INSERT INTO users ({columns}) SELECT {values} FROM generate_series(1, %s) AS n"
# Each user's tasks are spread over one year, so that the rows of one page lie apart, as they do in a real table
TASKS = """
    INSERT INTO tasks (id, owner_id, title, description, created_at{columns})
    SELECT gen_random_uuid(), owner, 'Task ' || n, '{description}', moment{values}
    FROM (
        SELECT users.id AS owner, n, now() - interval '1 year' * n / amount AS moment
        FROM users
        CROSS JOIN LATERAL (SELECT CASE username WHEN %(reader)s THEN %(read)s ELSE %(each)s END AS amount) AS amounts
        CROSS JOIN LATERAL generate_series(1, amount) AS n
    ) AS wanted ORDER BY moment
"""


def fill(url: str, tasks: int, read: int, users: dict[str, str], more: dict[str, str]) -> None:
    """`tasks` rows, `read` of them alice's. `users`, `more`: columns and their SQL, where the schemas differ."""
    counts = {"reader": READER, "read": read, "each": (tasks - read) // (OTHERS + 1)}
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute(USERS.format(columns=", ".join(users), values=", ".join(users.values())), [OTHERS])
        columns, values = "".join(f", {name}" for name in more), "".join(f", {value}" for value in more.values())
        connection.execute(TASKS.format(columns=columns, values=values, description=DESCRIPTION), counts)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
