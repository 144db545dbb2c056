"""Who is told what when something happens to a visit, in which words and language."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django.utils.translation import gettext, override

from accounts.models import Guardianship
from accounts.services.users import suspend_user
from appointments import reasons
from appointments.notices.recipients import managers
from clinics.models import Membership
from precta.ids import new_id
from precta.notifications.models import Channel, Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests.factories import make_appointment, make_patient, make_user

pytestmark = pytest.mark.django_db

AT = datetime(2030, 11, 26, 11, 30, tzinfo=UTC)


@pytest.fixture
def visit(cast):
    return make_appointment(cast.patient, cast.doctor, AT, notes="HIV test")


def happen(clinic, kind, **payload):
    with clinic_context(clinic):
        event = OutboxEvent.objects.create(kind=kind, payload=payload)
        assert relay_event(event.pk), event.last_error
    return event


def told(user, channel=Channel.PUSH):
    return Notification.objects.filter(user=user, channel=channel).order_by("created_at")


def pay(visit, amount=Decimal(2500)):
    return Payment.objects.create(
        user=visit.booked_by,
        type="appointment",
        subject_id=visit.pk,
        amount=amount,
        method="mpesa",
        status="completed",
        paid_at=timezone.now(),
        provider_reference=f"clinicxx-{new_id()}",
    )


def pay_in(clinic, visit):
    with clinic_context(clinic):
        return pay(visit)


def test_a_confirmed_visit_is_told_to_the_patient_by_mail_and_inbox_and_to_the_doctor_by_inbox(cast, visit):
    happen(cast.uzima, "appointment.confirmed", appointment_id=visit.pk)
    row = told(cast.patient.user).get()
    assert row.title == "Your visit is confirmed"
    assert "Tue 26 Nov 2030, 14:30 (EAT) with Dr Achieng Njoroge, Uzima Clinic" in row.body
    assert row.data["url"] == f"http://uzima.precta.localhost:8000/appointments/{visit.pk}/"
    assert told(cast.patient.user, Channel.EMAIL).count() == 1
    assert told(cast.doctor.user).count() == 1
    assert not told(cast.doctor.user, Channel.EMAIL).exists()


def test_nothing_that_a_patient_wrote_or_suffers_from_is_ever_told(cast, visit):
    for kind in ("confirmed", "cancelled", "displaced", "reminder", "expired"):
        happen(cast.uzima, f"appointment.{kind}", appointment_id=visit.pk, side="doctor")
    assert Notification.objects.exists()
    for row in Notification.objects.all():
        assert "HIV" not in row.title + row.body + str(row.data)
        assert "aediatric" not in row.title + row.body


@pytest.mark.parametrize("how", ["suspended", "rejected"])
def test_patients_of_a_doctor_who_is_barred_are_told_once_that_they_may_cancel(cast, visit, how):
    gone = make_appointment(cast.other_patient, cast.doctor, AT - timedelta(days=1), status="cancelled", refund_due=0)
    happen(cast.uzima, "doctor.changed", doctor_id=cast.doctor.pk)
    assert not Notification.objects.exists()
    if how == "suspended":
        assert suspend_user(user=cast.doctor.user, by=cast.admin)
    else:
        type(cast.doctor).objects.filter(pk=cast.doctor.pk).update(verification_status="rejected")
    for _again in range(2):
        happen(cast.uzima, "doctor.changed", doctor_id=cast.doctor.pk)
    row = told(cast.patient.user).get()
    assert row.title == "Your doctor sees no patients at the moment"
    assert "get everything back" in row.body and row.data["url"].endswith(f"/appointments/{visit.pk}/")
    assert told(cast.patient.user, Channel.EMAIL).count() == 1
    assert not told(gone.patient.user).exists()


def test_suspending_a_doctor_tells_the_patients_by_itself(cast, visit, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert suspend_user(user=cast.doctor.user, by=cast.admin)
    assert told(cast.patient.user).get().title == "Your doctor sees no patients at the moment"


@pytest.mark.parametrize(
    ("how", "title"), [("confirmed", "Your visit is confirmed"), ("rescheduled", "Your visit has a new time")]
)
def test_a_time_paid_after_its_doctor_was_barred_is_told_to_be_confirmed_or_moved_and_then_this(cast, how, title):
    old = make_appointment(cast.patient, cast.doctor, AT - timedelta(days=1), status="cancelled", refund_due=0)
    visit = make_appointment(cast.patient, cast.doctor, AT, rescheduled_from=old)
    type(cast.doctor).objects.filter(pk=cast.doctor.pk).update(verification_status="rejected")
    happen(cast.uzima, f"appointment.{how}", appointment_id=visit.pk, from_id=old.pk)
    happen(cast.uzima, "doctor.changed", doctor_id=cast.doctor.pk)
    assert [row.title for row in told(cast.patient.user)] == [title, "Your doctor sees no patients at the moment"]


def test_relaying_the_same_event_again_tells_nobody_twice(cast, visit):
    event = happen(cast.uzima, "appointment.confirmed", appointment_id=visit.pk)
    with clinic_context(cast.uzima):
        OutboxEvent.objects.filter(pk=event.pk).update(relayed_at=None, next_attempt_at=timezone.now())
        relay_event(event.pk)
    assert told(cast.patient.user).count() == 1


def test_a_childs_visit_is_told_to_those_who_look_after_the_child(cast):
    child = make_patient("Baraka", "Hassan", user=make_user("baraka@no-mail.invalid"))
    Guardianship.objects.create(guardian=cast.patient, child=child)
    visit = make_appointment(child, cast.doctor, AT, booked_by=cast.patient.user)
    happen(cast.uzima, "appointment.confirmed", appointment_id=visit.pk)
    assert "The visit is for Baraka." in told(cast.patient.user).get().body
    assert not told(child.user).exists()


NEWS = ("confirmed", "cancelled", "displaced", "reminder")


@pytest.mark.parametrize("over", ["come of age", "ended"])
@pytest.mark.parametrize("phone", ["", "+254722000111"])
def test_whose_guardianship_is_over_is_told_nothing_more_of_a_visit_they_booked(cast, over, phone):
    child = make_patient(
        "Baraka",
        "Hassan",
        user=make_user("baraka@no-mail.invalid"),
        date_of_birth="2001-02-03" if over == "come of age" else "2025-02-03",
        contact_phone=phone,
    )
    ended_at = timezone.now() if over == "ended" else None
    Guardianship.objects.create(guardian=cast.patient, child=child, ended_at=ended_at)
    visit = make_appointment(child, cast.doctor, AT, booked_by=cast.patient.user)
    for kind in NEWS:
        happen(cast.uzima, f"appointment.{kind}", appointment_id=visit.pk, side="doctor")
    assert not Notification.objects.filter(user=cast.patient.user).exists()
    assert Notification.objects.filter(user=child.user).exists() == bool(phone)


def test_when_nobody_can_be_told_that_a_visit_is_off_the_clinics_leaders_are(cast):
    alone = make_patient("Baraka", "Hassan", user=make_user("baraka@no-mail.invalid"))
    off = make_appointment(alone, cast.doctor, AT, status="cancelled", refund_due=0, booked_by=cast.staff)
    happen(cast.uzima, "appointment.cancelled", appointment_id=off.pk, side="doctor")
    row = told(cast.owner).get()
    assert row.title == "A patient could not be told"
    assert "Tue 26 Nov 2030, 14:30 (EAT)" in row.body and "Baraka" not in row.body
    # Who can be told is, and nobody else hears of it.
    other = make_appointment(cast.patient, cast.doctor, AT, status="cancelled", refund_due=0)
    happen(cast.uzima, "appointment.cancelled", appointment_id=other.pk, side="doctor")
    assert told(cast.owner).count() == 1
    # Nor when the patient wished it, at the desk.
    happen(cast.uzima, "appointment.cancelled", appointment_id=off.pk, side="clinic", cause="patient")
    assert told(cast.owner).count() == 1


def test_a_doctor_who_leads_the_clinic_is_told_both_of_the_visit_and_of_whom_nobody_reached(cast):
    alone = make_patient("Baraka", "Hassan", user=make_user("baraka@no-mail.invalid"))
    off = make_appointment(alone, cast.doctor, AT, status="cancelled", refund_due=0, booked_by=cast.staff)
    Membership.objects.create(user=cast.doctor.user, clinic=cast.uzima, role="manager")
    happen(cast.uzima, "appointment.cancelled", appointment_id=off.pk, side="clinic")
    assert told(cast.doctor.user).count() == 2


def test_those_who_work_at_the_clinic_are_told_in_the_language_of_their_account(cast, visit):
    for user in (cast.doctor.user, cast.owner):
        make_patient(user=user, preferred_language="sw")
    happen(cast.uzima, "appointment.confirmed", appointment_id=visit.pk)
    happen(cast.uzima, "payment.mismatch", payment_id=pay_in(cast.uzima, visit).pk)
    for user in (cast.doctor.user, cast.owner):
        row = told(user).get()
        assert row.language == "sw"
        with override("sw"):
            assert row.title in {gettext("New visit booked"), gettext("A payment does not match")}
        assert row.title not in {"New visit booked", "A payment does not match"}


def test_news_of_a_suspended_clinic_leads_where_its_patients_can_read_it(cast):
    visit = make_appointment(cast.patient, cast.doctor, AT, status="cancelled", refund_due=Decimal(0))
    type(cast.uzima).objects.filter(pk=cast.uzima.pk).update(status="suspended")
    happen(cast.uzima, "appointment.cancelled", appointment_id=visit.pk, side="clinic")
    assert told(cast.patient.user).get().data["url"] == "http://precta.localhost:8000/me/appointments/"


def test_people_are_told_in_their_own_language(cast, visit):
    cast.patient.preferred_language = "sw"
    cast.patient.save()
    happen(cast.uzima, "appointment.confirmed", appointment_id=visit.pk)
    assert told(cast.patient.user).get().language == "sw"


def test_a_cancellation_says_who_cancelled_and_what_goes_back(cast):
    visit = make_appointment(cast.patient, cast.doctor, AT, status="cancelled", refund_due=Decimal(1250))
    happen(cast.uzima, "appointment.cancelled", appointment_id=visit.pk, side="patient")
    body = told(cast.patient.user).get().body
    assert "You cancelled this visit." in body
    assert "KES\u00a01,250 goes back to you" in body
    assert told(cast.doctor.user).count() == 1


def test_a_visit_that_moved_is_told_once_as_moved_and_not_as_cancelled(cast):
    old = make_appointment(cast.patient, cast.doctor, AT, status="cancelled", cancellation_reason=reasons.RESCHEDULED)
    new = make_appointment(cast.patient, cast.doctor, AT + timedelta(days=1), rescheduled_from=old)
    happen(cast.uzima, "appointment.cancelled", appointment_id=old.pk, side="patient")
    happen(cast.uzima, "appointment.rescheduled", appointment_id=new.pk, from_id=old.pk)
    row = told(cast.patient.user).get()
    assert row.title == "Your visit has a new time"
    assert "26 Nov" in row.body
    assert "27 Nov" in row.body


def test_a_reminder_that_comes_after_the_visit_began_is_not_sent(cast):
    visit = make_appointment(cast.patient, cast.doctor, timezone.now() - timedelta(minutes=1))
    happen(cast.uzima, "appointment.reminder", appointment_id=visit.pk)
    assert not told(cast.patient.user).exists()


def test_money_that_came_too_late_is_told_with_the_refund(cast):
    visit = make_appointment(cast.patient, cast.doctor, AT, status="cancelled", refund_due=Decimal(2500))
    with clinic_context(cast.uzima):
        refund = Refund.objects.create(
            payment=pay(visit), key="late", subject_id=visit.pk, amount=2500, reason=reasons.MONEY_TOO_LATE
        )
    happen(cast.uzima, "refund.queued", refund_id=refund.pk)
    assert told(cast.patient.user).get().title == "Your payment came too late"


def test_money_that_came_twice_is_told_when_it_went_back(cast, visit):
    with clinic_context(cast.uzima):
        first, second = pay(visit), pay(visit)
        Payment.objects.filter(pk=second.pk).update(duplicate_of=first, subject_id=second.pk)
        refund = Refund.objects.create(
            payment=second, key="duplicate", subject_id=second.pk, amount=2500, reason="paid twice", status="processed"
        )
    happen(cast.uzima, "refund.processed", refund_id=refund.pk)
    assert told(cast.patient.user).get().title == "Your money is on its way back"


def test_a_refund_that_fails_is_told_to_owners_and_managers_only(cast):
    visit = make_appointment(cast.patient, cast.doctor, AT, status="cancelled", refund_due=Decimal(2500))
    with clinic_context(cast.uzima):
        refund = Refund.objects.create(
            payment=pay(visit), key="cancel", subject_id=visit.pk, amount=2500, reason="cancelled", status="failed"
        )
    happen(cast.uzima, "refund.failed", refund_id=refund.pk)
    assert told(cast.owner).count() == 1
    assert not told(cast.staff).exists()
    assert not told(cast.patient.user).exists()


def test_an_event_of_a_visit_that_is_gone_is_relayed_quietly(cast):
    for kind in ("confirmed", "cancelled", "rescheduled", "expired", "displaced", "reinstated", "reminder"):
        happen(cast.uzima, f"appointment.{kind}", appointment_id="gone")
    assert not Notification.objects.exists()


def test_managers_who_are_suspended_read_nothing_of_the_clinics_money(cast):
    assert cast.owner in [person.user for person in managers(cast.uzima)]
    type(cast.owner).objects.filter(pk=cast.owner.pk).update(status="suspended")
    assert cast.owner not in [person.user for person in managers(cast.uzima)]
