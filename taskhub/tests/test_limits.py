"""How often requests may come: counted in Redis, or by each process while it does not answer."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits.storage import RedisStorage

from conftest import client_of
from taskhub.api import limits
from taskhub.api.limits import RateLimited, count, counters, network_of

TWO = ((2, 60),)
NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def fresh():
    limits.counters.cache_clear()
    counters().shared.storage.reset()
    shared = counters().shared.storage
    yield
    shared.reset()
    limits.counters.cache_clear()


@pytest.fixture
def without_redis(settings):
    settings.REDIS_URL = NOBODY
    limits.counters.cache_clear()


def test_what_exceeds_a_window_is_refused_with_the_time_to_wait():
    count(TWO, "x")
    count(TWO, "x")
    with pytest.raises(RateLimited) as refused:
        count(TWO, "x")

    assert 58 <= refused.value.retry_after <= 60


def test_each_name_has_a_counter_of_its_own():
    for name in ("x", "y", "z"):
        count(((1, 60),), "login", name)


def test_with_several_windows_the_wait_grows():
    windows, waits = ((1, 1), (2, 3600)), []
    for _ in range(3):
        while True:
            try:
                count(windows, "x")
                break
            except RateLimited as refused:
                waits.append(refused.retry_after)
                if refused.retry_after > 1:
                    break
                time.sleep(0.1)

    assert (waits[0], waits[-1] > 3000) == (1, True)


def test_of_many_at_once_exactly_as_many_pass_as_may():
    def passes(_):
        try:
            count(((10, 60),), "x")
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(passes, range(80))) == 10


def test_without_redis_each_process_counts_by_itself(without_redis, caplog):
    test_what_exceeds_a_window_is_refused_with_the_time_to_wait()

    assert not counters().are_shared
    assert "each process counts by itself" in caplog.text


def test_redis_is_asked_again_after_a_while(without_redis, monkeypatch, settings):
    count(TWO, "x")
    counters().shared.storage = RedisStorage("redis://" + settings.CELERY_BROKER_URL.partition("://")[2])
    monkeypatch.setattr(limits, "PAUSE", 0)
    counters().ask_again = 0.0
    count(TWO, "x")

    assert counters().are_shared


def test_readiness_shows_who_counts(db, anonymous_client, without_redis):
    count(TWO, "x")

    assert anonymous_client.get("/readyz").json()["rate_limits"] == "local"


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("", "-"), (None, "-")],
)
def test_a_network_of_ipv6_counts_as_one_client(address, network):
    assert network_of(address) == network


def test_all_requests_of_a_user_may_be_limited(alice_client, bob_client, settings):
    settings.RATE_LIMIT_USER = TWO
    answers = [alice_client.get("/tasks/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert bob_client.get("/tasks/").status_code == 200
    assert (answers[0]["RateLimit-Policy"], answers[0]["RateLimit"][:13]) == ('"user-60";q=2;w=60', '"user-60";r=1')


def test_all_requests_of_an_address_may_be_limited_but_not_probes(db, settings):
    settings.RATE_LIMIT_ADDRESS = TWO
    statuses = [client_of().get(path).status_code for path in ("/tasks/", "/tasks/", "/tasks/", "/livez", "/health")]

    assert statuses == [401, 401, 429, 200, 200]


def test_a_batch_costs_as_many_requests_as_it_has_operations(alice_client, settings):
    settings.RATE_LIMIT_USER = ((5, 60),)
    operations = [{"op": "create", "task": {"title": "Milk"}}] * 3
    statuses = [alice_client.post("/tasks/batch", {"operations": operations}).status_code for _ in range(2)]

    assert statuses == [200, 429]
    assert len(alice_client.get("/tasks/").json()["items"]) == 3
