"""A bad setting ends the process with a sentence naming the variable. Each case is a real start."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "uH3kq9_Zr-7vXw2LmBt5YcN8aSdFgJ4eR6oP1iTzQ0x"
GOOD = {
    "SECRET_KEY": SECRET,
    "JWT_SIGNING_KEYS": f"2026-11:{SECRET[::-1]}",
    "DATABASE_URL": "postgresql://taskhub:secret@localhost:5432/taskhub",
    "REDIS_URL": "redis://localhost:6379/0",
    "ALLOWED_HOSTS": "api.example.com",
    "PUBLIC_URL": "https://api.example.com",
    "EMAIL_URL": "smtps://user:password@mail.example.com:465",
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


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_production_and_staging_start_with_good_settings(environment):
    assert start(TASKHUB_ENV=environment).returncode == 0


def test_staging_goes_by_the_rules_of_production():
    process = start(TASKHUB_ENV="staging", SECRET_KEY=None)

    assert (process.returncode, "SECRET_KEY is not set" in process.stderr) == (1, True)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", None),
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "too-short"),
        ("SECRET_KEY", f"change-me-{SECRET}"),
        ("SECRET_KEY", "abc" * 20),
        ("SECRET_KEY_FALLBACKS", "short"),
        ("EMAIL_URL", None),
        ("PUBLIC_URL", None),
        ("PUBLIC_URL", "http://api.example.com"),
        ("PUBLIC_URL", "https://api.example.com/path"),
        ("JWT_SIGNING_KEYS", None),
        ("JWT_SIGNING_KEYS", SECRET),
        ("JWT_SIGNING_KEYS", "kid:short"),
        ("JWT_SIGNING_KEYS", f"kid:ssh-rsa {SECRET}"),
        ("JWT_SIGNING_KEYS", f"kid:change-me-{SECRET}"),
        ("JWT_SIGNING_KEYS", f"a:{SECRET[1:]},a:{SECRET[2:]}"),
        ("JWT_SIGNING_KEYS", f"a:{SECRET[1:]},b:{SECRET[1:]}"),
        ("JWT_SIGNING_KEYS", f"kid:{SECRET}"),
        ("DATABASE_URL", None),
        ("DATABASE_URL", "mysql://localhost/taskhub"),
        ("DATABASE_URL", "postgresql+asyncpg://localhost/taskhub"),
        ("DATABASE_URL", "postgresql://localhost"),
        ("DATABASE_URL", "postgresql://localhost:port/taskhub"),
        ("DATABASE_URL", "postgresql://localhost:99999/taskhub"),
        ("DATABASE_URL", "postgresql://localhost/taskhub?nonsense=1"),
        ("REDIS_URL", None),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://localhost:port/0"),
        ("REDIS_URL", "redis://localhost/0?nonsense=1"),
        ("REDIS_URL", "redis://localhost/0?socket_timeout=abc"),
        ("REDIS_URL", "redis://localhost/0?socket_timeout=5"),  # kombu takes no such parameter
        ("ALLOWED_HOSTS", None),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "api.example.com, *"),
        ("ALLOWED_HOSTS", "https://api.example.com/"),
        ("ALLOWED_HOSTS", "*.example.com"),
        ("CORS_ALLOWED_ORIGINS", "pages.example.org"),
        ("CORS_ALLOWED_ORIGINS", "https://app.example.com/"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("CORS_ALLOWED_ORIGINS", "https://["),
        ("CORS_ALLOWED_ORIGINS", "https://user@app.example.org"),
        ("TASKHUB_ENV", "preview"),
        ("TASKHUB_FAILPOINTS", "settle.before=kill"),
        ("EMAIL_URL", "post.example.org"),
        ("EMAIL_URL", "smtp://"),
        ("EMAIL_URL", "smtp://mail.example.com:port"),
        ("EMAIL_TIMEOUT", "31"),
        ("TASKHUB_ROLE", "scheduler"),
        ("JOBS_QUEUES", "default=0"),
        ("JOBS_QUEUES", "default"),
        ("JOBS_QUEUES", "mail=65"),
        ("JOBS_QUEUES", "post=1"),
        ("JOBS_QUEUES", "mail=1,mail=2"),
        ("JOBS_KEEP_SUCCEEDED_DAYS", "0"),
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


def test_in_production_the_cookies_of_the_admin_go_over_tls_alone():
    code = "import taskhub.settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.CSRF_TRUSTED_ORIGINS)"

    assert start("-c", code).stdout.strip() == "True True ['https://api.example.com']"


def test_several_database_hosts_are_what_libpq_calls_failover():
    url = "postgresql://taskhub@first:5432,second:5433/taskhub?target_session_attrs=read-write"
    assert start(DATABASE_URL=url).returncode == 0


@pytest.mark.parametrize(("content", "mode"), [("SECRET_KEY=x", 0o600), ("rubbish", 0o600), (None, 0o644)])
def test_kept_keys_that_are_damaged_or_open_to_others_are_refused(tmp_path, content, mode):
    good = f"SECRET_KEY={SECRET}\nJWT_SIGNING_KEYS=local:{SECRET[::-1]}\n"
    (tmp_path / "secrets").write_text(content or good)
    (tmp_path / "secrets").chmod(mode)
    process = start(TASKHUB_ENV="development", TASKHUB_HOME=str(tmp_path))

    assert (process.returncode, process.stderr[:35]) == (1, "TaskHub cannot start: TASKHUB_HOME ")


def test_the_server_refuses_bad_settings_before_it_opens_a_port():
    process = start("-m", "taskhub.server", SECRET_KEY=None)

    assert (process.returncode, process.stderr[:35]) == (1, "TaskHub cannot start: SECRET_KEY is")


@pytest.mark.parametrize("given", [{}, {"SECRET_KEY": None, "JWT_SIGNING_KEYS": None}], ids=["given", "not given"])
def test_a_worker_has_no_keys_even_if_it_is_given_them(given):
    code = "from django.conf import settings; print(settings.SECRET_KEY, settings.JWT_SIGNING_KEYS)"
    process = start("manage.py", "shell", "-v0", "-c", code, TASKHUB_ROLE="worker", **given)

    assert process.returncode == 0, process.stderr
    assert GOOD["SECRET_KEY"] not in process.stdout
    assert GOOD["JWT_SIGNING_KEYS"].partition(":")[2] not in process.stdout


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
    read = re.findall(r'environment\.(?!refuse)\w+\(\s*"(\w+)"', source)

    of_compose = {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "DOOR_SITE", "DOOR_LISTEN"}
    assert sorted(set(read)) == sorted({*VARIABLES} - of_compose)


LONG = f"{SECRET}-{SECRET[::-1]}"


def test_a_good_deployment_passes_all_checks_without_a_word():
    told = start("manage.py", "check", "--deploy", SECRET_KEY=LONG, TRUSTED_PROXIES="1")

    assert (told.returncode, told.stderr, told.stdout.splitlines()[0][:33]) == (
        0,
        "",
        "System check identified no issues",
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"TRUSTED_PROXIES": "0"}, "W001"), ({"TRUSTED_PROXIES": "1", "RATE_LIMIT_LOGIN_ACCOUNT": "off"}, "W002")],
)
def test_what_a_deployment_should_not_lack_is_told(changes, code):
    assert f"taskhub.{code}" in start("manage.py", "check", "--deploy", SECRET_KEY=LONG, **changes).stderr


@pytest.mark.parametrize("value", ["10", "10/x", "0/m", "-1/h", "5/m 20/h", "off,5/m", "9999999999/s"])
def test_a_rate_that_is_none_is_refused(value):
    process = start(RATE_LIMIT_REGISTER=value)

    assert (process.returncode, "RATE_LIMIT_REGISTER must be off, or windows" in process.stderr) == (1, True)


@pytest.mark.parametrize("value", ["0", "-1", "many", "1e6"])
def test_a_quota_that_is_none_is_refused(value):
    assert "QUOTA_TASKS must be a whole number" in start(QUOTA_TASKS=value).stderr
