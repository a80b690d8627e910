"""The door to the admin, through its form."""

import re

import pytest
from django.test import Client

from accounts.models import SecurityEvent
from accounts.tests.factories import PASSWORD, UserFactory, authenticator

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


def sign_in(username, password=PASSWORD, **fields):
    """As a browser does: the form first, then what is hidden in it and the fields."""
    client = Client(enforce_csrf_checks=True)
    hidden = dict(HIDDEN.findall(client.get("/admin/login/").content.decode()))
    return client.post("/admin/login/", {"username": username, "password": password, **fields, **hidden})


@pytest.mark.parametrize("spelling", ["boss", "BOSS", " Boss ", "ｂｏｓｓ"])
def test_staff_signs_in_by_any_spelling_of_the_name(boss, spelling):
    response = sign_in(spelling)

    assert (response.status_code, response["Location"]) == (302, "/admin/")


@pytest.mark.parametrize("password", ["wrong", "", PASSWORD.upper(), "\x00"])
def test_a_wrong_password_is_refused_with_a_sentence(boss, password):
    response = sign_in("boss", password)

    assert response.status_code == 200
    assert response.context["form"].errors


@pytest.mark.parametrize("fields", [{"is_staff": False}, {"is_staff": True, "is_active": False}])
def test_who_is_not_staff_or_not_active_learns_no_more_than_a_stranger(db, fields):
    UserFactory(username="eve", **fields)
    stranger = sign_in("nobody").context["form"].errors

    assert sign_in("eve").context["form"].errors == stranger


def test_a_form_from_elsewhere_is_refused(boss):
    response = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "boss", "password": PASSWORD})

    assert response.status_code == 403


def test_who_is_deactivated_is_out_at_once(boss, boss_client):
    boss.is_active = False
    boss.save()

    assert boss_client.get("/admin/")["Location"].startswith("/admin/login/")


def test_with_a_second_factor_the_password_alone_is_not_enough(boss):
    app = authenticator(boss)

    assert "not right" in str(sign_in("boss").context["form"].errors)
    assert sign_in("boss", code=app.now()).status_code == 302


def test_whoever_has_none_is_told_how_to_get_one_where_it_is_required(boss, settings):
    settings.ADMIN_SECOND_FACTOR = "required"

    assert "second_factor add boss" in str(sign_in("boss").context["form"].errors)
    assert "second_factor" not in str(sign_in("boss", "wrong").context["form"].errors)


def test_wrong_codes_have_to_wait_here_too(boss):
    app = authenticator(boss)
    for _ in range(5):
        sign_in("boss", code="1")

    assert "Try again in" in str(sign_in("boss", code=app.now()).context["form"].errors)


def test_sign_ins_and_refusals_are_in_the_log(boss):
    sign_in("boss", "wrong")
    sign_in("boss")

    assert list(SecurityEvent.objects.order_by("id").values_list("kind", flat=True)) == ["sign_in_refused", "signed_in"]


def test_where_it_leads_is_kept(boss):
    page = Client().get("/admin/tasks/task/", follow=True)

    assert dict(HIDDEN.findall(page.content.decode()))["next"] == "/admin/tasks/task/"
