"""A visit under way, and what is written in it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pharmacy.models import Prescription
from pharmacy.services.issuing import issue_prescription
from precta.ids import new_id
from precta.tenancy import clinic_context
from tests import factories

PLANTS = "aloe baobab cactus dahlia erica fuchsia grevillea hibiscus iris jasmine lotus mimosa".split()


def line(name="Paracetamol 500 mg tablet", **other):
    return {
        "name": name,
        "dosage": "1 tablet",
        "frequency": "3 times a day",
        "duration": "5 days",
        "instructions": "",
    } | other


def today_of(clinic):
    return timezone.now().astimezone(clinic.policy.tz).date()


def issue(visit, *lines, days=30, **options):
    """As the form would issue it, in the schema of the visit's clinic; the row with its people."""
    options.setdefault("idempotency_key", new_id())
    options.setdefault("by_user", visit.doctor.user)
    with clinic_context(visit.clinic):
        issued = issue_prescription(
            visit=visit,
            medications=list(lines) or [line()],
            valid_until=today_of(visit.clinic) + timedelta(days=days),
            **options,
        )
        return Prescription.objects.with_people().get(pk=issued.pk)


def form(*lines, **whole):
    """What the browser sends."""
    data = {"do": "issue", "key": new_id(), "instructions": "", "valid_until": "", **whole}
    for number, one in enumerate(lines or [line()]):
        data |= {f"line-{number}-{name}": value for name, value in one.items()}
    return data


@pytest.fixture
def visit(cast):
    """Of Amina with Dr Njoroge at Uzima, going on now."""
    return factories.make_appointment(
        cast.patient, cast.doctor, timezone.now() - timedelta(minutes=5), status="in_progress"
    )
