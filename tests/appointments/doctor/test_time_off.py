"""Time off, and the patients who were booked in it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Guardianship
from appointments.exceptions import TimeOffInPast, TimeOffOverlaps, TimeOffReversed, VisitsInTheWay
from appointments.models import Appointment, TimeOff
from appointments.services import time_off as service
from appointments.services.cancellation import quote_refund
from clinics.models import Clinic
from precta.audit.models import AuditLog
from precta.ids import new_id
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)  # Tuesday noon in Nairobi
TOMORROW = NOW + timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr("precta.clock.now", lambda: NOW)


def add(cast, starts_at=TOMORROW - HOUR, ends_at=TOMORROW + HOUR, **extra):
    return service.add_time_off(
        doctor=cast.doctor, by_user=cast.doctor.user, starts_at=starts_at, ends_at=ends_at, now=NOW, **extra
    )


def paid_visit(cast, at=TOMORROW, patient=None, amount="2500.00"):
    visit = factories.make_appointment(patient or cast.patient, cast.doctor, at, fee=Decimal(amount))
    with clinic_context(cast.uzima):
        payment = Payment.objects.create(
            user=visit.booked_by,
            type="appointment",
            subject_id=visit.pk,
            amount=visit.fee,
            method="mpesa",
            status="completed",
            provider_reference=f"{cast.uzima.code}-{new_id()}",
            paid_at=timezone.now(),
        )
        Appointment.objects.filter(pk=visit.pk).update(payment=payment)
    return visit


def relay_all():
    OutboxEvent.objects.update(next_attempt_at=NOW - timedelta(days=9))
    for event in OutboxEvent.objects.filter(relayed_at__isnull=True):
        assert relay_event(event.pk, now=NOW)


def told(user, **query):
    return Notification.objects.filter(user=user, channel="push", **query)


def test_each_patient_in_the_way_is_told_once_and_keeps_the_visit(cast, in_uzima):
    visit = paid_visit(cast)
    time_off = add(cast)
    relay_all()
    OutboxEvent.objects.update(relayed_at=None)
    relay_all()
    message = told(cast.patient.user).get()
    assert f"/appointments/{visit.pk}/" in message.data["url"]
    assert "Wed 25 Nov 2026, 12:00 (EAT) with Dr Achieng Njoroge" in message.body
    assert "get everything back" in message.body
    visit.refresh_from_db()
    assert visit.status == "confirmed"
    entry = AuditLog.objects.get(action="time_off.added")
    assert (entry.resource_id, entry.details["visits"]) == (time_off.pk, [visit.pk])


def test_a_childs_guardian_is_told_and_never_the_staff_who_booked(cast, in_uzima):
    child = factories.make_patient("Baraka", "Hassan", email="baraka@no-mail.invalid")
    child.date_of_birth = NOW.date() - timedelta(days=2000)
    child.save()
    Guardianship.objects.create(guardian=cast.patient, child=child)
    factories.make_appointment(child, cast.doctor, TOMORROW, booked_by=cast.patient.user)
    factories.make_appointment(cast.other_patient, cast.doctor, TOMORROW + HOUR / 2, booked_by=cast.staff)
    add(cast)
    relay_all()
    assert told(cast.patient.user).count() == 1
    assert told(cast.other_patient.user).count() == 1
    assert not told(child.user).exists()
    assert not told(cast.staff).exists()


def test_a_displaced_patient_gets_everything_back_however_late(cast, in_uzima):
    visit = paid_visit(cast, at=NOW + HOUR)
    visit.clinic = in_uzima
    assert quote_refund(appointment=visit, by="patient", now=NOW).amount == 0
    add(cast, NOW, NOW + 2 * HOUR)
    assert quote_refund(appointment=visit, by="patient", now=NOW).amount == Decimal("2500.00")


def test_visits_beside_the_time_off_are_left_alone(cast, in_uzima):
    before = factories.make_appointment(cast.patient, cast.doctor, TOMORROW - timedelta(minutes=90), buffer_minutes=20)
    after = factories.make_appointment(cast.patient, cast.doctor, TOMORROW + HOUR)
    add(cast)
    assert not service.is_displaced(before)
    assert not service.is_displaced(after)
    assert not OutboxEvent.objects.filter(kind="appointment.displaced").exists()


def test_cancelling_all_at_once_pays_everything_back_and_tells_once(cast, in_uzima):
    visits = [paid_visit(cast), paid_visit(cast, TOMORROW + HOUR / 2, cast.other_patient)]
    add(cast, cancel_visits=True, shown=[visit.pk for visit in visits])
    for visit in visits:
        visit.refresh_from_db()
        assert (visit.status, visit.refund_due, visit.cancelled_by_id) == (
            "cancelled",
            Decimal("2500.00"),
            cast.doctor.pk,
        )
    assert sum(refund.amount for refund in Refund.objects.all()) == Decimal("5000.00")
    assert not OutboxEvent.objects.filter(kind="appointment.displaced").exists()
    assert OutboxEvent.objects.filter(kind="appointment.cancelled").count() == 2


def test_a_visit_that_the_doctor_was_not_shown_stops_everything(cast, in_uzima):
    visit = paid_visit(cast)
    with pytest.raises(VisitsInTheWay) as refused:
        add(cast, cancel_visits=True, shown=[])
    assert refused.value.visits == [visit]
    visit.refresh_from_db()
    assert visit.status == "confirmed"
    assert not TimeOff.objects.exists()
    assert not OutboxEvent.objects.exists()
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "error"),
    [
        (TOMORROW, TOMORROW, TimeOffReversed),
        (TOMORROW, TOMORROW - HOUR, TimeOffReversed),
        (NOW - 2 * HOUR, NOW, TimeOffInPast),
        (NOW - timedelta(days=1), TOMORROW, TimeOffInPast),
    ],
)
def test_a_reversed_or_past_range_is_refused(cast, in_uzima, starts_at, ends_at, error):
    with pytest.raises(error):
        add(cast, starts_at, ends_at)
    assert not TimeOff.objects.exists()
    assert not OutboxEvent.objects.exists()
    assert not AuditLog.objects.filter(action="time_off.added").exists()


def test_a_range_that_began_earlier_today_begins_now(cast, in_uzima):
    earlier = factories.make_appointment(cast.patient, cast.doctor, NOW - HOUR)
    assert add(cast, NOW - 3 * HOUR, NOW + HOUR).starts_at == NOW
    assert not service.is_displaced(earlier)


def test_times_off_do_not_overlap_but_may_touch(cast, in_uzima):
    first = add(cast)
    with pytest.raises(TimeOffOverlaps) as refused:
        add(cast, TOMORROW, TOMORROW + 3 * HOUR)
    assert refused.value.other == first
    add(cast, TOMORROW + HOUR, TOMORROW + 2 * HOUR)
    assert TimeOff.objects.count() == 2


def test_removing_it_tells_those_who_waited_that_their_visit_stands(cast, in_uzima):
    factories.make_appointment(cast.patient, cast.doctor, TOMORROW)
    time_off = add(cast)
    relay_all()
    service.remove_time_off(doctor=cast.doctor, by_user=cast.doctor.user, time_off_id=time_off.pk, now=NOW)
    relay_all()
    assert told(cast.patient.user, title="Your visit takes place after all").count() == 1
    assert AuditLog.objects.filter(action="time_off.removed").count() == 1


@pytest.mark.parametrize("how", ["confirmed", "rescheduled"])
def test_a_held_time_that_is_paid_into_a_time_off_is_told_beside_its_confirmation_or_move(cast, in_uzima, how):
    moved = {}
    if how == "rescheduled":
        old = factories.make_appointment(cast.patient, cast.doctor, TOMORROW - 3 * HOUR, status="cancelled")
        moved = {"rescheduled_from": old}
    hold = factories.make_appointment(cast.patient, cast.doctor, TOMORROW, status="pending_payment", **moved)
    add(cast)
    relay_all()
    assert not told(cast.patient.user).exists()
    Appointment.objects.filter(pk=hold.pk).update(status="confirmed")
    OutboxEvent.objects.create(kind=f"appointment.{how}", payload={"appointment_id": hold.pk})
    relay_all()
    assert told(cast.patient.user, title="Your doctor is away at the time of your visit").count() == 1


def test_another_doctors_time_off_cannot_be_removed(cast, in_uzima):
    time_off = add(cast)
    colleague = factories.make_doctor(in_uzima, "Wanjiru", "Mwangi")
    with pytest.raises(TimeOff.DoesNotExist):
        service.remove_time_off(doctor=colleague, by_user=colleague.user, time_off_id=time_off.pk, now=NOW)
    assert TimeOff.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_sessions_that_take_overlapping_time_off_one_wins(cast):
    barrier = Barrier(2)
    outcomes: list[str] = []

    def session(starts_at):
        try:
            with clinic_context(cast.uzima):
                barrier.wait()
                add(cast, starts_at, starts_at + 2 * HOUR)
            outcomes.append("added")
        except TimeOffOverlaps:
            outcomes.append("overlaps")
        finally:
            connection.close()

    threads = [Thread(target=session, args=(at,)) for at in (TOMORROW, TOMORROW + HOUR)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["added", "overlaps"]
    with clinic_context(cast.uzima):
        assert TimeOff.objects.count() == 1


# The page


def form(first="2026-11-25", last="2026-11-25", from_time="", until_time="", **extra):
    return {"first_day": first, "last_day": last, "from_time": from_time, "until_time": until_time, **extra}


ADD = "/workspace/time-off/add/"


def test_the_page_shows_who_is_in_the_way_before_anything_is_saved(cast, at_clinic):
    visit = paid_visit(cast)
    client = at_clinic(cast.uzima, cast.doctor.user)
    preview = client.post(ADD, form())
    assert preview.status_code == 200
    assert "Amina Hassan" in preview.content.decode()
    assert "KES\u00a02,500 go back" in preview.content.decode()
    with clinic_context(cast.uzima):
        assert not TimeOff.objects.exists()
        assert not OutboxEvent.objects.exists()
    done = client.post(ADD, form(decision="cancel", shown=[visit.pk]))
    assert done.status_code == 302
    with clinic_context(cast.uzima):
        assert Appointment.objects.get(pk=visit.pk).status == "cancelled"
        off = TimeOff.objects.get()
    # The whole of Wednesday 25 November in Nairobi.
    assert off.starts_at == datetime(2026, 11, 24, 21, tzinfo=UTC)
    assert off.ends_at == datetime(2026, 11, 25, 21, tzinfo=UTC)


def test_a_visit_booked_after_the_preview_is_shown_before_it_is_cancelled(cast, at_clinic):
    visit = paid_visit(cast)
    client = at_clinic(cast.uzima, cast.doctor.user)
    later = factories.make_appointment(cast.other_patient, cast.doctor, TOMORROW + HOUR)
    again = client.post(ADD, form(decision="cancel", shown=[visit.pk]))
    assert again.status_code == 409
    assert "Peter Otieno" in again.content.decode()
    with clinic_context(cast.uzima):
        assert {each.status for each in Appointment.objects.filter(pk__in=[visit.pk, later.pk])} == {"confirmed"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (form(first="2026-11-23", last="2026-11-23"), "in the past"),
        (form(first="2026-11-26"), "must not be before the first"),
        (form(last="2028-11-25"), "a year at most"),
        (form(last="9999-12-31"), "a year at most"),
        (form(first="0001-01-01", last="0001-01-01"), "of this century"),
        (form(first="2026-02-31"), "valid date"),
        (form(from_time="15:00", until_time="14:00"), "after the beginning"),
        (form(from_time="25:00"), "valid time"),
    ],
)
def test_a_range_that_makes_no_sense_is_explained(cast, at_clinic, data, words):
    answer = at_clinic(cast.uzima, cast.doctor.user).post(ADD, data)
    assert answer.status_code in {400, 409}
    assert words in answer.content.decode()
    with clinic_context(cast.uzima):
        assert not TimeOff.objects.exists()


def test_a_time_that_the_clocks_skip_is_refused_and_one_that_repeats_is_covered_whole(cast, at_clinic):
    Clinic.objects.filter(pk=cast.uzima.pk).update(settings={"time_zone": "Europe/London"})
    client = at_clinic(cast.uzima, cast.doctor.user)
    refused = client.post(ADD, form("2027-03-28", "2027-03-28", "01:30", "05:00"))
    assert refused.status_code == 400
    assert "The clocks go forward on that day: 01:30 does not exist" in refused.content.decode()
    client.post(ADD, form("2027-10-31", "2027-10-31", "01:15", "01:45"))
    with clinic_context(cast.uzima):
        off = TimeOff.objects.get()
    assert off.starts_at == datetime(2027, 10, 31, 0, 15, tzinfo=UTC)
    assert off.ends_at == datetime(2027, 10, 31, 1, 45, tzinfo=UTC)


def test_a_stranger_and_another_clinics_doctor_can_take_no_time_off_here(cast, at_clinic):
    for user, status in ((None, 302), (cast.patient.user, 403), (cast.other_doctor.user, 403), (cast.staff, 403)):
        assert at_clinic(cast.uzima, user).post(ADD, form()).status_code == status
    with clinic_context(cast.uzima):
        assert not TimeOff.objects.exists()
        assert not OutboxEvent.objects.exists()


def test_the_list_shows_who_has_not_chosen_yet(cast, at_clinic):
    factories.make_appointment(cast.patient, cast.doctor, TOMORROW)
    with clinic_context(cast.uzima):
        time_off = add(cast)
    client = at_clinic(cast.uzima, cast.doctor.user)
    listed = client.get("/workspace/time-off/").content.decode()
    assert "Wed 25 Nov 2026, 11:00 – 13:00" in listed
    assert "Amina Hassan" in listed
    client.post(f"/workspace/time-off/{time_off.pk}/remove/")
    with clinic_context(cast.uzima):
        assert not TimeOff.objects.exists()
    assert client.post(f"/workspace/time-off/{time_off.pk}/remove/").status_code == 404
