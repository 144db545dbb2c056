from celery import shared_task

from clinics.models import Clinic, ClinicStatus
from pharmacy.services import order_suspension, ordering
from precta.fanout import each_clinic
from precta.tenancy import TenantTask, current_clinic


@shared_task
def expire_orders() -> None:
    ordering.expire_orders()


@shared_task
def expire_orders_all() -> None:
    """Twice a minute, in suspended clinics too: money that comes late must find its order ended there as well."""
    each_clinic(expire_orders)


@shared_task
def refund_suspended_orders() -> None:
    clinic = current_clinic()
    if clinic is not None:
        order_suspension.refund_open_orders(clinic=clinic)


@shared_task
def refund_suspended_orders_all() -> None:
    """Every ten minutes: an order that was paid while its clinic was being suspended is found and paid back as well."""
    for schema in Clinic.objects.filter(status=ClinicStatus.SUSPENDED).values_list("schema_name", flat=True):
        refund_suspended_orders.apply_async(headers={TenantTask.header: schema})
