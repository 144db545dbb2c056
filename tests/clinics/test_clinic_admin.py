import io
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts.models import UserStatus
from appointments.models import Appointment, TimeOff
from clinics.admin_sites import clinic_admin
from clinics.models import Clinic, Membership, MembershipRole
from clinics.policies import PERMISSIONS
from precta import hosts
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context, public_context
from tests import factories

AT = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
LISTS = {label: "/admin/" + label.replace(".", "/") + "/" for label in PERMISSIONS}


@pytest.fixture
def desk(cast, at_clinic):
    """A client of Uzima's staff in the given role."""
    return lambda role: at_clinic(cast.uzima, factories.make_staff(cast.uzima, role))


@pytest.fixture
def two_clinics(cast):
    """A visit, a window and a time off in each clinic."""
    factories.make_appointment(cast.patient, cast.doctor, AT, notes="cough since Monday")
    factories.make_appointment(cast.other_patient, cast.other_doctor, AT, notes="elsewhere")
    for doctor in (cast.doctor, cast.other_doctor):
        factories.make_window(doctor, 1, "08:00", "12:00")
        with clinic_context(doctor.clinic):
            TimeOff.objects.create(doctor=doctor, starts_at=AT, ends_at=AT + timedelta(hours=2), reason="private note")
    factories.link_patient(cast.other_patient, cast.pwani)


def form_of(clinic: Clinic, **changes) -> dict:
    data = {
        "name": clinic.name,
        "description": "Family care",
        "city": "Nairobi",
        "region": "Nairobi",
        "address": "1 Moi Avenue",
        "phone": "0712345678",
        "email": "hello@uzima.test",
        "website": "",
        "hours_1": "08:00-13:00, 14:00-17:00",
        "hours_6": "9:00-24:00",
        "time_zone": "Africa/Nairobi",
        "hold_minutes": "20",
        "lead_time_minutes": "60",
        "horizon_days": "30",
        "buffer_minutes": "5",
        "no_show_grace_minutes": "20",
        "delivery_fee": "250.00",
        "refund_hours_1": "48",
        "refund_percent_1": "100",
        "refund_hours_2": "4",
        "refund_percent_2": "50",
    }
    return data | changes


def test_every_page_of_the_clinics_admin_is_in_the_table():
    assert {model._meta.label_lower for model in clinic_admin._registry} == set(PERMISSIONS)


@pytest.mark.parametrize("role", MembershipRole.values)
def test_the_role_opens_exactly_what_the_table_says(cast, desk, two_clinics, role):
    client = desk(role)
    assert client.get("/admin/").status_code == 200
    for label, url in LISTS.items():
        expected = role in PERMISSIONS[label].get("view", ())
        answer = client.get(url)
        assert answer.status_code == (403 if not expected else 302 if label == "clinics.clinic" else 200), label
        added = (200, 400) if role in PERMISSIONS[label].get("add", ()) else (403, 403)
        assert (client.get(url + "add/").status_code, client.post(url + "add/").status_code) == added, label
        model = next(m for m in clinic_admin._registry if m._meta.label_lower == label)
        with clinic_context(cast.uzima):
            rows = model.objects.filter(clinic=cast.uzima) if hasattr(model, "clinic") else model.objects.all()
            row = cast.uzima if model is Clinic else rows.first()
        if row is None:
            continue
        assert client.get(f"{url}{row.pk}/change/").status_code == (200 if expected else 403), label
        assert client.post(f"{url}{row.pk}/delete/", {"post": "yes"}).status_code == 403, label
        if role not in PERMISSIONS[label].get("change", ()):
            assert client.post(f"{url}{row.pk}/change/", {"status": "cancelled"}).status_code == 403, label


def test_no_page_shows_anything_of_another_clinic(cast, desk, two_clinics):
    client = desk("owner")
    strangers = ("Kiprono", "Otieno", "elsewhere", cast.other_doctor.pk, cast.other_patient.pk, "Pwani")
    for url in LISTS.values():
        page = client.get(url, follow=True).content.decode()
        for word in strangers:
            assert word not in page, (url, word)
    with clinic_context(cast.pwani):
        theirs = Appointment.objects.get()
    for url in (
        f"/admin/appointments/appointment/{theirs.pk}/change/",
        f"/admin/accounts/doctor/{cast.other_doctor.pk}/change/",
        f"/admin/clinics/clinic/{cast.pwani.pk}/change/",
        f"/admin/clinics/membership/{factories.make_staff(cast.pwani).memberships.get().pk}/change/",
    ):
        assert client.get(url).status_code == 404, url
        assert client.post(url, {"name": "x"}).status_code in {403, 404}, url


def test_choices_completions_and_shortcuts_lead_to_nobody_else(cast, desk):
    client = desk("owner")
    query = "?app_label=appointments&model_name=appointment&field_name=patient&term=O"
    assert client.get("/admin/autocomplete/" + query).status_code == 403
    assert client.get(f"/admin/r/1/{cast.other_patient.pk}/").status_code == 404
    assert client.get("/admin/password_change/").status_code == 404


@pytest.mark.parametrize(
    "probe",
    [
        "notes__startswith=c",
        "patient__allergies__contains=x",
        "booked_by__password__startswith=a",
        "doctor__user__email=x",
    ],
)
def test_the_address_bar_cannot_probe_what_a_list_does_not_offer(cast, desk, two_clinics, probe):
    assert desk("owner").get(f"/admin/appointments/appointment/?{probe}").status_code == 400


def test_a_list_keeps_what_patients_wrote_and_doctors_noted_to_itself(cast, desk, two_clinics):
    client = desk("owner")
    with clinic_context(cast.uzima):
        visit, off = Appointment.objects.get(), TimeOff.objects.get()
    for url in (
        f"/admin/appointments/appointment/{visit.pk}/change/",
        f"/admin/appointments/timeoff/{off.pk}/change/",
    ):
        page = client.get(url).content.decode()
        assert "cough" not in page and "private note" not in page
    assert "2:30 p.m." in page or "14:30" in page


@pytest.mark.parametrize("who", ["patient", "doctor", "other_doctor", "admin"])
def test_somebody_without_a_membership_is_told_why_and_noted(cast, at_clinic, who):
    person = getattr(cast, who)
    user = getattr(person, "user", person)
    answer = at_clinic(cast.uzima, user).get("/admin/appointments/appointment/")
    assert answer.status_code == 403
    assert "These pages are for the staff of Uzima Clinic" in answer.content.decode()
    note = AuditLog.objects.get(action="admin.refused")
    assert (note.user_id, note.resource_id) == (user.pk, cast.uzima.pk)
    with clinic_context(cast.uzima):
        assert not AuditLog.objects.filter(action="admin.refused").exists()


def test_a_stranger_signs_in_on_the_platform_and_comes_back(cast, at_clinic, at_platform):
    answer = at_clinic(cast.uzima).get("/admin/appointments/appointment/?status=confirmed")
    assert answer.status_code == 302
    assert answer["Location"].startswith(hosts.platform_url("account_login") + "?next=")
    client = at_platform()
    back = hosts.origin("uzima.precta.localhost") + "/admin/appointments/appointment/?status=confirmed"
    data = {"login": "owner@example.test", "password": factories.PASSWORD, "next": back}
    assert client.post("/account/login/", data)["Location"] == back


def test_a_membership_counts_at_its_own_clinic_and_only_while_active(cast, at_clinic):
    assert at_clinic(cast.pwani, cast.owner).get("/admin/").status_code == 403
    client = at_clinic(cast.uzima, cast.owner)
    assert client.get("/admin/").status_code == 200
    Membership.objects.filter(user=cast.owner).update(is_active=False)
    assert client.get("/admin/").status_code == 403
    Membership.objects.filter(user=cast.owner).update(is_active=True)
    type(cast.owner).objects.filter(pk=cast.owner.pk).update(status=UserStatus.SUSPENDED)
    assert client.get("/admin/").status_code == 403


def test_the_owner_writes_the_clinics_page_hours_and_rules(cast, at_clinic):
    client = at_clinic(cast.uzima, cast.owner)
    url = f"/admin/clinics/clinic/{cast.uzima.pk}/change/"
    answer = client.post(url, form_of(cast.uzima, slug="stolen", status="suspended", code="zzzzzzzz"))
    assert answer.status_code == 302
    clinic = Clinic.objects.get(pk=cast.uzima.pk)
    assert (clinic.slug, clinic.status, clinic.code) == ("uzima", "active", cast.uzima.code)
    assert clinic.description == "Family care"
    assert clinic.phone == "+254712345678"
    assert clinic.operating_hours == {"1": [["08:00", "13:00"], ["14:00", "17:00"]], "6": [["09:00", "00:00"]]}
    assert (clinic.policy.hold_minutes, clinic.policy.buffer_minutes) == (20, 5)
    assert clinic.policy.refund_percent(timedelta(hours=5)) == 50
    page = client.get(url).content.decode()
    for clock in (
        'name="hours_1-0-from" value="08:00"',
        'name="hours_1-1-until" value="17:00"',
        'name="hours_6-0-from" value="09:00"',
        'name="hours_6-0-until" value="00:00"',
        'name="hours_2-0-from" value=""',
    ):
        assert clock in page, clock
    with clinic_context(cast.uzima):
        assert OutboxEvent.objects.filter(kind="clinic.changed", payload={"clinic_id": cast.uzima.pk}).count() == 1
        details = AuditLog.objects.get(action="clinic.updated").details
        assert "hold_minutes" in details["rules"]
        assert LogEntry.objects.count() == 1
    with public_context():
        assert LogEntry.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "Uzima\u202e"),
        ("phone", "12"),
        ("email", "x"),
        ("website", "javascript:alert(1)"),
        ("hours_1", "8-5"),
        ("hours_1", "17:00-08:00"),
        ("hours_1", "08:00-12:00, 11:00-13:00"),
        ("hours_1", "08:00-24:30"),
        ("time_zone", "Mars/Olympus"),
        ("hold_minutes", "0"),
        ("hold_minutes", "NaN"),
        ("lead_time_minutes", "-1"),
        ("horizon_days", "4000"),
        ("buffer_minutes", "9999"),
        ("no_show_grace_minutes", "121"),
        ("delivery_fee", "-1"),
        ("delivery_fee", "NaN"),
        ("refund_percent_1", "101"),
        ("refund_percent_2", ""),
        ("refund_hours_2", "72"),
    ],
)
def test_nonsense_in_the_clinics_form_is_told_and_changes_nothing(cast, at_clinic, field, value):
    client = at_clinic(cast.uzima, cast.owner)
    answer = client.post(f"/admin/clinics/clinic/{cast.uzima.pk}/change/", form_of(cast.uzima, **{field: value}))
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    clinic = Clinic.objects.get(pk=cast.uzima.pk)
    assert clinic.description == ""
    assert clinic.settings == {}
    with clinic_context(cast.uzima):
        assert not OutboxEvent.objects.exists()


def test_the_front_desk_reads_the_clinics_page_and_cannot_change_it(cast, at_clinic):
    client = at_clinic(cast.uzima, cast.staff)
    url = f"/admin/clinics/clinic/{cast.uzima.pk}/change/"
    page = client.get(url).content.decode()
    assert "Uzima Clinic" in page and 'name="description"' not in page
    assert client.post(url, form_of(cast.uzima)).status_code == 403
    assert Clinic.objects.get(pk=cast.uzima.pk).description == ""


def test_lists_ask_the_database_no_more_for_many_rows(cast, at_clinic, django_assert_max_num_queries):
    client = at_clinic(cast.uzima, cast.owner)
    for n in range(12):
        patient = factories.make_patient(f"P{n}", "Wafula")
        factories.link_patient(patient, cast.uzima)
        factories.make_appointment(patient, cast.doctor, timezone.now() + timedelta(days=1, hours=n))
    for label, url in LISTS.items():
        if label != "clinics.clinic":
            with django_assert_max_num_queries(14):
                assert client.get(url).status_code == 200


def test_the_desk_finds_today_the_week_and_one_doctor_by_the_clinics_calendar(cast, at_clinic):
    visits = {}
    # 23:30 in Nairobi on the 22nd is the last visit of that day, though it is 20:30 in UTC.
    for name, at in (
        ("yesterday", datetime(2026, 11, 21, 20, 30, tzinfo=UTC)),
        ("today", datetime(2026, 11, 21, 21, 0, tzinfo=UTC)),
        ("tonight", datetime(2026, 11, 22, 20, 30, tzinfo=UTC)),
        ("soon", datetime(2026, 11, 25, 8, 0, tzinfo=UTC)),
        ("later", datetime(2026, 12, 25, 8, 0, tzinfo=UTC)),
    ):
        visits[name] = factories.make_appointment(cast.patient, cast.doctor, at).pk
    colleague = factories.make_doctor(cast.uzima, "Joyce", "Koech")
    client = at_clinic(cast.uzima, cast.staff)

    def found(query: str) -> set[str]:
        page = client.get(f"/admin/appointments/appointment/?{query}").content.decode()
        return {name for name, pk in visits.items() if f"/appointment/{pk}/change/" in page}

    with time_machine.travel(datetime(2026, 11, 22, 9, 0, tzinfo=UTC), tick=False):
        assert found("when=today") == {"today", "tonight"}
        assert found("when=week") == {"today", "tonight", "soon"}
        assert found("when=past") == {"yesterday"}
        assert found("") == set(visits)
        assert found(f"doctor={cast.doctor.pk}") == set(visits)
        assert found(f"doctor={colleague.pk}") == set()
        assert found("status__exact=confirmed&when=today&q=Hassan") == {"today", "tonight"}
        assert found("status__exact=cancelled") == set()


def test_every_filter_that_a_list_offers_works(cast, at_clinic, two_clinics):
    client = at_clinic(cast.uzima, cast.owner)
    for label, url in LISTS.items():
        if label == "clinics.clinic":
            continue
        for query in re.findall(r'href="(\?[^"]+)"', client.get(url).content.decode()):
            assert client.get(url + query.replace("&amp;", "&")).status_code == 200, url + query


NONSENSE = [
    "p=-1",
    "p=abc",
    "p=999999999999999999999",
    "o=99",
    "o=abc.-1..",
    "q=%00",
    "q=" + "a" * 3000,
    "q=%F0%9F%98%80",
    "status=%00",
    "doctor=%00",
    "doctor=abc",
    "when=nonsense",
    "day_of_week__exact=99999999999999999999",
    "is_active__exact=maybe",
    "created_at__year=99999",
    "created_at__year=9999",
    "scheduled_at__year=9999&scheduled_at__month=12&scheduled_at__day=31",
    "scheduled_at__year=99999999999999999999",
    "created_at__year=abc",
    "created_at__year=0",
    "created_at__year=2026&created_at__month=13",
    "created_at__year=2026&created_at__month=2&created_at__day=31",
    "scheduled_at__year=99999",
    "scheduled_at__year=2026&scheduled_at__month=13",
    "scheduled_at__month=2&scheduled_at__day=31",
    "created_at__year__gte=-1",
    "scheduled_at__year__gte=99999999999999999999",
    "scheduled_at__year__exact=99999",
    "scheduled_at__gte=NaN",
    "_to_field=password",
    "_popup=1",
    "all=",
    "e=1",
    "_facets=True",
    "status__in=,",
    "status__isnull=x",
    "resource_type[]=x",
]


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_in_the_address_is_never_a_500(cast, at_clinic, two_clinics, query):
    client = at_clinic(cast.uzima, cast.owner)
    client.raise_request_exception = False
    for label in ("appointments.appointment", "appointments.doctoravailability", "audit.auditlog", "payments.payment"):
        assert client.get(f"{LISTS[label]}?{query}").status_code < 500, label


@pytest.mark.parametrize("bad", ["0", "-1", str(2**63), "abc", "%00", "..%2f", "_22", "%F0%9F%98%80", "a" * 500])
def test_an_id_that_is_none_is_404(cast, at_clinic, at_admin, bad):
    client = at_clinic(cast.uzima, cast.owner)
    for url in (LISTS["appointments.appointment"], LISTS["accounts.clinicpatient"], LISTS["clinics.clinic"]):
        for tail in ("change/", "history/"):
            assert client.get(f"{url}{bad}/{tail}").status_code == 404, (url, tail)
    console = at_admin(cast.admin)
    for path in ("accounts/user", "clinics/clinic", "audit/auditlog"):
        assert console.get(f"/{path}/{bad}/change/").status_code == 404, path
    assert console.get(f"/accounts/user/{bad}/access/", follow=True).status_code == 404


def test_hours_are_written_by_the_clock_and_an_empty_day_is_closed(cast, at_clinic):
    client = at_clinic(cast.uzima, cast.owner)
    url = f"/admin/clinics/clinic/{cast.uzima.pk}/change/"
    clocks = {
        "hours_1-0-from": "08:00",
        "hours_1-0-until": "13:00",
        "hours_1-1-from": "14:00",
        "hours_1-1-until": "17:00",
        "hours_2-0-from": "",
        "hours_2-0-until": "",
        "hours_3-0-from": "18:00",
        "hours_3-0-until": "00:00",
    }
    data = form_of(cast.uzima)
    del data["hours_1"], data["hours_6"]
    assert client.post(url, data | clocks).status_code == 302
    assert Clinic.objects.get(pk=cast.uzima.pk).operating_hours == {
        "1": [["08:00", "13:00"], ["14:00", "17:00"]],
        "3": [["18:00", "00:00"]],
    }
    answer = client.post(url, data | clocks | {"hours_1-1-until": ""})
    assert "Give both times of each opening" in answer.content.decode()
    assert 'name="hours_1-1-from" value="14:00"' in answer.content.decode()


def test_the_rules_for_cancelling_are_shown_as_patients_read_them(cast, at_clinic):
    client = at_clinic(cast.uzima, cast.owner)
    url = f"/admin/clinics/clinic/{cast.uzima.pk}/change/"
    client.post(url, form_of(cast.uzima))
    page = client.get(url).content.decode()
    for sentence in ("Free to cancel up to 48 hours before.", "Half back up to 4 hours before.", "Nothing back after"):
        assert sentence in page


def picture(kind="PNG") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (900, 300), "teal").save(buffer, kind)
    return SimpleUploadedFile("logo.png", buffer.getvalue(), content_type="image/png")


def test_a_logo_is_drawn_anew_shown_on_the_clinics_page_and_taken_away(cast, at_clinic):
    client = at_clinic(cast.uzima, cast.owner)
    url = f"/admin/clinics/clinic/{cast.uzima.pk}/change/"
    assert client.post(url, form_of(cast.uzima) | {"logo": picture()}).status_code == 302
    logo = Clinic.objects.get(pk=cast.uzima.pk).logo_url
    assert logo.endswith(".webp")
    assert logo in client.get(url).content.decode()
    assert logo in at_clinic(cast.uzima).get("/").content.decode()
    assert client.get(logo).status_code == 200
    assert client.post(url, form_of(cast.uzima)).status_code == 302
    assert Clinic.objects.get(pk=cast.uzima.pk).logo_url == logo
    assert client.post(url, form_of(cast.uzima, remove_logo="on")).status_code == 302
    assert Clinic.objects.get(pk=cast.uzima.pk).logo_url == ""


@pytest.mark.parametrize(("content", "status"), [(b"<svg onload=alert(1)>", 415), (b"%PDF-1.7 hello", 415)])
def test_what_is_no_picture_is_no_logo_and_the_form_keeps_what_was_typed(cast, at_clinic, content, status):
    client = at_clinic(cast.uzima, cast.owner)
    data = form_of(cast.uzima, city="Kericho") | {"logo": SimpleUploadedFile("logo.png", content)}
    answer = client.post(f"/admin/clinics/clinic/{cast.uzima.pk}/change/", data)
    assert answer.status_code == status
    assert 'value="Kericho"' in answer.content.decode()
    assert Clinic.objects.get(pk=cast.uzima.pk).logo_url == ""
