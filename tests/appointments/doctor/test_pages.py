"""The workspace's other pages: who may open them, and the forms on them."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments.models import Appointment, DoctorAvailability, TimeOff
from appointments.views.hours import windows as availability
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.payments.models import Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.doctor.test_time_off import paid_visit

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)  # Tuesday noon in Nairobi
MONDAY, TUESDAY = 1, 2

PAGES = [
    "calendar/",
    "availability/",
    "availability/add/",
    "availability/copy/1/",
    "availability/days/",
    "time-off/",
    "time-off/add/",
    "patients/",
]


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr("precta.clock.now", lambda: NOW)


@pytest.fixture
def client(cast, at_clinic):
    return at_clinic(cast.uzima, cast.doctor.user)


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).replace("\u00a0", " ")


def window(start="08:00", end="12:00", day=MONDAY, mode="in_person", **extra):
    return {"day_of_week": day, "start_time": start, "end_time": end, "mode": mode, "is_active": "on", **extra}


def in_clinic(cast, query):
    with clinic_context(cast.uzima):
        return query()


def nothing_sent(cast):
    return in_clinic(cast, lambda: not OutboxEvent.objects.exists())


@pytest.mark.parametrize("path", PAGES)
def test_only_a_doctor_of_this_clinic_opens_them(cast, at_clinic, client, path):
    assert client.get(f"/workspace/{path}").status_code == 200
    assert at_clinic(cast.uzima).get(f"/workspace/{path}").status_code == 302
    for person in (cast.patient.user, cast.staff, cast.owner, cast.admin, cast.other_doctor.user):
        assert at_clinic(cast.uzima, person).get(f"/workspace/{path}").status_code == 403


def test_a_doctor_elsewhere_may_not_even_be_the_platforms_guest_here(cast, at_clinic):
    assert at_clinic(cast.pwani, cast.doctor.user).get("/workspace/").status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_inline_style_or_script_and_none_is_kept_by_a_cache(client, path):
    response = client.get(f"/workspace/{path}")
    html = response.content.decode()
    assert " style=" not in html
    assert not re.search(r"<script(?![^>]*src=)", html)
    assert "no-store" in response["Cache-Control"]


def test_hours_are_added_changed_rested_and_removed(cast, client):
    assert client.post("/workspace/availability/add/", window()).status_code == 302
    stored = in_clinic(cast, DoctorAvailability.objects.get)
    client.post(f"/workspace/availability/{stored.pk}/", window("09:00", "00:00"))
    assert "09:00 – 00:00" in text(client.get("/workspace/availability/"))
    client.post(f"/workspace/availability/{stored.pk}/switch/", {"active": "0"})
    assert "resting" in text(client.get("/workspace/availability/"))
    asked = client.get(f"/workspace/availability/{stored.pk}/remove/")
    assert "No booked visit is touched" in text(asked)
    client.post(f"/workspace/availability/{stored.pk}/remove/")
    assert in_clinic(cast, lambda: not DoctorAvailability.objects.exists())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (window("12:00", "08:00"), "must end after they begin"),
        (window("08:00", "08:20"), "shorter than one visit of 30 minutes"),
        (window("25:00"), "valid time"),
        (window(day=7), "valid choice"),
        (window(mode="telepathy"), "valid choice"),
        ({}, "required"),
    ],
)
def test_hours_that_make_no_sense_are_explained_and_kept_in_the_form(cast, client, data, words):
    answer = client.post("/workspace/availability/add/", data)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert nothing_sent(cast)


def test_overlapping_hours_are_explained_with_the_hours_in_the_way(cast, client):
    client.post("/workspace/availability/add/", window())
    answer = client.post("/workspace/availability/add/", window("11:00", "13:00"))
    assert answer.status_code == 409
    assert "from 08:00 to 12:00" in text(answer)
    assert 'value="13:00"' in answer.content.decode()
    assert in_clinic(cast, DoctorAvailability.objects.count) == 1


def test_a_change_that_leaves_visits_outside_is_asked_about_and_then_done(cast, client):
    stored = factories.make_window(cast.doctor, MONDAY, "08:00", "12:00")
    factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 11, 30, 6, tzinfo=UTC))
    path = f"/workspace/availability/{stored.pk}/"
    asked = client.post(path, window("10:00"))
    assert asked.status_code == 409
    assert "Amina Hassan" in text(asked)
    assert nothing_sent(cast)
    assert client.post(path, window("10:00", confirmed="1")).status_code == 302
    assert in_clinic(cast, lambda: Appointment.objects.get().status) == "confirmed"


def test_resting_hours_with_visits_asks_first(cast, client):
    stored = factories.make_window(cast.doctor, MONDAY, "08:00", "12:00")
    factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 11, 30, 6, tzinfo=UTC))
    path = f"/workspace/availability/{stored.pk}/switch/"
    assert "Amina Hassan" in text(client.post(path, {"active": "0"}))
    assert in_clinic(cast, lambda: DoctorAvailability.objects.get().is_active)
    client.post(path, {"active": "0", "confirmed": "1"})
    assert not in_clinic(cast, lambda: DoctorAvailability.objects.get().is_active)


def test_a_day_is_copied_to_others(cast, client):
    factories.make_window(cast.doctor, MONDAY, "08:00", "12:00")
    assert client.post("/workspace/availability/copy/1/", {"to_days": ["2", "0"]}).status_code == 302
    days = in_clinic(cast, lambda: set(DoctorAvailability.objects.values_list("day_of_week", flat=True)))
    assert days == {0, 1, 2}
    assert client.post("/workspace/availability/copy/1/", {}).status_code == 400
    assert client.get("/workspace/availability/copy/7/").status_code == 404


@pytest.mark.parametrize("page", ["", "switch/", "remove/"])
def test_another_doctors_hours_are_not_found(cast, client, at_clinic, page):
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")
    theirs = factories.make_window(colleague, MONDAY, "08:00", "12:00")
    path = f"/workspace/availability/{theirs.pk}/{page}"
    assert client.post(path, window("10:00")).status_code == 404
    assert at_clinic(cast.uzima, cast.other_doctor.user).post(path, window("10:00")).status_code == 403
    assert in_clinic(cast, lambda: str(DoctorAvailability.objects.get().start_time)) == "08:00:00"
    assert nothing_sent(cast)


def test_a_colleagues_time_off_is_not_found(cast, client):
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")
    with clinic_context(cast.uzima):
        theirs = TimeOff.objects.create(
            doctor=colleague, starts_at=NOW, ends_at=NOW + timedelta(days=1), reason="Their own affair"
        )
    assert client.post(f"/workspace/time-off/{theirs.pk}/remove/").status_code == 404
    assert "Their own affair" not in text(client.get("/workspace/time-off/"))
    assert in_clinic(cast, TimeOff.objects.count) == 1


def test_cancelling_a_visit_shows_the_whole_refund_first_and_then_pays_it(cast, client):
    visit = paid_visit(cast, NOW + timedelta(hours=1))
    path = f"/workspace/visits/{visit.pk}/cancel/"
    assert "KES 2,500 go back to the patient" in text(client.get(path))
    assert nothing_sent(cast)
    client.post(path, {"reason": "The doctor is ill"})
    with clinic_context(cast.uzima):
        visit.refresh_from_db()
        assert (visit.status, visit.refund_due) == ("cancelled", Decimal("2500.00"))
        assert visit.cancellation_reason == "The doctor is ill"
        assert Refund.objects.get().amount == Decimal("2500.00")
        assert AuditLog.objects.filter(action="appointment.cancelled", user=cast.doctor.user).count() == 1
    assert client.get(path).status_code == 404


def test_the_list_of_patients_holds_linked_patients_of_this_doctor_only(cast, client):
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")
    theirs = factories.make_patient("Zawadi", "Kamau")
    held = factories.make_patient("Halima", "Juma")
    for patient in (theirs, held):
        factories.link_patient(patient, cast.uzima)
    factories.make_appointment(cast.patient, cast.doctor, NOW - timedelta(days=3), status="completed")
    factories.make_appointment(cast.other_patient, cast.doctor, NOW)  # not linked with the clinic
    factories.make_appointment(theirs, colleague, NOW)
    factories.make_appointment(held, cast.doctor, NOW + timedelta(hours=1), status="pending_payment")
    shown = text(client.get("/workspace/patients/"))
    assert "Amina Hassan" in shown
    for name in ("Peter", "Zawadi", "Halima"):
        assert name not in shown
    assert "Latest visit Sat 21 Nov, 12:00" in shown


@pytest.mark.parametrize(("search", "found"), [("ami", True), ("hassan amina", True), ("peter", False), ("%", False)])
def test_patients_are_found_by_parts_of_their_names(cast, client, search, found):
    factories.make_appointment(cast.patient, cast.doctor, NOW)
    shown = client.get("/workspace/patients/", {"q": search})
    assert ("Amina Hassan" in text(shown)) is found


@pytest.mark.parametrize("query", ["page=-1", "page=abc", "page=99", "q=%00", "q=" + "x" * 5000, "q=a&page=2"])
def test_odd_queries_still_show_a_page(client, query):
    assert client.get(f"/workspace/patients/?{query}").status_code == 200


def test_a_long_list_of_patients_costs_no_more_statements(cast, client):
    client.get("/workspace/patients/")
    factories.make_appointment(cast.patient, cast.doctor, NOW - timedelta(days=9))
    with CaptureQueriesContext(connection) as short:
        client.get("/workspace/patients/")
    for number in range(30):
        patient = factories.make_patient("Patient", f"{number:02d}")
        factories.link_patient(patient, cast.uzima)
        factories.make_appointment(patient, cast.doctor, NOW + timedelta(minutes=30 * number))
    with CaptureQueriesContext(connection) as long:
        page = client.get("/workspace/patients/")
    assert len(long) == len(short)
    assert len(long) <= 10
    assert page.context["page"].paginator.num_pages == 2


@pytest.mark.parametrize("path", ["availability/", "time-off/"])
def test_long_lists_of_hours_and_times_off_cost_no_more_statements(cast, client, path):
    path = f"/workspace/{path}"
    with clinic_context(cast.uzima):
        TimeOff.objects.create(doctor=cast.doctor, starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    client.get(path)
    with CaptureQueriesContext(connection) as short:
        client.get(path)
    factories.make_full_week(cast.doctor)
    with clinic_context(cast.uzima):
        for day in range(1, 9):
            starts_at = NOW + timedelta(days=day)
            TimeOff.objects.create(doctor=cast.doctor, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
            factories.make_appointment(cast.patient, cast.doctor, starts_at)
    with CaptureQueriesContext(connection) as long:
        client.get(path)
    assert len(long) == len(short)
    assert len(long) <= 10


def test_hours_are_kept_to_the_minute_as_times_are_named(cast, client):
    assert client.post("/workspace/availability/add/", window("08:00:30", "12:00:59.5")).status_code == 302
    kept = in_clinic(cast, DoctorAvailability.objects.get)
    assert (str(kept.start_time), str(kept.end_time)) == ("08:00:00", "12:00:00")


@pytest.mark.parametrize("page", ["", "switch/", "remove/"])
def test_hours_that_another_tab_has_just_removed_are_not_found(cast, client, monkeypatch, page):
    hours = factories.make_window(cast.doctor, MONDAY, "08:00", "12:00")
    found = availability._window

    def find_and_lose(doctor, window_id):
        window = found(doctor, window_id)
        DoctorAvailability.objects.all().delete()
        return window

    monkeypatch.setattr(availability, "_window", find_and_lose)
    assert client.post(f"/workspace/availability/{hours.pk}/{page}", window("10:00")).status_code == 404
