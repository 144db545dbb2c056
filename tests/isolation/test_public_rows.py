"""Nobody who changes a public row makes the clinics wait whose new rows refer to it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.services.consents import withdraw_consent
from accounts.services.doctor_application import save_profile
from accounts.services.family import add_child
from accounts.services.profile import update_profile
from accounts.services.users import reactivate_user, suspend_user
from accounts.services.verification import withdraw_verification
from clinics.services.profile import update_clinic
from clinics.services.staff import invite
from clinics.services.suspension import reactivate_clinic, suspend_clinic
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context

CHANGES = {
    "profile": lambda cast: update_profile(patient=cast.patient, by=cast.patient.user, values={"first_name": "Asha"}),
    "child": lambda cast: add_child(
        guardian=cast.patient,
        by=cast.patient.user,
        values={"first_name": "Baraka", "last_name": "Hassan", "date_of_birth": cast.born},
    ),
    "clinic": lambda cast: update_clinic(clinic=cast.uzima, by=cast.owner, page={"city": "Nakuru"}, rules={}),
    "staff": lambda cast: invite(clinic=cast.uzima, by=cast.owner, role="manager", email="new@example.test"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_public_row_is_locked_so_that_others_may_still_refer_to_it(cast, name):
    cast.born = timezone.now().date()
    with CaptureQueriesContext(
        connection,
    ) as seen:
        CHANGES[name](cast)
    locking = [query["sql"] for query in seen if " FOR " in query["sql"] and query["sql"].startswith("SELECT")]
    assert locking
    # A foreign key's check takes FOR KEY SHARE, which FOR UPDATE would make wait.
    assert all("FOR NO KEY UPDATE" in sql for sql in locking)


DECISIONS = {
    "clinic": lambda cast: (
        suspend_clinic(clinic=cast.uzima, by=cast.admin),
        reactivate_clinic(clinic=cast.uzima, by=cast.admin),
    ),
    "account": lambda cast: (
        suspend_user(user=cast.doctor.user, by=cast.admin),
        reactivate_user(user=cast.doctor.user, by=cast.admin),
    ),
    "verification": lambda cast: withdraw_verification(doctor=cast.doctor, by=cast.admin, note="Forged"),
    "doctor": lambda cast: save_profile(doctor=cast.doctor, by=cast.doctor.user, values={"bio": "I see children."}),
    "consent": lambda cast: withdraw_consent(consent=cast.patient.consents.get(), by=cast.patient.user),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_what_is_decided_on_the_platform_waits_for_no_clinics_database(cast, name):
    DECISIONS[name](cast)
    assert OutboxEvent.objects.exists()
    with clinic_context(cast.uzima):
        assert not OutboxEvent.objects.exists()
        assert not AuditLog.objects.exists()
