"""The command line of devstack: arguments in, exit code out."""

from __future__ import annotations

import argparse
import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036  an older Python reads this far, and its user deserves a sentence
    sys.exit("devstack: TaskHub needs Python 3.11 or newer, this is Python " + sys.version.split()[0])
if os.name != "posix":
    sys.exit("devstack: TaskHub runs on Linux and macOS; on Windows, run it inside WSL")

EPILOG = """
DATABASE_URL and REDIS_URL, when set, name the servers to use instead of private ones. TASKHUB_HOME moves the data
(default: .taskhub in the checkout). TASKHUB_PG_BIN (the folder with initdb and postgres) and TASKHUB_REDIS_BIN (a
valkey-server or redis-server) are tried before all other servers. `up` and `manage` also read the file .env.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 already running; `test`, `chaos`, `bench` and `manage` pass on those of
what they ran
"""


def port_number(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is between 1 and 65535")
    return port


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m devstack",
        description="Sets up and runs TaskHub on this machine. Needs only Python 3.11; uses uv when it is there.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="up | test | chaos | bench | manage | env")
    up = commands.add_parser("up", help="set up, migrate and run everything until Ctrl-C")
    up.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: %(default)s); beyond loopback, a front door does",
    )
    up.add_argument("--port", type=port_number, default=8000, help="port to listen on (default: %(default)s)")
    up.add_argument(
        "--name", help="speak TLS as this host; its certificate is got from Let's Encrypt, or made for localhost"
    )
    up.add_argument("--reload", action="store_true", help="restart the API when its code changes")
    # No character starts an option of these: what follows the word, -h too, belongs to the program it is passed to.
    for name, purpose in (
        ("test", "set up and run pytest with these arguments, on throw-away servers"),
        ("chaos", "set up and run jobs while their processes, servers and network fail; chaos --help"),
        ("bench", "set up and measure the API beside other programs; bench --help"),
        ("manage", "run manage.py with these arguments, e.g. manage createsuperuser"),
    ):
        passing = commands.add_parser(name, help=purpose, prefix_chars="\0", add_help=False)
        passing.add_argument("arguments", nargs=argparse.REMAINDER)
    commands.add_parser("env", help="print DATABASE_URL=... and REDIS_URL=... of what runs")
    return parser


def main() -> int:
    """Run one command; a foreseeable failure becomes one sentence on stderr."""
    arguments = vars(_parser().parse_args())
    from devstack import DevstackError, commands, files

    code: int
    try:
        code = getattr(commands, arguments.pop("command"))(**arguments)
    except DevstackError as failure:
        print(f"devstack: {failure}", file=sys.stderr)
        code = failure.exit_code
    except OSError as failure:
        print(f"devstack: {files.explain(failure)}", file=sys.stderr)
        code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
