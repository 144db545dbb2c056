"""Whoever holds the phone and knows the name takes over the account that a desk made; nobody else, and no other one."""

import re

import pytest
from django.core import mail

from accounts.exceptions import NotClaimable
from accounts.models import Consent, Patient, User
from accounts.services.claiming import claim_account
from accounts.services.desk_patients import add_patient
from clinics.models import Membership
from precta.audit.models import AuditLog
from precta.tenancy import clinic_context
from tests import factories

pytestmark = pytest.mark.django_db
HERE = "/account/claim/"
PHONE = "+254712345678"
PASSWORD = "a quiet river bends"
JOSEPH = {"first_name": "Joseph", "last_name": "Mwangi", "date_of_birth": "1980-02-03"}


def add(cast, first_name="Joseph", last_name="Mwangi", born="1980-02-03", phone=PHONE) -> Patient:
    with clinic_context(cast.uzima):
        patient = add_patient(
            clinic=cast.uzima,
            by=cast.staff,
            first_name=first_name,
            last_name=last_name,
            date_of_birth=born and Patient._meta.get_field("date_of_birth").to_python(born),
            phone=phone,
        )
    patient.refresh_from_db()
    return patient


@pytest.fixture
def joseph(cast):
    return add(cast)


@pytest.fixture
def visitor(at_platform):
    return at_platform()


def code_in(outbox) -> str:
    return re.search(r"\d{6}", outbox[-1].text).group()


def prove(client, outbox, phone="0712 345 678"):
    client.post(HERE, {"step": "phone", "phone": phone})
    return client.post(HERE, {"step": "code", "code": code_in(outbox)})


def say(client, **changes):
    return client.post(HERE, {"step": "who", **JOSEPH, **changes})


def finish(client, **changes):
    data = {"step": "account", "email": "joseph@example.test", "password1": PASSWORD, "terms": "on"}
    return client.post(HERE, {**data, **changes})


def claim_whole(client, outbox, **changes):
    prove(client, outbox)
    say(client, **changes)
    return finish(client)


def mail_code() -> str:
    return re.search(r"^\s*(\d{6})\s*$", mail.outbox[-1].body, re.MULTILINE).group(1)


def test_phone_code_name_e_mail_and_the_visits_are_theirs(cast, visitor, joseph, sms_outbox, at_clinic):
    from datetime import timedelta

    from precta import clock

    visit = factories.make_appointment(joseph, cast.doctor, clock.now() + timedelta(days=2), booked_by=cast.staff)
    response = claim_whole(visitor, sms_outbox)
    assert response["Location"] == "/account/confirm-email/"
    assert mail.outbox[-1].to == ["joseph@example.test"]
    joseph.user.refresh_from_db()
    assert str(joseph.user.phone) == PHONE and joseph.user.phone_verified
    assert not joseph.user.has_email, "the address counts once its code was typed"
    assert visitor.post("/account/confirm-email/", {"code": mail_code()}).status_code == 302
    joseph.user.refresh_from_db()
    assert joseph.user.email == "joseph@example.test" and joseph.user.email_verified
    assert joseph.user.check_password(PASSWORD)
    assert visit.pk in visitor.get("/me/appointments/").content.decode()
    assert Consent.objects.filter(patient=joseph, purpose="platform_terms", given_by=joseph.user).exists()
    assert AuditLog.objects.filter(action="patient.claimed", user=joseph.user).exists()


def test_the_new_login_works_afterwards(visitor, joseph, sms_outbox, at_platform):
    claim_whole(visitor, sms_outbox)
    visitor.post("/account/confirm-email/", {"code": mail_code()})
    fresh = at_platform()
    response = fresh.post("/account/login/", {"login": "joseph@example.test", "password": PASSWORD})
    assert response.status_code == 302 and fresh.get("/me/appointments/").status_code == 200


def bare(response) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode())


def test_a_phone_that_nobody_has_answers_exactly_alike(joseph, at_platform, sms_outbox):
    seen = []
    for phone in ("0712 345 678", "0722 999 678"):
        client = at_platform()
        sent = client.post(HERE, {"step": "phone", "phone": phone})
        waiting = bare(client.get(HERE))
        wrong = bare(client.post(HERE, {"step": "code", "code": "000000"}))
        client.post(HERE, {"step": "code", "code": code_in(sms_outbox)})
        proven = bare(client.get(HERE))
        other = bare(say(client, first_name="Nobody"))
        seen.append([sent.status_code, sent["Location"], waiting, wrong, proven, other])
    assert seen[0] == seen[1]
    assert len(sms_outbox) == 2


def test_a_family_on_one_phone_is_told_apart_by_name_and_none_is_shown(cast, visitor, joseph, sms_outbox):
    mary = add(cast, "Mary", "Mwangi", "1985-06-07")
    prove(visitor, sms_outbox)
    html = visitor.get(HERE).content.decode()
    assert "Joseph" not in html and "Mary" not in html
    say(visitor, first_name="mary", date_of_birth="1985-06-07")
    html = visitor.get(HERE).content.decode()
    assert "Welcome, Mary" in html and "Joseph" not in html
    finish(visitor)
    mary.user.refresh_from_db()
    joseph.user.refresh_from_db()
    assert mary.user.has_usable_password() and not joseph.user.has_usable_password()


def test_the_second_of_a_family_gets_an_account_without_the_phone(cast, visitor, joseph, sms_outbox, at_platform):
    add(cast, "Mary", "Mwangi", "1985-06-07")
    claim_whole(visitor, sms_outbox)
    visitor.post("/account/confirm-email/", {"code": mail_code()})
    other = at_platform()
    prove(other, sms_outbox)
    say(other, first_name="Mary", date_of_birth="1985-06-07")
    assert finish(other, email="mary@example.test").status_code == 302
    mary = User.objects.get(patient__first_name="Mary")
    assert mary.phone is None and mary.has_usable_password()
    assert User.objects.get(phone=PHONE).patient == joseph


@pytest.mark.parametrize(
    "changes",
    [
        {"first_name": "Joe"},
        {"last_name": ""},
        {"date_of_birth": "1980-02-04"},
        {"date_of_birth": ""},
        {"first_name": "%"},
        {"first_name": "\u202eJoseph"},
    ],
)
def test_another_name_or_birth_date_opens_nothing(visitor, joseph, sms_outbox, changes):
    prove(visitor, sms_outbox)
    assert say(visitor, **changes).status_code == 400
    finish(visitor)
    joseph.user.refresh_from_db()
    assert not joseph.user.has_usable_password() and not mail.outbox


def test_names_cannot_be_tried_without_end(visitor, joseph, sms_outbox):
    prove(visitor, sms_outbox)
    answers = [say(visitor, first_name=f"Name{chr(97 + n)}").status_code for n in range(12)]
    assert answers[:10] == [400] * 10 and answers[10:] == [429, 429]


@pytest.mark.parametrize("step", ["who", "account"])
def test_no_step_can_be_skipped(visitor, joseph, sms_outbox, step):
    visitor.post(HERE, {"step": "phone", "phone": "0712345678"})
    visitor.post(HERE, {"step": "code", "code": "000000"})
    response = say(visitor) if step == "who" else finish(visitor)
    assert response.status_code == 302
    finish(visitor)
    joseph.user.refresh_from_db()
    assert not joseph.user.has_usable_password() and "_auth_user_id" not in visitor.session


def test_a_code_is_worth_nothing_in_another_browser(visitor, at_platform, joseph, sms_outbox):
    visitor.post(HERE, {"step": "phone", "phone": "0712345678"})
    code = code_in(sms_outbox)
    other = at_platform()
    other.post(HERE, {"step": "phone", "phone": "0722000111"})
    assert other.post(HERE, {"step": "code", "code": code}).status_code == 400


def test_a_code_for_a_desk_claims_nothing(cast, visitor, at_clinic, joseph, sms_outbox):
    at_clinic(cast.pwani, factories.make_staff(cast.pwani)).post(
        "/admin/desk/book/link/", {"step": "phone", "phone": "0712345678"}
    )
    for_desk = code_in(sms_outbox)
    visitor.post(HERE, {"step": "phone", "phone": "0712345678"})
    if code_in(sms_outbox) != for_desk:
        assert visitor.post(HERE, {"step": "code", "code": for_desk}).status_code == 400


def test_an_account_with_an_e_mail_is_never_taken_over(cast, visitor, sms_outbox):
    """Not even by its own verified phone, its name and its birth date."""
    Patient.objects.filter(pk=cast.patient.pk).update(contact_phone=PHONE, date_of_birth="1980-02-03")
    User.objects.filter(pk=cast.patient.pk).update(phone=PHONE, phone_verified=True)
    password = cast.patient.user.password
    prove(visitor, sms_outbox)
    assert say(visitor, first_name="Amina", last_name="Hassan").status_code == 400
    finish(visitor)
    cast.patient.user.refresh_from_db()
    assert cast.patient.user.password == password and cast.patient.user.email == "amina@example.test"
    with pytest.raises(NotClaimable):
        claim_account(patient=cast.patient, phone=PHONE, password=PASSWORD)


@pytest.mark.parametrize("what", ["staff", "doctor", "suspended", "child"])
def test_nobody_but_a_desks_patient_can_be_claimed(cast, joseph, what):
    if what == "suspended":
        User.objects.filter(pk=joseph.pk).update(status="suspended")
    elif what == "doctor":
        User.objects.filter(pk=joseph.pk).update(role="doctor")
    elif what == "staff":
        User.objects.filter(pk=joseph.pk).update(email="joseph@work.test")
    else:
        Patient.objects.filter(pk=joseph.pk).update(contact_phone="")
    with pytest.raises(NotClaimable):
        claim_account(patient=joseph, phone=PHONE, password=PASSWORD)


@pytest.mark.parametrize("what", ["works at a clinic", "has a second factor"])
def test_what_was_begun_is_over_once_a_phone_and_a_name_would_open_more(cast, visitor, joseph, sms_outbox, what):
    """Such an account has no e-mail yet, but colleagues' patients or a factor of its own."""
    claim_whole(visitor, sms_outbox)
    if what == "works at a clinic":
        Membership.objects.create(user=joseph.user, clinic=cast.uzima, role="front_desk")
    else:
        factories.give_second_factor(joseph.user)
    with pytest.raises(NotClaimable):
        claim_account(patient=joseph, phone=PHONE, password="another quiet river")
    joseph.user.refresh_from_db()
    assert joseph.user.check_password(PASSWORD)


def test_what_was_begun_and_never_finished_can_be_begun_again(visitor, at_platform, joseph, sms_outbox):
    claim_whole(visitor, sms_outbox)
    again = at_platform()
    prove(again, sms_outbox)
    say(again)
    assert finish(again)["Location"] == "/account/email/", "one letter to one address in ten seconds"
    third = at_platform()
    prove(third, sms_outbox)
    say(third)
    finish(third, email="j.mwangi@example.test")
    third.post("/account/confirm-email/", {"code": mail_code()})
    joseph.user.refresh_from_db()
    assert joseph.user.email == "j.mwangi@example.test"
    assert visitor.get("/me/appointments/").status_code == 302, "the first browser is signed out"


def test_what_stands_in_for_an_address_is_never_shown(visitor, joseph, sms_outbox):
    claim_whole(visitor, sms_outbox)
    for page in ("/account/email/", "/account/confirm-email/", "/me/", "/me/profile/", "/account/sessions/"):
        response = visitor.get(page)
        assert response.status_code == 200
        assert "no-mail" not in response.content.decode() and joseph.pk not in response.content.decode()
    assert "Add your e-mail" in visitor.get("/account/email/").content.decode()


def test_once_it_has_an_e_mail_it_cannot_be_claimed_again(visitor, at_platform, joseph, sms_outbox):
    claim_whole(visitor, sms_outbox)
    visitor.post("/account/confirm-email/", {"code": mail_code()})
    other = at_platform()
    prove(other, sms_outbox)
    assert say(other).status_code == 400


def test_an_e_mail_of_somebody_else_is_not_told_apart_from_a_free_one(cast, at_platform, joseph, sms_outbox):
    client = at_platform()
    prove(client, sms_outbox)
    say(client)
    response = finish(client, email="amina@example.test")
    assert response["Location"] == "/account/confirm-email/"
    client.post("/account/confirm-email/", {"code": "000000"})
    assert User.objects.get(email="amina@example.test").pk == cast.patient.pk
    joseph.user.refresh_from_db()
    assert not joseph.user.has_email


@pytest.mark.parametrize(
    "changes",
    [
        {"password1": "short"},
        {"password1": "password123"},
        {"email": "x"},
        {"email": "a@no-mail.invalid"},
        {"terms": ""},
    ],
)
def test_a_weak_password_no_address_or_no_terms_are_refused(visitor, joseph, sms_outbox, changes):
    prove(visitor, sms_outbox)
    say(visitor)
    assert finish(visitor, **changes).status_code == 400
    joseph.user.refresh_from_db()
    assert not joseph.user.has_usable_password()


def test_two_records_of_one_person_are_for_the_clinic_to_sort_out(cast, visitor, joseph, sms_outbox):
    with clinic_context(cast.uzima):
        add_patient(
            clinic=cast.uzima,
            by=cast.staff,
            first_name="Joseph",
            last_name="Mwangi",
            date_of_birth=joseph.date_of_birth,
            phone=PHONE,
            twins_seen=[joseph.pk],
        )
    prove(visitor, sms_outbox)
    response = say(visitor)
    assert response.status_code == 400 and "several records" in response.content.decode()


def test_somebody_signed_in_is_asked_to_sign_out_first(cast, at_platform):
    html = at_platform(cast.patient.user).get(HERE).content.decode()
    assert "sign out first" in html and 'name="phone"' not in html


def test_too_many_codes_are_a_429(visitor, joseph, sms_outbox):
    for _ in range(3):
        visitor.post(HERE, {"step": "phone", "phone": "0712345678"})
    response = visitor.post(HERE, {"step": "phone", "phone": "0712345678"})
    assert response.status_code == 429 and int(response["Retry-After"]) > 0
