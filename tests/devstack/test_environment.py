"""What .env may look like, and what the parts find in their environment."""

import os

import pytest

from devstack import DevstackError
from devstack import environment as places
from devstack.environment import for_parts, load_dotenv, read_dotenv

EVERYWHERE = "0.0.0.0"  # noqa: S104  nothing listens there


@pytest.mark.parametrize(
    ("line", "settings"),
    [
        ("", {}),
        ("  # a comment", {}),
        ("NAME=value", {"NAME": "value"}),
        ("  export NAME = value  ", {"NAME": "value"}),
        ("NAME=", {"NAME": ""}),
        ("NAME=two words", {"NAME": "two words"}),
        ("NAME=value # a comment", {"NAME": "value"}),
        ("NAME=a#b", {"NAME": "a#b"}),
        ("NAME=a=b", {"NAME": "a=b"}),
        ("NAME=' a # b '", {"NAME": " a # b "}),
        ('NAME="$a \\n" # a comment', {"NAME": "$a \\n"}),
        ('NAME="', {"NAME": '"'}),
        ("NAME=naïve", {"NAME": "naïve"}),
    ],
)
def test_a_line_of_dotenv(tmp_path, line, settings):
    (tmp_path / ".env").write_text(f"{line}\n", encoding="utf-8")

    assert read_dotenv(tmp_path / ".env") == settings


def test_a_line_that_sets_nothing_is_told_by_its_number(tmp_path):
    (tmp_path / ".env").write_text("NAME=value\nwhat is this\n")

    with pytest.raises(DevstackError, match=r"\.env, line 2: expected KEY=VALUE"):
        read_dotenv(tmp_path / ".env")


@pytest.fixture
def dotenv(monkeypatch, tmp_path):
    """The path of a .env that is read; what it sets is forgotten afterwards."""
    (tmp_path / ".env.example").write_bytes((places.ROOT / ".env.example").read_bytes())
    monkeypatch.setattr(places, "ROOT", tmp_path)
    monkeypatch.setattr(os, "environ", {})
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("ACCES_TOKEN_MINUTES", "ACCESS_TOKEN_MINUTES"),
        ("log_level", "LOG_LEVEL"),
        ("TASKHUB_PGBIN", "TASKHUB_PG_BIN"),
    ],
)
def test_a_name_that_is_nearly_a_setting_is_refused(dotenv, name, near):
    dotenv.write_text(f"{name}=5\n")

    with pytest.raises(DevstackError, match=rf"^\.env sets {name}, which is no setting; is it {near}\?$"):
        load_dotenv()


def test_a_name_with_our_prefix_that_is_no_setting_is_refused(dotenv):
    dotenv.write_text("TASKHUB_WALLPAPER=blue\n")

    with pytest.raises(DevstackError, match=r"^\.env sets TASKHUB_WALLPAPER, which is no setting$"):
        load_dotenv()


def test_names_of_other_programs_are_taken(dotenv):
    dotenv.write_text("COMPOSE_PROJECT_NAME=mine\nAWS_REGION=eu-west-1\nLOG_LEVEL=DEBUG\nTASKHUB_PG_BIN=/pg\n")
    load_dotenv()

    assert {"COMPOSE_PROJECT_NAME", "AWS_REGION", "LOG_LEVEL", "TASKHUB_PG_BIN"} <= os.environ.keys()


@pytest.mark.parametrize(
    ("host", "hosts"), [("127.0.0.1", None), ("localhost", None), ("::1", None), (EVERYWHERE, "*")]
)
def test_development_allows_any_host_once_others_can_reach_it(monkeypatch, tmp_path, host, hosts):
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)
    monkeypatch.delenv("TASKHUB_ENV", raising=False)

    assert for_parts(tmp_path, host).get("ALLOWED_HOSTS") == hosts


@pytest.mark.parametrize("given", [{"ALLOWED_HOSTS": "example.org"}, {"TASKHUB_ENV": "production"}])
def test_what_is_set_stays(monkeypatch, tmp_path, given):
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)
    monkeypatch.delenv("TASKHUB_ENV", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    environment = for_parts(tmp_path, EVERYWHERE)

    assert {name: environment.get(name) for name in given} == given
    assert environment.get("ALLOWED_HOSTS") != "*"
