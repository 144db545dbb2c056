"""The one reader that crosses clinic schemas."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Guardianship
from accounts.selectors import patients_of
from appointments import reasons
from appointments.selectors_across import VisitKind, clinics_of, visits_across
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


@pytest.fixture
def visits(cast):
    """Amina is known at both clinics; Peter at Uzima."""
    factories.link_patient(cast.patient, cast.pwani)
    factories.link_patient(cast.other_patient, cast.uzima)
    make = factories.make_appointment
    return {
        "soon": make(cast.patient, cast.doctor, at(24)),
        "sooner": make(cast.patient, cast.other_doctor, at(3)),
        "past": make(cast.patient, cast.doctor, at(-48), status="completed"),
        "cancelled": make(cast.patient, cast.other_doctor, at(72), status="cancelled"),
        "moved": make(cast.patient, cast.doctor, at(96), status="cancelled", cancellation_reason=reasons.RESCHEDULED),
        "lapsed": make(
            cast.patient, cast.doctor, at(50), status="pending_payment", hold_expires_at=NOW - timedelta(minutes=1)
        ),
        "held": make(cast.patient, cast.doctor, at(30), status="pending_payment", hold_expires_at=at(0.2)),
        "peters": make(cast.other_patient, cast.doctor, at(5)),
    }


def read(user, kinds=tuple(VisitKind), **extra):
    people = list(patients_of(user))
    return visits_across(patients=people, clinics=clinics_of(people), kinds=kinds, now=NOW, **extra)


def ids(result):
    return [visit.id for visit in result.rows]


def test_coming_visits_of_all_clinics_stand_soonest_first(cast, visits):
    result = read(cast.patient.user, [VisitKind.COMING])
    assert ids(result) == [visits[name].pk for name in ("sooner", "soon", "held")]
    assert [visit.clinic.slug for visit in result.rows] == ["pwani", "uzima", "uzima"]


def test_a_hold_counts_as_cancelled_from_the_second_it_ends(cast, visits):
    result = read(cast.patient.user, [VisitKind.CANCELLED])
    assert visits["lapsed"].pk in ids(result)


def test_every_kind_is_counted_whichever_is_asked_for(cast, visits):
    counts = {VisitKind.COMING: 3, VisitKind.PAST: 1, VisitKind.CANCELLED: 3}
    assert read(cast.patient.user, [VisitKind.PAST]).counts == counts
    assert read(cast.patient.user, [VisitKind.PAST], first=100).counts == counts


def test_old_rows_of_moved_visits_can_be_left_out(cast, visits):
    result = read(cast.patient.user, [VisitKind.CANCELLED], with_moved=False)
    assert visits["moved"].pk not in ids(result)
    assert result.counts[VisitKind.CANCELLED] == 2


def test_nobody_sees_a_strangers_visits(cast, visits):
    assert ids(read(cast.other_patient.user)) == [visits["peters"].pk]
    assert not read(cast.staff).rows


def test_a_guardian_sees_the_childs_visits_until_the_guardianship_ends(cast, visits):
    child = factories.make_patient("Baraka", "Hassan")
    factories.link_patient(child, cast.pwani)
    link = Guardianship.objects.create(guardian=cast.other_patient, child=child)
    visit = factories.make_appointment(child, cast.other_doctor, at(10))
    assert visit.pk in ids(read(cast.other_patient.user))
    link.ended_at = timezone.now()
    link.save()
    assert visit.pk not in ids(read(cast.other_patient.user))


def test_visits_of_a_suspended_clinic_stay_in_the_history(cast, visits):
    cast.pwani.status = "suspended"
    cast.pwani.save()
    assert visits["sooner"].pk in ids(read(cast.patient.user))


def test_what_was_paid_and_given_back_is_summed_without_attempts_that_failed(cast, visits):
    with clinic_context(cast.uzima):
        common = {
            "user": cast.patient.user,
            "type": "appointment",
            "subject_id": visits["soon"].pk,
            "amount": Decimal(2500),
            "method": "mpesa",
        }
        paid = Payment.objects.create(provider_reference="a-1", status="completed", paid_at=NOW, **common)
        Payment.objects.create(provider_reference="a-2", status="failed", **common)
        back = {"payment": paid, "subject_id": visits["soon"].pk, "reason": "r"}
        Refund.objects.create(key="x", amount=Decimal(500), **back)
        Refund.objects.create(key="y", amount=Decimal(300), status="failed", **back)
    visit = next(v for v in read(cast.patient.user).rows if v.id == visits["soon"].pk)
    assert (visit.paid, visit.returned) == (Decimal(2500), Decimal(500))


def test_two_clinics_cost_one_statement_and_none_cost_nothing(cast, visits, django_assert_num_queries):
    people = list(patients_of(cast.patient.user))
    clinics = clinics_of(people)
    with django_assert_num_queries(1):
        visits_across(patients=people, clinics=clinics, kinds=list(VisitKind), now=NOW)
    with django_assert_num_queries(0):
        visits_across(patients=people, clinics=[], kinds=list(VisitKind), now=NOW)


def test_a_page_starts_where_it_is_asked_to(cast, visits):
    result = read(cast.patient.user, [VisitKind.COMING], first=2, size=1)
    assert ids(result) == [visits["soon"].pk]
