"""The provider's events: checked, stored in the clinic's schema, answered, and only then acted on.

An event proves nothing about money: it makes us ask.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django_tenants.utils import get_tenant_model

from precta import clock
from precta.audit.models import AuditLog
from precta.audit.services import record
from precta.commits import after_commit
from precta.payments.exceptions import BadPayload, BadSignature
from precta.payments.models import Payment, ProviderEvent
from precta.payments.scrub import clean_text, event_facts
from precta.payments.services.refunding import settle_refunds
from precta.payments.services.settling import settle_payment
from precta.tenancy import TenantTask, clinic_context, current_schema

logger = logging.getLogger(__name__)


def receive_webhook(*, body: bytes, signature: str) -> None:
    """Store a genuine event with the clinic that its reference names and queue the work; a repeated one changes
    nothing. Call it in the public schema. Raises BadSignature, BadPayload.

    A genuine event that nobody here knows leaves an audit row in the public trail.
    """
    if not is_genuine(body, signature):
        raise BadSignature
    kind, data = _read(body)
    digest = hashlib.sha512(body).hexdigest()
    reference = _reference(data)
    code = reference.partition("-")[0]
    clinic = get_tenant_model().objects.filter(code=code).first() if code else None
    if clinic is not None:
        with clinic_context(clinic):
            if Payment.objects.filter(provider_reference=reference).exists():
                _store(kind, data, reference, digest)
                return
    _put_aside(kind, reference, digest)


def is_genuine(body: bytes, signature: str) -> bool:
    """Whether `signature` is the hex HMAC-SHA512 of the raw body under our secret key; compared in constant time."""
    if not settings.PAYSTACK_SECRET_KEY:
        return False
    expected = hmac.new(settings.PAYSTACK_SECRET_KEY.encode(), body, hashlib.sha512).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().lower().encode("utf-8", "replace"))


def process_event(event_id: str, *, now: datetime | None = None) -> None:
    """Act on a stored event of the active clinic; done already is fine. Call it outside transactions.

    Raises ProviderUnavailable: then it stays unprocessed and the reconciler comes back to it.
    """
    now = now or clock.now()
    event = ProviderEvent.objects.filter(pk=event_id, processed_at__isnull=True).first()
    if event is None:
        return
    payment = Payment.objects.get(provider_reference=event.reference)
    if event.kind.startswith("refund."):
        settle_refunds(payment=payment, now=now)
    elif event.kind.startswith("charge.dispute"):
        record("payment.disputed", resource=payment, details={"event": event.kind})
    elif event.kind.startswith("charge."):
        settle_payment(reference=event.reference, now=now, insist=True)
    ProviderEvent.objects.filter(pk=event.pk).update(processed_at=clock.now())


def _read(body: bytes) -> tuple[str, Mapping[str, Any]]:
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadPayload from error
    if not isinstance(found, dict) or not isinstance(found.get("event"), str):
        raise BadPayload
    data = found.get("data")
    return clean_text(found["event"])[:60], data if isinstance(data, dict) else {}


def _reference(data: Mapping[str, Any]) -> str:
    """Charges carry `reference`, refunds `transaction_reference`, disputes the whole `transaction`."""
    inner = data.get("transaction")
    for value in (
        data.get("transaction_reference"),
        inner.get("reference") if isinstance(inner, dict) else None,
        data.get("reference"),
    ):
        if isinstance(value, str) and value:
            return clean_text(value)
    return ""


@transaction.atomic
def _store(kind: str, data: Mapping[str, Any], reference: str, digest: str) -> None:
    event, created = ProviderEvent.objects.get_or_create(
        digest=digest,
        defaults={"kind": kind, "reference": reference, "payload": event_facts(kind, data)},
    )
    if created or event.processed_at is None:
        # robust: stored is enough to answer 200; the reconciler finds what the broker did not take.
        after_commit(_queue, event.pk, current_schema())


def _queue(event_id: str, schema: str) -> None:
    from precta.payments.tasks import process_event_task

    process_event_task.apply_async((event_id,), headers={TenantTask.header: schema})


def _put_aside(kind: str, reference: str, digest: str) -> None:
    seen = AuditLog.objects.filter(resource_type="provider_event", resource_id=digest[:36])
    if not seen.exists():
        logger.warning("signed event %s of an unknown payment", kind)
        record(
            "provider_event.unknown",
            resource=("provider_event", digest[:36]),
            details={"kind": kind, "reference": reference},
        )
