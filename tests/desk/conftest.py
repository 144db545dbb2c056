"""A clinic at work: two doctors with hours every day, and people at its desk."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from precta.payments.models import Payment
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import pay


@pytest.fixture
def desk(cast, at_clinic):
    """`desk("front_desk")` → a client of Uzima's staff in that role; `.people` are their users."""
    people = {
        "front_desk": cast.staff,
        "owner": cast.owner,
        "manager": factories.make_staff(cast.uzima, "manager"),
        "pharmacist": factories.make_staff(cast.uzima, "pharmacist"),
    }

    def client(role="front_desk"):
        return at_clinic(cast.uzima, people[role])

    client.people = people
    return client


@pytest.fixture(autouse=True)
def _no_provider(monkeypatch):
    """Refunds are decided here and sent elsewhere."""
    monkeypatch.setattr("precta.payments.tasks.submit_refund", lambda *args, **kwargs: None)


@pytest.fixture
def ground(cast):
    """`cast` with hours every day; visits are made by the functions."""
    factories.make_full_week(cast.doctor)
    now = timezone.now()

    def at(days=1, hour=9, minute=0):
        return (now + timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0)

    def paid(days=3, hour=9, *, method="mpesa", patient=None, fee=2500, **extra):
        visit = factories.make_appointment(patient or cast.patient, cast.doctor, at(days, hour), fee=fee, **extra)
        pay(visit, fee, at=now, method=method)
        return visit

    def held(days=2, hour=9, *, method="cash"):
        visit = factories.make_appointment(
            cast.patient, cast.doctor, at(days, hour), fee=2500, status="pending_payment"
        )
        with clinic_context(cast.uzima):
            payment = Payment.objects.create(
                user=cast.patient.user,
                type="appointment",
                subject_id=visit.pk,
                amount=2500,
                method=method,
                provider="cash" if method == "cash" else "paystack",
                provider_reference=f"{cast.uzima.code}-{visit.pk}",
            )
            type(visit).objects.filter(pk=visit.pk).update(payment=payment)
        visit.payment = payment
        return visit

    return SimpleNamespace(**vars(cast), at=at, paid=paid, held=held, now=now)
