"""Suspending a clinic gives its patients their money back, and keeps their history."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from appointments import tasks
from appointments.models import Appointment
from appointments.services.cancellation import cancel_appointment
from appointments.services.projections import refresh_clinic
from appointments.services.suspension import refund_future_visits
from clinics.models import Clinic
from clinics.services.suspension import reactivate_clinic, suspend_clinic
from precta.audit.models import AuditLog
from precta.hosts import clinic_url
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import broken_invariants, paid_visit, refunds_of


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def visits(cast, now):
    elsewhere = paid_visit(cast.patient, cast.other_doctor, now + timedelta(days=3), now=now)
    return {
        "coming": paid_visit(cast.patient, cast.doctor, now + timedelta(minutes=30), now=now),
        "held": factories.make_appointment(
            cast.other_patient, cast.doctor, now + timedelta(days=1), status="pending_payment", fee=Decimal(2500)
        ),
        "past": paid_visit(cast.patient, cast.doctor, now - timedelta(days=1), now=now, status="completed"),
        "elsewhere": elsewhere,
    }


def statuses(visits):
    found = {}
    for name, visit in visits.items():
        with clinic_context(visit.clinic):
            found[name] = Appointment.objects.get(pk=visit.pk).status
    return found


def test_suspending_cancels_what_is_ahead_and_gives_everything_back(cast, visits):
    assert suspend_clinic(clinic=cast.uzima, by=cast.admin, reason="licence")
    event = OutboxEvent.objects.get(kind="clinic.suspended")
    assert AuditLog.objects.filter(action="clinic.suspended", user=cast.admin).exists()
    assert relay_event(event.pk)
    assert statuses(visits) == {
        "coming": "cancelled",
        "held": "cancelled",
        "past": "completed",
        "elsewhere": "confirmed",
    }
    assert refunds_of(visits["coming"]) == [Decimal(2500)]
    assert not refunds_of(visits["past"])
    assert not broken_invariants(cast.uzima)


def test_doing_it_again_changes_nothing(cast, visits):
    suspend_clinic(clinic=cast.uzima, by=cast.admin)
    assert not suspend_clinic(clinic=cast.uzima, by=cast.admin)
    with clinic_context(cast.uzima):
        assert refund_future_visits(clinic=cast.uzima) == 2
        assert refund_future_visits(clinic=cast.uzima) == 0
    assert refunds_of(visits["coming"]) == [Decimal(2500)]
    assert OutboxEvent.objects.filter(kind="clinic.suspended").count() == 1


def test_an_open_clinic_loses_no_visit(cast, visits):
    suspend_clinic(clinic=cast.uzima, by=cast.admin)
    assert reactivate_clinic(clinic=cast.uzima, by=cast.admin)
    with clinic_context(cast.uzima):
        assert refund_future_visits(clinic=cast.uzima) == 0
    assert Clinic.objects.get(pk=cast.uzima.pk).status == "active"


def test_a_visit_paid_while_the_clinic_was_being_suspended_is_found_later(cast, visits, now):
    suspend_clinic(clinic=cast.uzima, by=cast.admin)
    with clinic_context(cast.uzima):
        refund_future_visits(clinic=cast.uzima)
    late = paid_visit(cast.patient, cast.doctor, now + timedelta(days=5), now=now)
    tasks.refund_suspended_all.delay()
    assert refunds_of(late) == [Decimal(2500)]


def test_one_visit_in_trouble_keeps_nobody_elses_money(cast, visits, monkeypatch, now):
    suspend_clinic(clinic=cast.uzima, by=cast.admin)
    later = paid_visit(cast.patient, cast.doctor, now + timedelta(days=5), now=now)

    def cancel(*, appointment, **wishes):
        if appointment.pk == visits["coming"].pk:
            raise ArithmeticError
        return cancel_appointment(appointment=appointment, **wishes)

    monkeypatch.setattr("appointments.services.suspension.cancel_appointment", cancel)
    with clinic_context(cast.uzima):
        refund_future_visits(clinic=cast.uzima)
    assert refunds_of(later) == [Decimal(2500)]
    assert not refunds_of(visits["coming"])


@pytest.mark.parametrize("url", ["/clinics/clinic/{clinic}/opening/", "/accounts/user/{user}/access/"])
def test_a_reason_with_characters_that_cannot_be_kept_is_kept_without_them(cast, at_admin, url):
    url = url.format(clinic=cast.uzima.pk, user=cast.other_patient.pk)
    assert at_admin(cast.admin).post(url, {"action": "suspend", "reason": "no\x00 licence"}).status_code == 302
    assert AuditLog.objects.get(action__endswith=".suspended").details == {"reason": "no licence"}


def test_the_patient_still_finds_the_visits_under_me(cast, visits, at_platform):
    suspend_clinic(clinic=cast.uzima, by=cast.admin)
    with clinic_context(cast.uzima):
        refund_future_visits(clinic=cast.uzima)
    page = at_platform(cast.patient.user).get("/me/appointments/", {"when": "cancelled"}).content.decode()
    assert "The clinic is closed for now, so the visit was cancelled. Refund: KES\xa02,500." in page


def test_a_platform_admin_suspends_a_clinic_and_opens_it_again(cast, at_admin, at_clinic):
    client = at_admin(cast.admin)
    url = f"/clinics/clinic/{cast.uzima.pk}/opening/"
    assert "all of the money goes back" in client.get(url).content.decode()
    client.post(url, {"action": "suspend", "reason": "licence"})
    assert at_clinic(cast.uzima).get("/").status_code == 404
    client.post(url, {"action": "reactivate"})
    assert at_clinic(cast.uzima).get("/").status_code == 200
    acts = AuditLog.objects.filter(action__in=["clinic.suspended", "clinic.reactivated"], user=cast.admin)
    assert acts.count() == 2


def test_a_screen_left_alone_suspends_no_clinic(cast, at_admin):
    url = f"/clinics/clinic/{cast.uzima.pk}/opening/"
    answer = at_admin(cast.admin, minutes_ago=11).post(url, {"action": "suspend", "reason": "licence"})
    assert answer.status_code == 302 and "/confirm/?next=" in answer["Location"]
    assert Clinic.objects.get(pk=cast.uzima.pk).status == "active"


def test_nobody_else_suspends_a_clinic(cast, at_admin, at_platform):
    for client in (at_admin(), at_admin(cast.owner), at_platform(cast.admin)):
        response = client.post(f"/clinics/clinic/{cast.uzima.pk}/opening/", {"action": "suspend"})
        assert response.status_code in {302, 403, 404}
    assert Clinic.objects.get(pk=cast.uzima.pk).status == "active"


def test_those_who_answer_for_the_clinic_are_told_in_their_language(cast):
    manager = factories.make_staff(cast.uzima, "manager")
    factories.make_patient(user=manager, preferred_language="sw")
    gone = factories.make_staff(cast.uzima, "owner")
    type(gone).objects.filter(pk=gone.pk).update(status="suspended")
    suspend_clinic(clinic=cast.uzima, by=cast.admin, reason="licence")
    for event in OutboxEvent.objects.filter(kind="clinic.suspended"):
        assert relay_event(event.pk)
        relay_event(event.pk)
    told = Notification.objects.filter(title__contains="Uzima Clinic", channel="email")
    assert dict(told.values_list("user_id", "language")) == {cast.owner.pk: "en", manager.pk: "sw"}
    reactivate_clinic(clinic=cast.uzima, by=cast.admin)
    for event in OutboxEvent.objects.filter(kind="clinic.reactivated"):
        assert relay_event(event.pk)
    again = Notification.objects.get(title__contains="open again", channel="email", user=cast.owner)
    assert again.data["url"] == clinic_url(cast.uzima, "admin:index")


def test_doctors_are_out_of_the_search_at_once_and_come_back_with_their_free_times(cast, at_platform):
    factories.make_full_week(cast.doctor)
    refresh_clinic(cast.uzima)
    found = f"/doctors/{cast.doctor.pk}/"
    assert found in at_platform().get("/doctors/").content.decode()
    suspend_clinic(clinic=cast.uzima, by=cast.admin)
    assert found not in at_platform().get("/doctors/").content.decode()
    assert at_platform().get(found).status_code == 404
    assert "Uzima Clinic" not in at_platform().get("/clinics/").content.decode()
    type(cast.doctor).objects.filter(pk=cast.doctor.pk).update(next_slots={}, next_available_at=None)
    reactivate_clinic(clinic=cast.uzima, by=cast.admin)
    for event in OutboxEvent.objects.filter(kind="clinic.changed", relayed_at=None):
        assert relay_event(event.pk)
    assert found in at_platform().get("/doctors/").content.decode()
    assert type(cast.doctor).objects.get(pk=cast.doctor.pk).next_slots["in_person"]
