"""A private PostgreSQL server."""

import os
import shutil
import tempfile
from pathlib import Path
from signal import SIGINT, SIGQUIT
from subprocess import DEVNULL
from typing import IO

import psutil

from devstack import DevstackError, leftovers, processes
from devstack.account import can_enter, for_servers, require_own, shared_temp
from devstack.binaries import Programs, find_postgres, usable_by
from devstack.files import kept_secret, private_log, write_private
from devstack.output import remark
from devstack.servers import Server, environment

_NAME = "taskhub"  # of the owner and of the database
_APPLICATION = "taskhub_app"  # the role that only reads and writes rows
_SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",  # their paths have a limit that a deep checkout breaks
    "max_connections=100",
    "timezone=UTC",
    "log_timezone=UTC",
)
_FAST_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class Postgres(Server):
    """A private PostgreSQL with a database and its owner, both named taskhub, and a role for the application.

    As root, it runs as another account.
    """

    name = "postgres"
    stop_steps = (
        (SIGINT, 4.0),
        (SIGQUIT, 1.0),
    )  # roll back and leave in order; leave at once and recover at next start
    passing_troubles = ("Address already in use", "shared memory block", '"postmaster.pid" already exists')

    @property
    def url(self) -> str:
        """Where the owner connects to. Valid once started."""
        return f"postgresql://{_NAME}:{self._password}@127.0.0.1:{self.port}/{_NAME}"

    @property
    def application_url(self) -> str:
        """Where the application connects to, once `manage.py migrate` has let its role in."""
        return f"postgresql://{_APPLICATION}:{self._application_password}@127.0.0.1:{self.port}/{_NAME}"

    @property
    def urls(self) -> dict[str, str]:
        return {"DATABASE_URL": self.application_url, "DATABASE_OWNER_URL": self.url}

    @property
    def _application_password(self) -> str:
        return kept_secret(self.folder / "application_password")

    @property
    def _location(self) -> Path:
        return self.folder / "location"

    @property
    def _password(self) -> str:
        return kept_secret(self.folder / "password")

    def remove(self) -> None:
        """Stop it and throw its data away, also where it had to be put elsewhere."""
        self.stop()
        if self._location.exists():
            shutil.rmtree(self._location.read_text(), ignore_errors=True)
        super().remove()

    def prepare(self) -> None:
        """Find the programs, and make the database at the first start."""
        self._account = for_servers()
        self._data = self._find_data()
        version = self._data / "PG_VERSION"
        programs = find_postgres(int(version.read_text()) if version.exists() else None)
        self._programs = Programs(usable_by(self._account, programs), programs.major)
        if not version.exists():
            self._make_data()

    def launch(self, port: int) -> None:
        """Start the server as our own child, so that it stops when we do."""
        self._clear_recycled_pid()
        settings = (f"port={port}", *_SETTINGS, *(() if self.durable else _FAST_SETTINGS))
        options = [word for setting in settings for word in ("-c", setting)]
        command = [self._program("postgres"), "-D", str(self._data), *options]
        with private_log(self.log) as log:
            self.process.start(command, environment(), log, self._account)

    def answers(self) -> bool:
        """Whether the server says so itself: as pg_ctl does, by the eighth line of its pid file."""
        lines = self._pid_file_lines()
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _program(self, name: str) -> str:
        return str(self._programs.folder / name)

    def _find_data(self) -> Path:
        """The folder of the database: in our own, or in a temporary one that the other account can get to."""
        account = for_servers()
        if account is None:
            return self.folder / "data"
        if self._location.exists():
            place = Path(self._location.read_text())
            if os.path.lexists(place):
                require_own(place)
                return place / "data"
            remark(f"the database was in {place}, which is gone; making an empty one")
        elif can_enter(account, self.folder):
            return self.folder / "data"
        elif (self.folder / "data").exists():
            raise DevstackError(
                f"the account {account.name}, which PostgreSQL runs under, cannot get to {self.folder} any more"
            )
        place = Path(tempfile.mkdtemp(prefix="taskhub-", dir=shared_temp(account)))
        place.chmod(0o711)
        write_private(self._location, str(place))
        remark(f"the account {account.name} cannot get to {self.folder}, so the database is in {place}")
        return place / "data"

    def _make_data(self) -> None:
        # Under another name until it is complete: an interrupted start leaves nothing that looks like a database.
        draft = self._data.with_name("data.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password = draft.with_name("initdb.password")
        write_private(password, self._password)
        if self._account:
            for path in (draft, password):
                os.chown(path, self._account.uid, self._account.gid)
        try:
            self._run("initdb", "-D", str(draft), f"--pwfile={password}", *self._initdb_options())
        finally:
            password.unlink()
        self._create_database(draft)
        draft.rename(self._data)

    def _initdb_options(self) -> list[str]:
        # lower() and ILIKE beyond ASCII, without ICU, which the wheels lack; the builtin provider came with 17.
        locale = ["--locale=C.UTF-8", *(["--locale-provider=builtin"] if self._programs.major >= 17 else [])]
        return [
            f"--username={_NAME}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *locale,
            *([] if self.durable else ["--no-sync"]),
        ]

    def _create_database(self, data: Path) -> None:
        # Without a client program or driver: the server itself takes statements from stdin when alone.
        with tempfile.TemporaryFile() as statements:
            statements.write(f"CREATE DATABASE {_NAME};\n".encode())
            made = f"CREATE ROLE {_APPLICATION} LOGIN PASSWORD '{self._application_password}';\n"
            statements.write(made.encode())  # databases of earlier releases get it from their next migration
            statements.seek(0)
            said = self._run(
                "postgres", "--single", *([] if self.durable else ["-F"]), "-D", str(data), "postgres", stdin=statements
            )
        if "ERROR" in said:
            raise DevstackError(f"PostgreSQL could not create its database: {said}")

    def _run(self, program: str, *arguments: str, stdin: int | IO[bytes] = DEVNULL) -> str:
        lines: list[str] = []
        code = processes.run([self._program(program), *arguments], environment(), lines.append, self._account, stdin)
        said = "\n".join(lines)
        if code:
            raise DevstackError(f"{program} ended with exit code {code} and said: {said}")
        return said

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _clear_recycled_pid(self) -> None:
        # PostgreSQL itself sees when the pid in its file is dead, and refuses to start when somebody else got it since,
        # as happens after the machine went down. A live server on this data is left from a run that was killed.
        lines = self._pid_file_lines()
        try:
            process = psutil.Process(int(lines[0]))
            command = process.cmdline()
        except (IndexError, psutil.Error):
            return
        if str(self._data) in command:
            leftovers.end(self.name, process.pid, lambda: not leftovers.runs(process), self.stop_steps)
        else:
            (self._data / "postmaster.pid").unlink()
