"""Nobody who changes a public row makes the clinics wait whose new rows refer to it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.services.family import add_child
from accounts.services.profile import update_profile
from appointments.services.projections import recount_consultations
from clinics.services.profile import update_clinic
from clinics.services.staff import invite
from precta.tenancy import clinic_context


def recount(cast):
    with clinic_context(cast.uzima):
        recount_consultations(cast.doctor.pk)


CHANGES = {
    "profile": lambda cast: update_profile(patient=cast.patient, by=cast.patient.user, values={"first_name": "Asha"}),
    "child": lambda cast: add_child(
        guardian=cast.patient,
        by=cast.patient.user,
        values={"first_name": "Baraka", "last_name": "Hassan", "date_of_birth": cast.born},
    ),
    "clinic": lambda cast: update_clinic(clinic=cast.uzima, by=cast.owner, page={"city": "Nakuru"}, rules={}),
    "count": recount,
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
