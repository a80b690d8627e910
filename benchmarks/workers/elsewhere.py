"""`procrastinate --app benchmarks.workers.elsewhere.app worker`: procrastinate, in the database of DATABASE_URL."""

import os

from procrastinate import App, PsycopgConnector

app = App(connector=PsycopgConnector(conninfo=os.environ.get("DATABASE_URL", "")))


@app.task(name="noop")
def noop(number: int) -> None:
    """Has no effect."""
