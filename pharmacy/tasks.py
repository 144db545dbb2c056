from celery import shared_task

from clinics.models import Clinic, ClinicStatus
from pharmacy.services import catalogue, order_suspension, ordering
from pharmacy.states import today_at
from precta import clock
from precta.fanout import each_clinic
from precta.tenancy import TenantTask, current_clinic

# The hour of the clinic's day from which on its pharmacists are told what is low: not at night.
FIRST_HOUR = 7


@shared_task
def set_aside_expired() -> None:
    clinic = current_clinic()
    if clinic is not None:
        catalogue.set_aside_expired(today=today_at(clinic))


@shared_task
def set_aside_expired_all() -> None:
    """Every hour, in suspended clinics too: their shelves age as well."""
    each_clinic(set_aside_expired)


@shared_task
def warn_of_low_stock() -> None:
    clinic = current_clinic()
    if clinic is not None and clock.now().astimezone(clinic.policy.tz).hour >= FIRST_HOUR:
        catalogue.warn_of_low_stock(clinic=clinic)


@shared_task
def warn_of_low_stock_all() -> None:
    """Every hour, in open clinics; each is told once a day."""
    each_clinic(warn_of_low_stock, only_active=True)


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
