"""The trail says who did what, and cannot be changed by anybody."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse

from precta.audit.middleware import AuditContextMiddleware
from precta.audit.models import AuditLog
from precta.audit.services import record
from precta.tenancy import clinic_context

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["public", "clinic"])
def entry(request, cast):
    if request.param == "public":
        yield record("user.suspended", resource=cast.patient.user, user=cast.admin, details={"why": "test"})
        return
    with clinic_context(cast.uzima):
        yield record("user.suspended", resource=cast.patient.user, user=cast.admin, details={"why": "test"})


def test_an_entry_names_actor_act_and_resource(entry, cast):
    assert (entry.user_id, entry.action, entry.resource_type, entry.resource_id) == (
        cast.admin.pk,
        "user.suspended",
        "user",
        cast.patient.pk,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditlog SET action = 'nothing.happened'",
        "DELETE FROM audit_auditlog",
        "TRUNCATE audit_auditlog",
    ],
)
def test_the_trail_refuses_to_be_changed(entry, statement):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)
    assert AuditLog.objects.filter(pk=entry.pk, action="user.suspended").exists()


def test_a_request_fills_in_who_asked_and_from_where(cast, rf):
    request = rf.get("/", HTTP_USER_AGENT="Test browser", REMOTE_ADDR="198.51.100.7")
    request.user = cast.owner

    def view(request):
        record("clinic.changed", resource=cast.uzima)
        return HttpResponse()

    AuditContextMiddleware(view)(request)
    row = AuditLog.objects.get(action="clinic.changed")
    assert (row.user_id, row.ip_address, row.user_agent) == (cast.owner.pk, "198.51.100.7", "Test browser")


def test_outside_a_request_the_actor_is_the_system(cast):
    row = record("clinic.changed", resource=cast.uzima)
    assert (row.user_id, row.ip_address, row.user_agent) == (None, None, None)
