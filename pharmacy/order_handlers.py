"""What news of others mean for orders."""

from clinics.models import Clinic
from pharmacy import tasks
from pharmacy.services.order_changes import cancel_unpaid_of
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import TenantTask


@on("clinic.suspended")
def refund_orders(event: OutboxEvent) -> None:
    """The event lies in `public`, the orders in the clinic's schema: a task of their own goes there."""
    clinic = Clinic.objects.filter(pk=event.payload["clinic_id"]).first()
    if clinic is not None:
        tasks.refund_suspended_orders.apply_async(headers={TenantTask.header: clinic.schema_name})


@on("prescription.replaced")
def let_go_of_unpaid(event: OutboxEvent) -> None:
    cancel_unpaid_of(event.payload["prescription_id"])
