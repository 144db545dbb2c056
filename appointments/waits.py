"""Lines of the clinic's dashboard: the day's visits and the money that somebody has to see to."""

from datetime import datetime, time, timedelta

from django.db.models import Count, Exists, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import Appointment, AppointmentStatus, DoctorAvailability
from clinics.dashboard import Wait, waits
from clinics.first_steps import Step, first_step
from clinics.policies import can, request_membership
from precta import clock
from precta.payments.models import PaymentMethod, Refund, RefundStatus

TODAY = Q(status__in=[AppointmentStatus.CONFIRMED, AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED])


def _visits(request: HttpRequest) -> dict[str, int]:
    """Counted once for all lines; days are the clinic's."""
    if not hasattr(request, "_waiting_visits"):
        request._waiting_visits = _count_visits(request)  # type: ignore[attr-defined]
    return request._waiting_visits  # type: ignore[attr-defined]


def _count_visits(request: HttpRequest) -> dict[str, int]:
    zone = request.clinic.policy.tz  # type: ignore[attr-defined]
    now = clock.now()
    start = datetime.combine(timezone.localdate(now, zone), time(), zone)
    end = datetime.combine(start.date() + timedelta(days=1), time(), zone)
    today = Q(scheduled_at__gte=start, scheduled_at__lt=end)
    arrived = today & Q(status=AppointmentStatus.CONFIRMED, arrived_at__isnull=False)
    held = Q(status=AppointmentStatus.PENDING_PAYMENT, hold_expires_at__gt=now)
    return Appointment.objects.filter(today | held).aggregate(
        today=Count("pk", filter=today & TODAY),
        over=Count("pk", filter=today & Q(status=AppointmentStatus.COMPLETED)),
        arrived=Count("pk", filter=arrived),
        held=Count("pk", filter=held),
    )


def _list(query: str) -> str:
    return reverse("admin:appointments_appointment_changelist") + "?" + query


@waits("clinic", order=10)
def visits_today(request: HttpRequest) -> Wait | None:
    if not can(request_membership(request), "visits.view"):
        return None
    found = _visits(request)
    note = _("%(count)d of them over") % {"count": found["over"]} if found["over"] else ""
    return Wait(_("Visits today"), found["today"], reverse("admin:appointments_desk"), "brand", note)


@waits("clinic", order=20)
def arrivals(request: HttpRequest) -> Wait | None:
    if not can(request_membership(request), "visits.view"):
        return None
    url = reverse("admin:appointments_desk") + "?status=waiting"
    return Wait(_("Patients who have arrived and wait"), _visits(request)["arrived"], url, "warn")


@waits("clinic", order=30)
def unpaid_holds(request: HttpRequest) -> Wait | None:
    if not can(request_membership(request), "visits.view"):
        return None
    url = _list(f"status__exact={AppointmentStatus.PENDING_PAYMENT}")
    return Wait(_("Times held, not paid yet"), _visits(request)["held"], url, "warn")


def _refunds(request: HttpRequest) -> dict[str, int]:
    if not hasattr(request, "_waiting_refunds"):
        sent_again = Refund.objects.filter(payment=OuterRef("payment"), key=Concat(Value("again:"), OuterRef("pk")))
        request._waiting_refunds = Refund.objects.aggregate(  # type: ignore[attr-defined]
            cash=Count("pk", filter=Q(status=RefundStatus.QUEUED, payment__method=PaymentMethod.CASH)),
            failed=Count("pk", filter=Q(status=RefundStatus.FAILED) & ~Exists(sent_again)),
        )
    return request._waiting_refunds  # type: ignore[attr-defined]


@waits("clinic", order=40)
def cash_to_hand_back(request: HttpRequest) -> Wait | None:
    if not can(request_membership(request), "payments.view"):
        return None
    url = reverse("admin:payments_refund_changelist") + f"?status__exact={RefundStatus.QUEUED}"
    return Wait(_("Refunds to hand back in cash"), _refunds(request)["cash"], url, "warn")


@waits("clinic", order=50)
def failed_refunds(request: HttpRequest) -> Wait | None:
    if not can(request_membership(request), "payments.view"):
        return None
    url = reverse("admin:payments_refund_changelist") + f"?status__exact={RefundStatus.FAILED}"
    return Wait(_("Refunds that failed"), _refunds(request)["failed"], url, "bad")


@first_step(order=40)
def working_hours(request: HttpRequest) -> Step:
    return Step(
        _("Give your doctors working hours"),
        _("Patients can book as soon as a verified doctor has hours. Each doctor can also set their own."),
        reverse("admin:appointments_doctoravailability_changelist"),
        DoctorAvailability.objects.exists(),
    )
