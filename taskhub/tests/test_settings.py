"""A bad setting ends the process with a sentence naming the variable. Each case is a real start."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = {
    "SECRET_KEY": "s" * 50,
    "JWT_SIGNING_KEYS": f"2026-11:{'j' * 50}",
    "DATABASE_URL": "postgresql://taskhub:secret@localhost:5432/taskhub",
    "REDIS_URL": "redis://localhost:6379/0",
    "ALLOWED_HOSTS": "api.example.com",
}
VARIABLES = re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def start(*command, **changes):
    """Starts `python <command>` in production with GOOD settings and `changes`; None takes a variable away."""
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    environment = {name: value for name, value in {**inherited, **GOOD, **changes}.items() if value is not None}
    command = command or ("manage.py", "check")
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def test_production_starts_with_good_settings():
    assert start().returncode == 0


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", None),
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "too-short"),
        ("SECRET_KEY", "change-me-" + "x" * 50),
        ("SECRET_KEY_FALLBACKS", "short"),
        ("JWT_SIGNING_KEYS", None),
        ("JWT_SIGNING_KEYS", "j" * 50),
        ("JWT_SIGNING_KEYS", "kid:short"),
        ("JWT_SIGNING_KEYS", f"kid:change-me-{'x' * 50}"),
        ("JWT_SIGNING_KEYS", f"a:{'j' * 50},a:{'k' * 50}"),
        ("JWT_SIGNING_KEYS", f"a:{'j' * 50},b:{'j' * 50}"),
        ("JWT_SIGNING_KEYS", f"kid:{'s' * 50}"),
        ("DATABASE_URL", None),
        ("DATABASE_URL", "mysql://localhost/taskhub"),
        ("DATABASE_URL", "postgresql+asyncpg://localhost/taskhub"),
        ("DATABASE_URL", "postgresql://localhost"),
        ("DATABASE_URL", "postgresql://localhost:port/taskhub"),
        ("DATABASE_URL", "postgresql://localhost/taskhub?nonsense=1"),
        ("REDIS_URL", None),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://localhost:port/0"),
        ("REDIS_URL", "redis://localhost/zero"),
        ("ALLOWED_HOSTS", None),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "api.example.com, *"),
        ("CORS_ALLOWED_ORIGINS", "pages.example.org"),
        ("CORS_ALLOWED_ORIGINS", "https://app.example.com/"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("TASKHUB_ENV", "staging"),
        ("ACCESS_TOKEN_MINUTES", "0"),
        ("REFRESH_TOKEN_DAYS", "seven"),
        ("WEB_WORKERS", "-1"),
        ("WEB_THREADS", "1.5"),
        ("DRAIN_SECONDS", "61"),
        ("LOG_LEVEL", "verbose"),
    ],
)
def test_a_bad_setting_is_named_in_one_sentence_without_its_value(variable, value):
    process = start(**{variable: value})

    assert process.returncode == 1
    assert process.stderr.startswith(f"TaskHub cannot start: {variable} ")
    assert process.stderr.count("\n") == 1
    assert not value or len(value) < 9 or value not in process.stderr


def test_the_server_refuses_bad_settings_before_it_opens_a_port():
    process = start("-m", "taskhub.server", SECRET_KEY=None)

    assert (process.returncode, process.stderr[:35]) == (1, "TaskHub cannot start: SECRET_KEY is")


def test_development_makes_its_keys_once_and_keeps_them_to_itself(tmp_path):
    changes = {
        "TASKHUB_ENV": "development",
        "TASKHUB_HOME": str(tmp_path),
        "SECRET_KEY": None,
        "JWT_SIGNING_KEYS": None,
    }
    assert start(**changes).returncode == 0
    made = (tmp_path / "secrets").read_text()
    assert start(**changes).returncode == 0

    assert (tmp_path / "secrets").read_text() == made
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o600
    assert [line.partition("=")[0] for line in made.splitlines()] == ["SECRET_KEY", "JWT_SIGNING_KEYS"]


def test_the_example_names_exactly_the_variables_that_are_read():
    source = (ROOT / "taskhub" / "settings.py").read_text()
    read = re.findall(
        r'environment\.(?:text|integer|choice|words|origins|hosts|database|redis|signing_keys)\(\s*"(\w+)"', source
    )

    assert sorted(read) == sorted(VARIABLES)
