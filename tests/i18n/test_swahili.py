"""The portal in Swahili: nothing is missing, the pages and the letters are in it, and the choice is remembered."""

from pathlib import Path

import allauth
import django
import polib
import pytest
from django.core import mail
from django.core.management import call_command
from django.template.defaultfilters import timesince
from django.utils import formats, translation

from accounts.forms.account import SignUpForm
from precta import library_messages
from precta.notifications.services import notify, sweep_deliveries
from precta.translations import _in_python
from tests import factories

COOKIE = "precta_language"


def said(client, address: str) -> str:
    client.cookies[COOKIE] = "sw"
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_catalogue_is_complete(capsys):
    call_command("check_translations")
    assert "in both languages" in capsys.readouterr().out


@pytest.fixture(scope="module")
def words_of_libraries() -> set[str]:
    django_itself = Path(django.__file__).parent
    catalogues = [
        *django_itself.glob("conf/locale/en/LC_MESSAGES/django.po"),
        *django_itself.glob("contrib/*/locale/en/LC_MESSAGES/django.po"),
        *Path(allauth.__file__).parent.glob("locale/de/LC_MESSAGES/django.po"),
    ]
    entries = [entry for file in catalogues for entry in polib.pofile(str(file)) if not entry.obsolete]
    return {entry.msgid for entry in entries} | {entry.msgid_plural for entry in entries}


def test_what_is_translated_for_libraries_is_what_they_say(words_of_libraries):
    ours = _in_python(Path(library_messages.__file__).read_text())
    assert [message.text for message in ours if message.text not in words_of_libraries] == []


ANYONE = {
    "/": ("Daktari unayemwamini, kwa wakati unaokufaa.", "A doctor you can trust"),
    "/doctors/": ("Panga kwa", "Sort by"),
    "/doctors/?specialty=paediatrics": ("Madaktari wa watoto", "Paediatricians"),
    "/clinics/": ("Tafuta kliniki", "Find a clinic"),
    "/help/": ("Ninalipaje kwa M-Pesa?", "How do I pay by M-Pesa?"),
    "/privacy/": ("Nani anawajibika", "Who is responsible"),
    "/terms/": ("Kuhamisha na kughairi", "Moving and cancelling"),
    "/account/login/": ("Umesahau nenosiri?", "Forgot your password?"),
    "/account/signup/": ("Fungua akaunti yangu", "Make my account"),
    "/account/password/reset/": ("Tuma msimbo", "Send the code"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("address", ANYONE)
def test_a_public_page_speaks_swahili(cast, at_platform, address):
    html = said(at_platform(), address)
    swahili, english = ANYONE[address]
    assert '<html lang="sw"' in html
    assert swahili in html
    assert english not in html


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "swahili", "english"),
    [
        ("/me/", "Afya yangu", "My care"),
        ("/me/appointments/", "Miadi yangu", "My visits"),
        ("/me/profile/", "Wasifu wako", "Your profile"),
        ("/me/family/", "Bado hakuna watoto", "No children yet"),
        ("/me/notifications/", "Hakuna kipya", "Nothing new"),
        ("/account/password/change/", "Nenosiri la sasa", "Current password"),
    ],
)
def test_a_patients_page_speaks_swahili(cast, at_platform, address, swahili, english):
    client = at_platform(cast.patient.user)
    html = said(client, address)
    assert swahili in html
    assert english not in html


@pytest.mark.django_db
def test_a_clinics_pages_speak_swahili_to_all_who_come(cast, at_clinic):
    factories.make_full_week(cast.doctor)
    booking = said(at_clinic(cast.uzima, cast.patient.user), f"/book/{cast.doctor.pk}/")
    assert f"Weka miadi na {cast.doctor.display_name}" in booking
    assert "Chagua wakati" in booking
    assert "Choose time" not in booking
    day = said(at_clinic(cast.uzima, cast.doctor.user), "/workspace/")
    assert "Hakuna anayesubiri." in day
    assert "Nobody is waiting." not in day
    desk = said(at_clinic(cast.uzima, cast.owner), "/admin/")
    assert "Mapokezi" in desk or "Usimamizi" in desk or "Miadi" in desk
    assert 'lang="sw"' in desk


@pytest.mark.django_db
def test_the_pages_of_errors_speak_swahili(at_platform):
    client = at_platform()
    client.cookies[COOKIE] = "sw"
    response = client.get("/nothing/here/")
    assert response.status_code == 404
    assert "Hakuna kitu kwenye anwani hii" in response.content.decode()


@pytest.mark.django_db
def test_what_is_wrong_with_a_form_is_said_in_swahili(cast, at_platform):
    client = at_platform()
    client.cookies[COOKIE] = "sw"
    html = client.post("/account/login/", {"login": cast.patient.user.email, "password": "wrong"}).content.decode()
    assert "Barua pepe au nenosiri si sahihi." in html
    with translation.override("sw"):
        errors = SignUpForm({"email": "nobody", "password1": "12345"}).errors
    assert errors["first_name"] == ["Tafadhali jaza sehemu hii."]
    assert "Andika anwani sahihi ya barua pepe." in errors["email"]


@pytest.mark.django_db
def test_the_choice_is_remembered_by_the_browser_and_by_the_profile(cast, at_platform, at_clinic):
    client = at_platform(cast.patient.user)
    assert "Wasifu wako" not in client.get("/me/profile/").content.decode()
    assert client.post("/language/", {"language": "sw", "next": "/me/profile/"}).status_code == 302
    assert "Wasifu wako" in client.get("/me/profile/").content.decode()
    cast.patient.refresh_from_db()
    assert cast.patient.preferred_language == "sw"
    # The cookie belongs to the whole portal, so that a clinic's pages follow.
    assert client.cookies[COOKIE]["domain"] == ".precta.localhost"
    assert "Madaktari wetu" in said(at_clinic(cast.uzima), "/")
    # Another browser follows the profile from the sign-in on.
    phone = at_platform()
    phone.post("/account/login/", {"login": cast.patient.user.email, "password": factories.PASSWORD})
    assert phone.cookies[COOKIE].value == "sw"


@pytest.mark.django_db
def test_a_letter_is_in_the_language_of_its_reader(cast):
    notify(
        event_id="one",
        user=cast.patient.user,
        type="appointment_confirmed",
        title="Miadi yako imethibitishwa",
        body="Jtt 23 Nov, 10:00 na Dr Achieng Njoroge.",
        data={"url": "http://precta.localhost/me/"},
        language="sw",
    )
    sweep_deliveries()
    html = mail.outbox[0].alternatives[0][0]
    assert '<html lang="sw"' in html
    assert "Umepata ujumbe huu kwa sababu una akaunti ya Precta." in html
    assert "You get this message" not in html
    assert "You get this message" not in mail.outbox[0].body


@pytest.mark.django_db
def test_a_code_is_sent_in_the_language_of_the_account(cast, at_platform):
    cast.patient.preferred_language = "sw"
    cast.patient.save()
    # Whoever asks reads English; the mailbox's owner does not.
    at_platform().post("/account/password/reset/", {"email": cast.patient.user.email})
    assert mail.outbox[0].subject == "Msimbo wako wa nenosiri jipya"
    assert "Unatumika kwa dakika 10." in mail.outbox[0].body


def test_dates_and_spans_of_time_are_swahili():
    from datetime import UTC, datetime, timedelta

    at = datetime(2026, 12, 2, 14, 30, tzinfo=UTC)
    with translation.override("sw"):
        assert formats.date_format(at, "D j M, H:i") == "Jtn 2 Des, 14:30"
        assert formats.date_format(at, "l j F Y") == "Jumatano 2 Desemba 2026"
        assert timesince(at - timedelta(days=3), at) == "siku\xa03"
