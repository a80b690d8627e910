"""`python -m benchmarks.workers.loop 50`: the least that a queue in PostgreSQL can be, so many jobs at a time.

No retry, no attempts, no lease, no schedule; it looks again after PAUSE when there was nothing.
"""

import os
import sys
import time

import psycopg

PAUSE = 0.01  # seconds
TABLE = """
    CREATE TABLE job (number bigint PRIMARY KEY, state text NOT NULL DEFAULT 'queued');
    CREATE INDEX ON job (number) WHERE state = 'queued';
"""
FIND = "SELECT number FROM job WHERE state = 'queued' ORDER BY number LIMIT %s FOR UPDATE SKIP LOCKED"
FINISH = "UPDATE job SET state = 'succeeded' WHERE number = ANY(%s)"


def main() -> None:
    size = int(sys.argv[1])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        while True:
            if not carry_out(connection, size):
                time.sleep(PAUSE)


def carry_out(connection: psycopg.Connection, size: int) -> int:
    with connection.transaction():
        numbers = [number for (number,) in connection.execute(FIND, [size])]
        if numbers:
            connection.execute(FINISH, [numbers])
    return len(numbers)


if __name__ == "__main__":
    main()
