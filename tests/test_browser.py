"""The pages made for people, in a real browser that knows no other machine."""

import json
import os
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

BROWSERS = ("google-chrome", "chromium", "chromium-browser")  # where there are several, the driver fits the first
CREDENTIALS = {"username": "alice", "password": "correct horse battery"}


def find_browser():
    """The browser and its driver. Without them nothing is tested here, which continuous integration must not pass."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None), shutil.which("chromedriver")
    if not all(found):
        report = pytest.fail if os.environ.get("CI") else pytest.skip
        report("needs Chromium and chromedriver: apt-get install chromium chromium-driver")
    return found


@pytest.fixture(scope="module")
def browser():
    binary, driver = find_browser()
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1280,1400"):
        options.add_argument(f"--{argument}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(driver)) as browser:
        yield browser


def first(browser, selector):
    """The first visible element, as soon as there is one."""
    return WebDriverWait(browser, 20).until(
        lambda _: next(
            (found for found in browser.find_elements(By.CSS_SELECTOR, selector) if found.is_displayed()), None
        )
    )


def requests_elsewhere(browser, service):
    """What the page asked of other servers, unless its own Content-Security-Policy held it back."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {
        message["params"]["requestId"]: message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }
    for message in messages:
        if message["method"] == "Network.loadingFailed" and message["params"].get("blockedReason") == "csp":
            asked.pop(message["params"]["requestId"], None)
    return {url for url in asked.values() if not url.startswith((service.url, "data:", "blob:"))}


def console_errors(browser):
    """Since the last time anybody asked."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]


def test_a_newcomer_signs_in_and_creates_a_task_in_swagger_ui(service, browser):
    with service.client() as client:
        client.post("/auth/register", json=CREDENTIALS).raise_for_status()
    console_errors(browser)  # of an earlier test
    browser.get(service.url)  # redirects to /docs
    first(browser, ".btn.authorize").click()
    for name, value in CREDENTIALS.items():
        first(browser, f"#oauth_{name}").send_keys(value)
    first(browser, "[aria-label='Apply given OAuth2 credentials']").click()
    first(browser, "[aria-label='Remove authorization']")  # signed in
    first(browser, ".modal-ux .btn-done").click()
    first(browser, "#operations-Tasks-createTask .opblock-summary").click()
    first(browser, "#operations-Tasks-createTask .execute").click()
    answer = first(browser, "#operations-Tasks-createTask .live-responses-table .response")

    assert "201" in answer.text
    assert '"title": "Buy milk"' in answer.text
    assert "csrf" not in first(browser, "#operations-Tasks-createTask .curl").text.lower()
    assert requests_elsewhere(browser, service) == set()
    assert console_errors(browser) == []

    browser.refresh()
    authorize = first(browser, ".btn.authorize")
    browser.execute_script("arguments[0].click()", authorize)  # wherever the page scrolls to meanwhile
    first(browser, "[aria-label='Remove authorization']")  # still signed in
    assert browser.execute_script("return localStorage.getItem('authorized')") is None
    assert CREDENTIALS["password"] not in browser.execute_script("return sessionStorage.authorized")


def test_a_wrong_password_is_told_in_words(service, browser):
    browser.switch_to.new_window("tab")  # where nobody has signed in
    browser.get(f"{service.url}/docs")
    first(browser, ".btn.authorize").click()
    first(browser, "#oauth_username").send_keys("alice")
    first(browser, "#oauth_password").send_keys("wrong")
    first(browser, "[aria-label='Apply given OAuth2 credentials']").click()

    assert "Invalid username or password" in first(browser, ".modal-ux .errors").text


@pytest.mark.parametrize("path", ["/docs#/Tasks/createTask", "/redoc", "/problems"])
def test_a_phone_shows_it_without_scrolling_sideways(service, browser, path):
    screen = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get("about:blank")  # or another fragment of the same page would load nothing
    browser.get(service.url + path)
    first(browser, "#operations-Tasks-createTask .responses-table, .api-content, h2")
    width = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    assert width <= 390


@pytest.fixture
def boss(service, browser):
    """Is signed in to the admin."""
    made = "from accounts.models import User; User.objects.create_superuser('boss', 'correct horse battery')"
    service.manage("shell", "-v0", "-c", made)
    browser.get(f"{service.url}/admin/")
    first(browser, "#id_username").send_keys("boss")
    first(browser, "#id_password").send_keys("correct horse battery")
    first(browser, "[type=submit]").click()
    first(browser, "#user-tools")


@pytest.mark.usefixtures("boss")
def test_staff_is_told_how_many_rows_are_ticked(service, browser):
    console_errors(browser)  # of an earlier test
    browser.get(f"{service.url}/admin/accounts/user/")
    first(browser, "#action-toggle").click()
    rows = browser.find_elements(By.CSS_SELECTOR, "#result_list tbody tr")

    assert first(browser, ".action-counter").text == f"{len(rows)} of {len(rows)} selected"
    assert console_errors(browser) == []


def test_redoc_shows_every_operation(service, browser):
    console_errors(browser)  # of an earlier test
    browser.get(f"{service.url}/redoc")
    text = first(browser, "#section\\/Authentication, .api-content").text

    assert "Create a task" in text
    assert requests_elsewhere(browser, service) == set()
    assert console_errors(browser) == []


def test_a_request_to_another_server_does_not_go_unnoticed(service, browser):
    browser.get(f"{service.url}/health")  # no policy here
    browser.execute_script("new Image().src = 'http://elsewhere.example/'")

    WebDriverWait(browser, 20).until(lambda _: requests_elsewhere(browser, service) == {"http://elsewhere.example/"})


@pytest.fixture
def reset_token(service):
    """As the mail to alice has it."""
    made = """
from django.utils import timezone
from accounts import mailed
from accounts.models import User
alice = User.objects.create_user('alice_of_links', 'correct horse battery', email='links@example.com')
alice.email_verified_at = timezone.now()
alice.save()
print(mailed.new_token(alice, mailed.Purpose.RESET))"""
    return service.output("shell", "-v0", "-c", made).strip()


def said(browser):
    return WebDriverWait(browser, 20).until(lambda _: first(browser, "[role=status]").text)


def test_a_link_of_a_mail_sets_another_password(service, browser, reset_token):
    console_errors(browser)  # of an earlier test
    browser.get(f"{service.url}/reset-password#{reset_token}")
    first(browser, "[name=new_password]").send_keys("password")
    first(browser, "button").click()
    assert "too common" in said(browser)
    console_errors(browser)  # that of the refusal
    first(browser, "[name=new_password]").send_keys(" battery staple")
    first(browser, "button").click()
    WebDriverWait(browser, 20).until(lambda _: "is set" in said(browser))

    assert console_errors(browser) == []
    assert requests_elsewhere(browser, service) == set()
    with service.client() as client:
        sent = {"username": "alice_of_links", "password": "password battery staple"}
        assert client.post("/auth/login", json=sent).is_success
