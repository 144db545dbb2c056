"""What a clinic's suspension means for its visits."""

from appointments import tasks
from clinics.models import Clinic
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import TenantTask


@on("clinic.suspended")
def refund_visits(event: OutboxEvent) -> None:
    """The event lies in `public`, the visits in the clinic's schema: a task of their own goes there."""
    clinic = Clinic.objects.filter(pk=event.payload["clinic_id"]).first()
    if clinic is not None:
        tasks.refund_suspended.apply_async(headers={TenantTask.header: clinic.schema_name})
