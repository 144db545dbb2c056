from celery import shared_task

from pharmacy.services import catalogue
from pharmacy.states import today_at
from precta import clock
from precta.fanout import each_clinic
from precta.tenancy import current_clinic

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
