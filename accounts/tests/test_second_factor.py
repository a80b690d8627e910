"""A second factor is added, used to sign in, and removed."""

from datetime import timedelta
from io import StringIO

import pyotp
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import second_factor
from accounts.models import RecoveryCode, SecondFactor, SecurityEvent, Session, User
from accounts.tests.factories import PASSWORD, authenticator
from conftest import client_of

URL = "/auth/second-factor"
FORMER = "a secret key that was in use before, long enough"


def first_step():
    return client_of().post("/auth/login", {"username": "alice", "password": PASSWORD})


def second_step(code, challenge=None):
    challenge = challenge or first_step().json()["challenge"]
    return client_of().post("/auth/login/second-factor", {"challenge": challenge, "code": code})


def previous(app):
    """A code that is still good: the one before."""
    return app.at(timezone.now() - timedelta(seconds=30))


def test_it_counts_once_it_is_confirmed(alice_client):
    secret = alice_client.post(URL).json()["secret"]
    assert first_step().status_code == 200
    answer = alice_client.post(f"{URL}/confirm", {"code": pyotp.TOTP(secret).now()})

    assert (answer.status_code, len(set(answer.json()["recovery_codes"]))) == (200, 10)
    assert first_step().json()["code"] == "second_factor_required"
    assert alice_client.get(URL).json() == {"enabled": True, "recovery_codes_left": 10}


def test_an_app_reads_its_uri(alice_client):
    answer = alice_client.post(URL).json()
    app = pyotp.parse_uri(answer["otpauth_uri"])

    assert (app.secret, app.name, app.issuer) == (answer["secret"], "alice", "TaskHub")


def test_the_right_password_alone_begins_no_session(alice):
    authenticator(alice)
    answer = first_step()

    assert (answer.status_code, "access_token" in answer.json()) == (401, False)
    assert not Session.objects.exists()


def test_a_wrong_password_is_told_as_ever(alice):
    authenticator(alice)

    assert (
        client_of().post("/auth/login", {"username": "alice", "password": "x"}).json()["code"] == "invalid_credentials"
    )


def test_the_challenge_and_a_code_sign_in(alice):
    answer = second_step(authenticator(alice).now())

    assert answer.status_code == 200
    assert {"access_token", "refresh_token", "device_token"} <= answer.json().keys()


def test_a_code_is_good_once_and_none_before_it(alice):
    app = authenticator(alice)
    code, earlier = app.now(), previous(app)

    assert [second_step(sent).status_code for sent in (code, code, earlier)] == [200, 401, 401]


def test_the_clock_of_the_phone_may_be_half_a_minute_late(alice):
    assert second_step(previous(authenticator(alice))).status_code == 200


@pytest.mark.parametrize("code", ["12", "000000000000", "١٢٣٤٥٦", "'; --", "x" * 40])
def test_a_wrong_code_is_refused_and_noted(alice, code):
    authenticator(alice)

    assert second_step(code).json()["code"] == "invalid_code"
    assert SecurityEvent.objects.get().kind == "second_factor_refused"


@pytest.mark.parametrize("spell", [str, str.upper, lambda code: code.replace("-", " "), lambda code: f" {code} "])
def test_a_recovery_code_is_good_once_however_it_is_spelled(alice, alice_client, spell):
    secret = alice_client.post(URL).json()["secret"]
    codes = alice_client.post(f"{URL}/confirm", {"code": pyotp.TOTP(secret).now()}).json()["recovery_codes"]

    assert [second_step(spell(codes[0])).status_code for _ in range(2)] == [200, 401]
    assert alice_client.get(URL).json()["recovery_codes_left"] == 9


def test_after_five_wrong_codes_the_right_one_has_to_wait(alice):
    app = authenticator(alice)
    challenge = first_step().json()["challenge"]
    wrong = [second_step("1", challenge).json()["code"] for _ in range(5)]
    answer = second_step(app.now(), challenge)

    assert wrong == ["invalid_code"] * 5
    assert (answer.status_code, 1 <= int(answer["Retry-After"]) <= 31) == (429, True)


def test_each_further_one_doubles_the_wait_up_to_an_hour(alice):
    authenticator(alice)
    waits = []
    for _ in range(14):
        SecondFactor.objects.update(retry_at=None)
        second_step("1")
        waits.append(round((SecondFactor.objects.get().retry_at - timezone.now()).total_seconds() / 10) * 10)

    assert waits[3:] == [0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_right_code_forgets_the_wrong_ones(alice):
    app = authenticator(alice)
    second_step("1")
    second_step(app.now())

    assert SecondFactor.objects.get().wrong_codes == 0


def test_a_challenge_lives_five_minutes(alice, monkeypatch):
    app = authenticator(alice)
    challenge = first_step().json()["challenge"]
    monkeypatch.setattr(second_factor, "CHALLENGE_LIFETIME", timedelta(0))

    assert second_step(app.now(), challenge).json()["code"] == "invalid_challenge"


@pytest.mark.parametrize("change", [{"is_active": False}, {"access_version": 2}])
def test_a_challenge_ends_with_the_access_of_the_account(alice, change):
    app = authenticator(alice)
    challenge = first_step().json()["challenge"]
    User.objects.update(**change)

    assert second_step(app.now(), challenge).json()["code"] == "invalid_challenge"


def test_removed_it_is_not_asked_for(alice, alice_client):
    authenticator(alice)

    assert alice_client.delete(URL).status_code == 204
    assert first_step().status_code == 200
    assert SecurityEvent.objects.filter(kind="second_factor_removed").exists()


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_to_add_or_remove_one_needs_a_recent_sign_in(alice, alice_client, method):
    Session.objects.update(signed_in_at=timezone.now() - timedelta(minutes=11))

    assert alice_client.generic(method, URL).json()["code"] == "sign_in_again"


def test_neither_secret_nor_codes_can_be_read_from_the_tables(alice_client):
    secret = alice_client.post(URL).json()["secret"]
    codes = alice_client.post(f"{URL}/confirm", {"code": pyotp.TOTP(secret).now()}).json()["recovery_codes"]
    kept = str(list(SecondFactor.objects.values()) + list(RecoveryCode.objects.values()))

    assert not [word for word in (secret, *codes, *(code.replace("-", "") for code in codes)) if word in kept]


def test_it_outlives_a_change_of_the_secret_key(alice, settings):
    settings.SECRET_KEY, present = FORMER, settings.SECRET_KEY
    app = authenticator(alice)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = present, [FORMER]
    assert second_step(previous(app)).status_code == 200
    call_command("second_factor", "encrypt", stdout=StringIO())
    settings.SECRET_KEY_FALLBACKS = []

    assert second_step(app.now()).status_code == 200


def test_without_its_key_no_code_is_right_and_recovery_codes_are(alice, settings):
    app = authenticator(alice)
    RecoveryCode.objects.create(owner=alice, digest=second_factor.digest_of("recoveryrecovery"))
    settings.SECRET_KEY = FORMER

    assert [second_step(code).status_code for code in (app.now(), "recovery-recovery")] == [401, 200]


def test_one_that_no_key_opens_does_not_keep_the_others_from_being_encrypted(alice, bob, settings):
    settings.SECRET_KEY, present = FORMER, settings.SECRET_KEY
    authenticator(bob)
    settings.SECRET_KEY = present
    app = authenticator(alice)
    with pytest.raises(CommandError, match="1 stay as they are"):
        call_command("second_factor", "encrypt", stdout=StringIO())

    assert second_step(app.now()).status_code == 200


def add_by_command(monkeypatch, answer_of):
    told = StringIO()
    monkeypatch.setattr("builtins.input", lambda _: answer_of(pyotp.TOTP(told.getvalue().splitlines()[1])))
    call_command("second_factor", "add", "ALICE", stdout=told)
    return told.getvalue().splitlines()


def test_a_command_adds_one(alice, monkeypatch):
    lines = add_by_command(monkeypatch, lambda app: app.now())

    assert len([line for line in lines if line.count("-") == 3]) == 10
    assert first_step().json()["code"] == "second_factor_required"


def test_the_command_adds_none_when_the_code_is_wrong(alice, monkeypatch):
    with pytest.raises(CommandError, match="not right"):
        add_by_command(monkeypatch, lambda app: "1")

    assert first_step().status_code == 200


def test_a_command_removes_that_of_whoever_has_lost_theirs(alice):
    authenticator(alice)
    call_command("second_factor", "remove", "alice", stdout=StringIO())

    assert first_step().status_code == 200
    assert SecurityEvent.objects.filter(kind="second_factor_removed", staff="manage.py").exists()


@pytest.mark.parametrize(("action", "said"), [("add", "Nobody"), ("remove", "Nobody")])
def test_the_command_says_what_is_wrong(db, action, said):
    with pytest.raises(CommandError, match=said):
        call_command("second_factor", action, "nobody")
