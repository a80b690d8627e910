"""What .env may look like, and what the parts find in their environment."""

import pytest

from devstack import DevstackError
from devstack.environment import for_parts, read_dotenv

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
