"""The front door, between the API and those who send slowly, read slowly, or send rubbish: Caddy, as delivered."""

import socket
import ssl
from contextlib import ExitStack, closing

import httpx
import psutil
import psycopg
import pytest

from devstack import door
from devstack.ports import free_port
from devstack.service import wait_until

GET = "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n\r\n"
LARGE = "\U0001f600" * 10_000
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def port(service):
    return open_door(service, f":{free_port()}")


def open_door(service, site):
    """Its port."""
    port = int(site.rpartition(":")[2])
    home = str(service.home / f"door{port}")
    settings = {"DOOR_BIND": "127.0.0.1", "DOOR_SITE": site, "DOOR_UPSTREAM": f"127.0.0.1:{service.port}"}
    process = service.spawn(door.COMMAND, **settings, XDG_DATA_HOME=home, XDG_CONFIG_HOME=home)
    service.processes.append(process)
    wait_until(lambda: door.is_open("127.0.0.1", port))
    return port


def connections(port, number, sent):
    """So many that have sent this, and neither send more nor read."""
    with ExitStack() as opened:
        sockets = [opened.enter_context(closing(socket.create_connection(("127.0.0.1", port)))) for _ in range(number)]
        for one in sockets:
            one.sendall(sent.encode())
        return opened.pop_all()


@pytest.fixture(scope="module")
def rich(service, port):
    """Somebody whose page of tasks is large, and who comes by the door."""
    with service.signed_up("rich_by_the_door") as client:
        operations = [{"op": "create", "task": {"title": "x", "description": LARGE}}] * 20
        for _ in range(5):
            client.post("/tasks/batch", json={"operations": operations}).raise_for_status()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=client.headers, timeout=5) as through:
            yield through


WITHHELD = "POST /auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n"
ATTACKS = {
    "withheld bodies": (64, WITHHELD),
    "headers that do not end": (64, "GET /tasks/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "),
    "idle connections": (1000, ""),
    "pages that nobody reads": (80, GET),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_others_are_served_meanwhile(service, port, rich, attack):
    number, sent = ATTACKS[attack]
    sent = sent.format(path="/tasks/?limit=100", token=rich.headers["Authorization"])
    with connections(port, number, sent):
        statuses = {rich.get(path).status_code for path in ("/livez", "/tasks/?limit=1") for _ in range(10)}
        with psycopg.connect(service.postgres.url) as database:
            held = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"

            assert (statuses, database.execute(held).fetchone()) == ({200}, (0,))


def test_what_nobody_reads_waits_at_the_door_and_not_in_the_memory_of_the_api(service, port, rich):
    number, sent = ATTACKS["pages that nobody reads"]
    sent = sent.format(path="/tasks/?limit=100", token=rich.headers["Authorization"])
    memory = []
    for _ in range(5):
        served = service.log.read_text().count("limit=100 200")
        with connections(port, number, sent):
            wait_until(lambda served=served: service.log.read_text().count("limit=100 200") >= served + number)
            memory.append(memory_of(service))

    # The allocator keeps what a first time takes. If the answers stayed, three times 80 of them would be 400 MiB
    assert memory[-1] - memory[1] < 200 * MIB


def memory_of(service):
    server = psutil.Process(service.process.pid)
    return sum(process.memory_info().rss for process in [server, *server.children(recursive=True)])


def test_megabytes_of_rubbish_are_refused(port):
    answer = httpx.post(f"http://127.0.0.1:{port}/tasks/", content=b"x" * 64 * MIB, timeout=10)

    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")


def test_answers_come_as_they_were_and_compressed_for_whom_wants_it(service, rich):
    plain = rich.get("/tasks/?limit=5", headers={"Accept-Encoding": "identity"})
    packed = rich.get("/tasks/?limit=5", headers={"Accept-Encoding": "gzip"})

    assert packed.json() == plain.json()
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["X-Request-ID"]


def test_while_the_api_is_away_a_request_waits_and_is_then_told_so(service):
    nobody = free_port()
    port = free_port()
    process = service.spawn(
        door.COMMAND, DOOR_BIND="127.0.0.1", DOOR_SITE=f":{port}", DOOR_UPSTREAM=f"127.0.0.1:{nobody}"
    )
    service.processes.append(process)
    wait_until(lambda: door.is_open("127.0.0.1", port))
    answer = httpx.get(f"http://127.0.0.1:{port}/livez", timeout=20)

    assert (answer.status_code, answer.json()["code"]) == (502, "front_door")


def test_the_api_knows_who_asks_whatever_the_client_says(service, port):
    service.stop()
    service.serve(TRUSTED_PROXIES="1")
    httpx.get(f"http://127.0.0.1:{port}/problems/door", headers={"X-Forwarded-For": "6.6.6.6"})
    line = next(line for line in reversed(service.log.read_text().splitlines()) if "/problems/door" in line)
    service.stop()
    service.serve()

    assert " 127.0.0.1 " in line


def test_with_a_name_it_speaks_tls(service):
    port = open_door(service, f"https://localhost:{free_port()}")
    root = service.home / f"door{port}" / "caddy/pki/authorities/local/root.crt"
    wait_until(root.exists)
    context = ssl.create_default_context(cafile=str(root))
    wait_until(lambda: answers_by_tls(context, port))
    answer = httpx.get(f"https://localhost:{port}/livez", verify=context)

    assert answer.json() == {"status": "alive"}
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def answers_by_tls(context, port):
    try:
        with (
            socket.create_connection(("127.0.0.1", port)) as raw,
            context.wrap_socket(raw, server_hostname="localhost"),
        ):
            return True
    except OSError:
        return False
