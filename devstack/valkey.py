"""A private Valkey (or Redis) server."""

import socket
from pathlib import Path
from signal import SIGTERM

from devstack.binaries import find_valkey
from devstack.files import kept_secret, private_log, write_private
from devstack.servers import Server, environment

DATABASES = 64  # one for each of many test workers


class Valkey(Server):
    """A private Valkey with a password; when durable, it keeps its data in an append-only file."""

    name = "valkey"
    stop_steps = ((SIGTERM, 2.0),)

    @property
    def url(self) -> str:
        """Where clients connect to. Valid once started."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def urls(self) -> dict[str, str]:
        return {"REDIS_URL": self.url}

    @property
    def _password(self) -> str:
        return kept_secret(self.folder / "password")

    def prepare(self) -> None:
        """Find the program."""
        self._program = find_valkey()

    def launch(self, port: int) -> None:
        """Start the server. Its password is in a file, because everybody can read command lines."""
        settings = self.folder / "valkey.conf"
        write_private(settings, self._settings(port))
        with private_log(self.log) as log:
            self.process.start([str(self._program), str(settings)], environment(), log)

    def answers(self) -> bool:
        """Whether it lets us in; while it loads its data it does not."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                return connection.makefile("rb").read(12) == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False

    def _settings(self, port: int) -> str:
        return f"""\
bind 127.0.0.1
port {port}
requirepass {self._password}
databases {DATABASES}
dir {_quoted(self.folder)}
appendonly {"yes" if self.durable else "no"}
save ""
"""


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
