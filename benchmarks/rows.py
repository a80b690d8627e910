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


def add_users(url: str, columns: dict[str, str]) -> None:
    """`columns`: their SQL, as the schemas differ."""
    with psycopg.connect(url, autocommit=True) as connection:
        names, values = ", ".join(columns), ", ".join(columns.values())
        connection.execute(USERS.format(columns=names, values=values), [OTHERS])


def fill(url: str, tasks: int, read: int, columns: dict[str, str]) -> None:
    """`tasks` rows and no others, `read` of them alice's. `columns`: more of them, with their SQL."""
    counts = {"reader": READER, "read": read, "each": (tasks - read) // (OTHERS + 1)}
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute("TRUNCATE tasks CASCADE")
        names, values = "".join(f", {name}" for name in columns), "".join(f", {value}" for value in columns.values())
        connection.execute(TASKS.format(columns=names, values=values, description=DESCRIPTION), counts)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
