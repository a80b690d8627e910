"""Two roles: one owns the tables and migrates, the other only reads and writes rows."""

from typing import Any

from django.conf import settings
from django.db import connection
from psycopg import sql

ROWS = "SELECT, INSERT, UPDATE, DELETE"


def grant(**signal: Any) -> None:
    """After a migration as DATABASE_OWNER_URL: the role of DATABASE_URL, made if need be, may use what is there.

    Raises ProgrammingError when the owner may not make roles, and nobody has made it before.
    """
    role, password = settings.APPLICATION_ROLE
    if not settings.AS_OWNER or role == connection.settings_dict["USER"]:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role])
        name = sql.Identifier(role)
        statements = [] if cursor.fetchone()[0] else [made(name, role, password)]
        statements += [
            sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name),
            sql.SQL(f"GRANT {ROWS} ON ALL TABLES IN SCHEMA public TO {{}}").format(name),
            sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(name),
            # Of tables that come later, whoever makes them as this owner
            sql.SQL(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {ROWS} ON TABLES TO {{}}").format(name),
            sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}").format(name),
            sql.SQL("REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}").format(name),
        ]
        for statement in statements:
            cursor.execute(statement.as_string(connection.connection))


def made(name: sql.Identifier, role: str, password: str) -> sql.Composed:
    """The password goes as its SCRAM verifier, so that no log of the server has it."""
    verifier = connection.connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(verifier.decode()))
