"""The grid of hours without a script: what its pages show, refuse and keep, in the workspace and in the admin."""

import json
import re
from datetime import UTC, date, datetime, time

import pytest

from appointments.hours import Hours
from appointments.models import AvailabilityException, AvailabilityRevision, DoctorAvailability
from appointments.services import hours as service
from appointments.slots import free_slots_over
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests import factories

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)  # Tuesday noon in Nairobi
MONDAY, WEDNESDAY = 1, 3


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr("precta.clock.now", lambda: NOW)


def workspace(cast):
    return "/workspace/availability/"


def desk(cast):
    return f"/admin/hours/{cast.doctor.pk}/"


DOORS = {"workspace": workspace, "desk": desk}


@pytest.fixture(params=DOORS)
def door(request, cast, at_clinic):
    """(client, the page's address): the doctor in the workspace, and a manager in the clinic's admin."""
    person = cast.doctor.user if request.param == "workspace" else factories.make_staff(cast.uzima, "manager")
    client = at_clinic(cast.uzima, person)
    client.person = person
    return client, DOORS[request.param](cast)


@pytest.fixture
def mine(cast, at_clinic):
    return at_clinic(cast.uzima, cast.doctor.user), workspace(cast)


def row(day, start, end, mode="in_person", first="", last="", active=True):
    return {"day": day, "start": start, "end": end, "mode": mode, "from": first, "until": last, "active": active}


def differs(day, start="", end="", mode=""):
    return {"date": day, "mode": mode, "start": start, "end": end}


def saved(cast) -> Hours:
    with clinic_context(cast.uzima):
        return service.read_hours(cast.doctor)


def sent(cast, *rows, version=None, **extra):
    draft = {"weekly": [r for r in rows if "day" in r], "days": [r for r in rows if "date" in r]}
    return {"draft": json.dumps(draft), "version": version or saved(cast).token, **extra}


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).replace("\u00a0", " ")


def hidden(response, name):
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    return found and found[1].replace("&quot;", '"')


def nothing_changed(cast):
    with clinic_context(cast.uzima):
        return not (
            OutboxEvent.objects.filter(kind="availability.changed").exists()
            or AuditLog.objects.filter(action__startswith="availability").exists()
            or AvailabilityRevision.objects.exists()
        )


def test_the_page_shows_every_window_at_its_place_and_leads_to_its_form(cast, door):
    client, path = door
    window = factories.make_window(cast.doctor, MONDAY, "08:00", "12:00")
    factories.make_window(cast.doctor, MONDAY, "05:30", "07:00", "video")
    html = client.get(path).content.decode()
    assert f'href="{path}{window.pk}/"' in html
    # The day begins at five because of the early one: 36 rows of five minutes until eight.
    assert 'class="hb in_person lane1 t36 n48"' in html
    assert 'class="hb video lane2 t6 n18"' in html
    assert " style=" not in html and not re.search(r"<script(?![^>]*src=)", html)


def test_a_draft_is_looked_at_saved_and_told_of(cast, door):
    client, path = door
    factories.make_window(cast.doctor, WEDNESDAY, "08:00", "09:00")
    data = sent(cast, row(WEDNESDAY, "08:30", "10:00"), differs("2026-12-02"))
    looked = client.post(path + "preview/", data)
    assert looked.status_code == 200
    shown = text(looked)
    # Wednesday the 25th: 08:00 goes, 09:00 and 09:30 come; the 2nd is closed, so both its times go.
    assert "2 times more to book, 3 times less" in shown
    assert "Wednesday, 08:30 – 10:00, At the clinic" in shown and "Wed 2 Dec 2026, no hours" in shown
    assert nothing_changed(cast)
    answer = client.post(path + "save/", {"draft": hidden(looked, "draft"), "version": hidden(looked, "version")})
    assert (answer.status_code, answer["Location"]) == (302, path)
    assert saved(cast).as_json() == json.loads(data["draft"])
    with clinic_context(cast.uzima):
        assert OutboxEvent.objects.get().payload == {"doctor_id": cast.doctor.pk}
        entry = AuditLog.objects.get(action="availability.saved")
        assert (entry.user_id, entry.resource_id) == (client.person.pk, cast.doctor.pk)


def test_what_the_preview_shows_is_what_patients_find_afterwards(cast, mine):
    client, path = mine
    factories.make_full_week(cast.doctor)
    factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 11, 26, 6, tzinfo=UTC))
    data = sent(
        cast,
        row(4, "09:00", "12:00"),
        row(4, "10:00", "11:00", "video", "2026-12-01"),
        row(0, "22:00", "00:00", "video", "", "2026-11-30"),
        differs("2026-12-03", "14:00", "15:30", "in_person"),
    )
    looked = client.post(path + "preview/", data)
    promised = {
        mode: {
            day.day: [moment for moment, state in found.times if state != "gone"]
            for day in looked.context["preview"].days
            for found in day.modes
            if found.mode == mode
        }
        for mode in ("in_person", "video")
    }
    client.post(path + "save/", data)
    with clinic_context(cast.uzima):
        real = free_slots_over(
            doctor=cast.doctor,
            clinic=cast.uzima,
            modes=["in_person", "video"],
            first_day=date(2026, 11, 24),
            days=14,
            now=NOW,
        )
    assert promised == {
        mode: {day: [f"{slot.local:%H:%M}" for slot in slots] for day, slots in days.items()}
        for mode, days in real.items()
    }
    assert sum(map(len, promised["in_person"].values())) > 0 < sum(map(len, promised["video"].values()))


def test_booked_visits_that_would_lie_outside_are_listed_with_what_can_be_done_and_stay_booked(cast, door):
    client, path = door
    factories.make_window(cast.doctor, WEDNESDAY, "08:00", "12:00")
    visit = factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 12, 9, 6, tzinfo=UTC))
    data = sent(cast, row(WEDNESDAY, "10:00", "12:00"))
    looked = client.post(path + "preview/", data)
    assert "1 booked visit would lie outside" in text(looked) and "Amina Hassan" in text(looked)
    if "workspace" in path:
        assert f"/workspace/visits/{visit.pk}/cancel/" in looked.content.decode()
    refused = client.post(path + "save/", data)  # as if the visit had been booked since
    assert refused.status_code == 409
    assert "Another visit was booked a moment ago" in text(refused)
    assert nothing_changed(cast)
    assert client.post(path + "save/", {**data, "accepted": hidden(refused, "accepted")}).status_code == 302
    with clinic_context(cast.uzima):
        visit.refresh_from_db()
        assert visit.status == "confirmed"


def test_whoever_comes_second_is_told_and_keeps_the_draft(cast, at_clinic, mine):
    client, path = mine
    manager = at_clinic(cast.uzima, factories.make_staff(cast.uzima, "manager", email="boss@example.test"))
    data = sent(cast, row(MONDAY, "08:00", "12:00"))
    manager.post(desk(cast) + "save/", sent(cast, row(WEDNESDAY, "13:00", "17:00")))
    for page in ("preview/", "save/"):
        told = client.post(path + page, data)
        assert told.status_code == 409
        assert "boss@example.test saved other hours here" in text(told)
        assert json.loads(hidden(told, "draft")) == json.loads(data["draft"])
    assert [row.window.day_of_week for row in saved(cast).weekly] == [WEDNESDAY]
    # From there it goes on, measured by the new hours.
    looked = client.post(path + "preview/", {"draft": data["draft"], "version": hidden(told, "version")})
    assert looked.status_code == 200
    assert "Wednesday, 13:00 – 17:00" in text(looked)


def test_going_back_from_the_preview_keeps_the_draft(cast, door):
    client, path = door
    data = sent(cast, row(MONDAY, "08:00", "12:00"), differs("2026-12-25"))
    page = client.post(path, data)
    assert page.status_code == 200
    assert json.loads(hidden(page, "draft")) == json.loads(data["draft"])
    assert "Fri 25 Dec 2026, no hours" in text(page)
    assert nothing_changed(cast)


def test_a_saved_change_can_be_taken_back(cast, door):
    client, path = door
    factories.make_window(cast.doctor, MONDAY, "08:00", "12:00")
    client.post(path + "save/", sent(cast, row(WEDNESDAY, "08:00", "12:00")))
    page = client.get(path)
    undo = re.search(rf'action="({path}undo/[^"]+)"', page.content.decode())[1]
    assert "You changed these hours" in text(page)
    assert client.post(undo).status_code == 302
    assert [entry.window.day_of_week for entry in saved(cast).weekly] == [MONDAY]


def test_taking_back_asks_when_it_would_leave_visits_outside(cast, mine):
    client, path = mine
    client.post(path + "save/", sent(cast, row(WEDNESDAY, "08:00", "12:00")))
    factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 12, 9, 6, tzinfo=UTC))
    with clinic_context(cast.uzima):
        revision = AvailabilityRevision.objects.get()
    asked = client.post(f"{path}undo/{revision.pk}/")
    assert asked.status_code == 409
    assert "Amina Hassan" in text(asked)
    assert len(saved(cast).weekly) == 1
    again = {name: hidden(asked, name) for name in ("draft", "version", "accepted")}
    client.post(path + "save/", again)
    assert saved(cast).weekly == ()


def test_a_change_that_begins_later_is_shown_from_its_day_on(cast, mine):
    client, path = mine
    factories.make_window(cast.doctor, MONDAY, "08:00", "09:00")
    data = sent(
        cast, row(MONDAY, "08:00", "09:00", last="2027-01-31"), row(MONDAY, "14:00", "15:00", first="2027-02-01")
    )
    look = client.post(path + "preview/", data).context["preview"]
    assert (look.first_day, look.first_change) == (date(2027, 2, 1), date(2027, 2, 1))
    assert (look.coming, look.going) == (4, 4)
    near = client.post(path + "preview/", {**data, "first_day": "2026-11-24"})
    assert near.context["preview"].coming == 0
    assert "Go to the first change, 1 Feb 2027" in text(near)
    client.post(path + "save/", data)
    assert "From 1 Feb 2027" in text(client.get(path))
    assert 'class="hb in_person lane1 t12 n12"' in client.get(path).content.decode()
    later = client.get(path, {"on": "2027-02-15"})
    assert 'class="hb in_person lane1 t84 n12"' in later.content.decode()


NONSENSE = [
    "",
    "no json",
    "[]",
    "{}",
    "null",
    '{"weekly": 5, "days": []}',
    '{"weekly": [5], "days": []}',
    '{"weekly": [], "days": [{}]}',
    "[" * 30_000,
    json.dumps({"weekly": [row(7, "08:00", "09:00")], "days": []}),
    json.dumps({"weekly": [row(True, "08:00", "09:00")], "days": []}),
    json.dumps({"weekly": [row(1, "8:00", "09:00")], "days": []}),
    json.dumps({"weekly": [row(1, "08:00", "25:00")], "days": []}),
    json.dumps({"weekly": [row(1, "08:00", "12+01"), row(1, "13:00", "15:00")], "days": []}),
    json.dumps({"weekly": [row(1, "08:00", "09:00", "letter")], "days": []}),
    json.dumps({"weekly": [row(1, "08:00", "09:00", first="2026-02-30")], "days": []}),
    json.dumps({"weekly": [row(1, "08:00", "09:00", first="9999-12-31")], "days": []}),
    json.dumps({"weekly": [row(1, "08:00", "09:00", active="yes")], "days": []}),
    json.dumps({"weekly": [row(1, "08:00", "09:00")] * 201, "days": []}),
    json.dumps({"weekly": [{**row(1, "08:00", "09:00"), "start": float("nan")}], "days": []}),
    json.dumps({"weekly": [], "days": [differs("2026-12-25", "08:00", "")]}),
    json.dumps({"weekly": [], "days": [differs("2026-12-25", "\ud800", "09:00")]}),
]


@pytest.mark.parametrize("draft", NONSENSE, ids=range(len(NONSENSE)))
@pytest.mark.parametrize("page", ["", "preview/", "save/"])
def test_what_no_page_of_ours_sends_is_refused_with_a_page(cast, mine, page, draft):
    client, path = mine
    answer = client.post(path + page, {"draft": draft, "version": saved(cast).token})
    assert answer.status_code == 400
    assert "could not be read" in text(answer)
    assert nothing_changed(cast)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row(1, "09:00", "08:00")], "end before they begin"),
        ([row(1, "09:00", "09:20")], "shorter than one visit of 30 minutes"),
        ([row(1, "08:00", "09:00", first="2026-12-02", last="2026-12-01")], "before the day on which"),
        ([differs("2026-11-23")], "lies in the past"),
        ([differs("2026-12-25", "09:00", "09:10")], "shorter than one visit"),
    ],
)
def test_hours_that_make_no_sense_are_explained(cast, mine, rows, words):
    client, path = mine
    answer = client.post(path + "save/", sent(cast, *rows))
    assert answer.status_code == 400
    assert words in text(answer)
    assert nothing_changed(cast)


@pytest.mark.parametrize(
    "rows",
    [
        [row(1, "08:00", "12:00"), row(1, "11:00", "13:00", first="2027-01-01")],
        [differs("2026-12-25"), differs("2026-12-25", "08:00", "09:00", "video")],
    ],
)
@pytest.mark.parametrize("page", ["preview/", "save/"])
def test_hours_that_overlap_are_named_and_the_draft_is_kept(cast, mine, rows, page):
    client, path = mine
    data = sent(cast, *rows)
    answer = client.post(path + page, data)
    assert answer.status_code == 409
    assert "These hours overlap" in text(answer)
    sort = lambda draft: {name: sorted(map(str, entries)) for name, entries in json.loads(draft).items()}  # noqa: E731
    assert sort(hidden(answer, "draft")) == sort(data["draft"])
    assert nothing_changed(cast)


def test_a_plain_form_shows_the_times_first_when_asked_to(cast, door):
    client, path = door
    form = {"day_of_week": "3", "start_time": "08:00", "end_time": "10:00", "mode": "in_person", "is_active": "on"}
    looked = client.post(path + "add/", {**form, "preview": "1"})
    assert "Wednesday, 08:00 – 10:00" in text(looked)
    assert nothing_changed(cast)
    client.post(path + "save/", {name: hidden(looked, name) for name in ("draft", "version")})
    assert len(saved(cast).weekly) == 1
    looked = client.post(path + "copy/3/", {"to_days": ["4", "5"], "preview": "1"})
    assert "Thursday, 08:00 – 10:00" in text(looked)
    looked = client.post(path + "days/", {"date": "2026-12-25", "preview": "1"})
    assert "Fri 25 Dec 2026, no hours" in text(looked)
    assert len(saved(cast).weekly) == 1 and not saved(cast).days


def test_hours_get_their_dates_by_a_plain_form(cast, mine):
    client, path = mine
    form = {
        "day_of_week": "3",
        "start_time": "08:00",
        "end_time": "10:00",
        "mode": "in_person",
        "is_active": "on",
        "effective_from": "2026-12-01",
        "effective_until": "2026-11-01",
    }
    answer = client.post(path + "add/", form)
    assert answer.status_code == 400 and "must not be before the first" in text(answer)
    assert client.post(path + "add/", form | {"effective_until": "2026-12-31"}).status_code == 302
    (entry,) = saved(cast).weekly
    assert (entry.window.effective_from, entry.window.effective_until) == (date(2026, 12, 1), date(2026, 12, 31))
    with clinic_context(cast.uzima):
        pk = DoctorAvailability.objects.get().pk
    assert 'value="2026-12-31"' in client.get(f"{path}{pk}/").content.decode()
    client.post(f"{path}{pk}/switch/", {"active": "0"})
    (entry,) = saved(cast).weekly
    assert not entry.is_active and entry.window.effective_until == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"date": "2026-11-23"}, "This day is past"),
        ({"date": "2026-12-25", "start_time": "09:00"}, "Give both times, or neither"),
        ({"date": "2026-12-25", "start_time": "09:00", "end_time": "08:00"}, "must end after they begin"),
        ({"date": "2026-12-25", "mode": "letter"}, "valid choice"),
        ({"date": "2026-02-31"}, "valid date"),
        ({"date": "9999-12-31"}, "too far away"),
        ({}, "required"),
    ],
)
def test_a_day_that_makes_no_sense_is_explained(cast, mine, data, words):
    client, path = mine
    answer = client.post(path + "days/", data)
    assert answer.status_code == 400
    assert words in text(answer)
    assert nothing_changed(cast)


def test_a_day_is_closed_and_opened_again_by_plain_forms(cast, door):
    client, path = door
    factories.make_window(cast.doctor, 5, "08:00", "12:00")
    factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 12, 25, 6, tzinfo=UTC))
    day = {"date": "2026-12-25", "mode": "", "start_time": "", "end_time": ""}
    asked = client.post(path + "days/", day)
    assert asked.status_code == 409 and "Amina Hassan" in text(asked)
    assert client.post(path + "days/", {**day, "confirmed": "1"}).status_code == 302
    assert client.post(path + "days/", {**day, "confirmed": "1"}).status_code == 409  # once is enough
    with clinic_context(cast.uzima):
        entry = AvailabilityException.objects.get()
    assert f"{path}days/{entry.pk}/remove/" in client.get(path).content.decode()
    assert client.get(f"{path}days/{entry.pk}/remove/").status_code == 200
    assert client.post(f"{path}days/{entry.pk}/remove/").status_code == 302
    assert saved(cast).days == ()


def test_who_may(cast, at_clinic):
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")
    data = sent(cast, row(MONDAY, "08:00", "12:00"))
    path = desk(cast)
    for person in (cast.staff, factories.make_staff(cast.uzima, "pharmacist"), colleague.user, cast.patient.user):
        assert at_clinic(cast.uzima, person).post(path + "save/", data).status_code == 403
    assert at_clinic(cast.uzima).post(path + "save/", data).status_code == 302
    outside = factories.make_staff(cast.pwani, "owner")
    assert at_clinic(cast.uzima, outside).post(path + "save/", data).status_code == 403
    # In their own clinic's admin this doctor does not exist.
    assert at_clinic(cast.pwani, outside).post(path + "save/", data).status_code == 404
    assert not saved(cast).weekly and nothing_changed(cast)
    assert at_clinic(cast.uzima, cast.owner).post(path + "save/", data).status_code == 302
    assert len(saved(cast).weekly) == 1


def test_another_doctors_days_and_changes_are_not_found(cast, mine):
    client, path = mine
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")
    with clinic_context(cast.uzima):
        day = AvailabilityException.objects.create(doctor=colleague, date=date(2026, 12, 25))
        change = AvailabilityRevision.objects.create(doctor=colleague, before={"weekly": [], "days": []}, after="x")
    assert client.post(f"{path}days/{day.pk}/remove/").status_code == 404
    assert client.post(f"{path}undo/{change.pk}/").status_code == 404
    with clinic_context(cast.uzima):
        assert AvailabilityException.objects.exists()


def test_the_week_page_follows_dates_and_days_that_differ(cast, mine):
    client, _path = mine
    factories.make_window(cast.doctor, WEDNESDAY, "08:00", "12:00", effective_until=date(2026, 11, 30))
    factories.make_window(cast.doctor, 4, "08:00", "12:00")
    with clinic_context(cast.uzima):
        AvailabilityException.objects.create(
            doctor=cast.doctor, date=date(2026, 12, 3), start_time=time(14), end_time=time(16)
        )
    this, after = (
        {
            day.day: [(b.start, b.end) for b in day.windows]
            for day in client.get(f"/workspace/calendar/{q}").context["week"].days
        }
        for q in ("?week=2026-11-23", "?week=2026-11-30")
    )
    assert (this[date(2026, 11, 25)], this[date(2026, 11, 26)]) == ([(480, 720)], [(480, 720)])
    assert (after[date(2026, 12, 2)], after[date(2026, 12, 3)]) == ([], [(840, 960)])


def test_a_clinic_abroad_counts_the_days_of_its_own_calendar(cast, mine, monkeypatch):
    client, path = mine
    cast.uzima.settings = {"time_zone": "America/New_York"}
    cast.uzima.save(update_fields=["settings"])
    monkeypatch.setattr("precta.clock.now", lambda: datetime(2026, 10, 31, 2, tzinfo=UTC))  # still the 30th there
    data = sent(cast, row(0, "00:00", "03:00"), differs("2026-10-30", "22:30", "00:00", "video"))
    days = {day.day: day for day in client.post(path + "preview/", data).context["preview"].days}
    assert [moment for moment, _ in days[date(2026, 10, 30)].modes[1].times] == ["23:00", "23:30"]
    # The clocks go back on the 1st of November: every time on the wall once.
    assert [moment for moment, _ in days[date(2026, 11, 1)].modes[0].times] == [
        f"{hour:02d}:{minute:02d}" for hour in range(3) for minute in (0, 30)
    ]
