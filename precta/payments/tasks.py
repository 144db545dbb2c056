"""Work on money outside requests; each task runs in a clinic's schema and may run twice."""

from celery import shared_task

from precta.fanout import each_clinic
from precta.payments.exceptions import ProviderUnavailable
from precta.payments.services.reconciling import reconcile_payments, sweep_refunds
from precta.payments.services.refunding import submit_refund
from precta.payments.services.webhooks import process_event


@shared_task
def process_event_task(event_id: str) -> None:
    try:
        process_event(event_id)
    except ProviderUnavailable:
        return  # stays unprocessed, the reconciler comes back to it


@shared_task
def submit_refund_task(refund_id: str) -> None:
    submit_refund(refund_id)


@shared_task
def reconcile_clinic() -> None:
    reconcile_payments()


@shared_task
def sweep_refunds_clinic() -> None:
    sweep_refunds()


@shared_task
def reconcile_all() -> None:
    """Each minute, suspended clinics included: their patients' money is on the way all the same."""
    each_clinic(reconcile_clinic)


@shared_task
def sweep_refunds_all() -> None:
    """Each minute, suspended clinics included."""
    each_clinic(sweep_refunds_clinic)
