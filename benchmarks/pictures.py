"""`python -m benchmarks.pictures`: the pictures of the README, made by a browser of what runs. Needs Chromium.

The last is what `python3 -m devstack chaos` prints, which takes some minutes; --only leaves it out.
"""

import argparse
import html
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from devstack.service import ROOT, Service, temporary_home, wait_until

FOLDER = ROOT / "docs" / "pictures"
CHAOS = ("-m", "devstack", "chaos", "--jobs", "1000", "--kills", "40", "--seed", "12")
BOSS = {"username": "boss", "password": "correct horse battery"}
TERMINAL = """\
<body style="margin: 0; background: #0d1117; color: #e6edf3">
<pre style="font: 15px/1.5 monospace; padding: 24px; white-space: pre-wrap">$ python3 {}
{}</pre></body>"""


def browser(width: int, height: int) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", f"--window-size={width},{height}"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options)


def keep(driver: webdriver.Chrome, name: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.png").write_bytes(driver.get_screenshot_as_png())


def docs(service: Service) -> None:
    with browser(1280, 900) as driver:
        driver.get(f"{service.url}/docs")
        WebDriverWait(driver, 20).until(lambda found: found.find_elements(By.CSS_SELECTOR, ".opblock"))
        keep(driver, "docs")


def admin(service: Service) -> None:
    service.manage("seed_demo", "--users", "200", "--tasks", "50000")
    os.environ["DJANGO_SUPERUSER_PASSWORD"] = BOSS["password"]
    service.manage("createsuperuser", "--noinput", "--username", BOSS["username"])
    service.processes.append(service.start("-m", "celery", "-A", "taskhub", "worker"))
    for n in range(12):
        with service.signed_up(f"user{n}", email=f"user{n}@example.com"):
            pass
    with psycopg.connect(service.postgres.url, autocommit=True) as database:
        wait_until(lambda: not database.execute("SELECT FROM job_log WHERE finished_at IS NULL").fetchall())
    with browser(1280, 900) as driver:
        driver.get(f"{service.url}/admin/")
        for field, value in BOSS.items():
            driver.find_element(By.NAME, field).send_keys(value)
        driver.find_element(By.CSS_SELECTOR, "[type=submit]").click()
        WebDriverWait(driver, 20).until(lambda found: found.find_elements(By.CSS_SELECTOR, ".panel"))
        keep(driver, "admin")


def chaos(service: Service) -> None:
    done = subprocess.run([sys.executable, *CHAOS], cwd=ROOT, capture_output=True, text=True, check=True)
    page = service.home / "chaos.html"
    page.write_text(TERMINAL.format(" ".join(CHAOS), html.escape(done.stdout.strip())), encoding="utf-8")
    with browser(1280, 60 + 23 * (done.stdout.count("\n") + 12)) as driver:
        driver.get(page.as_uri())
        keep(driver, "chaos")


PICTURES: dict[str, Callable[[Service], None]] = {"docs": docs, "admin": admin, "chaos": chaos}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__)
    parser.add_argument("--only", choices=PICTURES, action="append", help="this one; may be given more than once")
    with temporary_home() as home, Service(Path(home), TASKHUB_ENV="development") as service:
        for name in parser.parse_args().only or PICTURES:
            PICTURES[name](service)


if __name__ == "__main__":
    main()
