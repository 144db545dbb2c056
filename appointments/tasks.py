from celery import shared_task

from appointments.figures.days import keep_recent_days
from appointments.services import booking, consultation, projections, records, reminders, suspension
from clinics.models import Clinic, ClinicStatus
from precta import clock
from precta.fanout import each_clinic
from precta.tenancy import TenantTask, current_clinic


@shared_task
def refresh_projections() -> None:
    clinic = current_clinic()
    if clinic is not None:
        projections.refresh_stale(clinic)


@shared_task
def refresh_projections_all() -> None:
    """Every five minutes: free times that time itself has taken away, and the day that the horizon has gained."""
    each_clinic(refresh_projections, only_active=True)


@shared_task
def expire_holds() -> None:
    booking.expire_holds()


@shared_task
def expire_holds_all() -> None:
    """Twice a minute, in suspended clinics too: money that comes late must find its hold ended there as well."""
    each_clinic(expire_holds)


@shared_task
def remind() -> None:
    reminders.remind()


@shared_task
def remind_all() -> None:
    """Every ten minutes, in open clinics: the visits of a suspended one are cancelled."""
    each_clinic(remind, only_active=True)


@shared_task
def close_left_open() -> None:
    consultation.close_left_open()


@shared_task
def close_left_open_all() -> None:
    """Twice an hour, in suspended clinics too: a visit that was never ended."""
    each_clinic(close_left_open)


@shared_task
def refund_suspended() -> None:
    clinic = current_clinic()
    if clinic is not None:
        suspension.refund_future_visits(clinic=clinic)


@shared_task
def refund_suspended_all() -> None:
    """Every ten minutes: a visit that was paid while its clinic was being suspended is found and paid back as well."""
    for schema in Clinic.objects.filter(status=ClinicStatus.SUSPENDED).values_list("schema_name", flat=True):
        refund_suspended.apply_async(headers={TenantTask.header: schema})


@shared_task
def keep_recent_figures() -> None:
    clinic = current_clinic()
    if clinic is not None:
        keep_recent_days(clinic, now=clock.now())


@shared_task
def keep_recent_figures_all() -> None:
    """Every night, in suspended clinics too: what was changed without an event, by hand or by a repair, is counted."""
    each_clinic(keep_recent_figures)


@shared_task(soft_time_limit=60, time_limit=90)
def preview_record(record_id: str) -> None:
    records.make_preview(record_id)


@shared_task
def preview_missing() -> None:
    records.queue_missing_previews()


@shared_task
def preview_missing_all() -> None:
    """Every ten minutes: the previews whose task was lost with a worker or the broker."""
    each_clinic(preview_missing)


@shared_task
def purge_records() -> None:
    records.purge_deleted()


@shared_task
def purge_records_all() -> None:
    """Every hour, in suspended clinics too: what was deleted a month ago goes for good."""
    each_clinic(purge_records)
