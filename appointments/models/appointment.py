"""A visit from the moment its time is held until it is over."""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ConsultationMode, Doctor, Patient
from clinics.models import Clinic
from clinics.policy_settings import ClinicSettings
from precta.choices import choices_check
from precta.ids import IdField
from precta.payments.models import Payment


class AppointmentStatus(models.TextChoices):
    PENDING_PAYMENT = "pending_payment", _("Waiting for payment")
    CONFIRMED = "confirmed", _("Confirmed")
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no_show", _("Did not come")


# The only changes of status there are; every service asks this table.
TRANSITIONS: dict[str, frozenset[str]] = {
    AppointmentStatus.PENDING_PAYMENT: frozenset({AppointmentStatus.CONFIRMED, AppointmentStatus.CANCELLED}),
    AppointmentStatus.CONFIRMED: frozenset(
        {
            AppointmentStatus.IN_PROGRESS,
            AppointmentStatus.COMPLETED,
            AppointmentStatus.CANCELLED,
            AppointmentStatus.NO_SHOW,
        }
    ),
    # A doctor who has begun may wait for somebody who never comes.
    AppointmentStatus.IN_PROGRESS: frozenset({AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW}),
    AppointmentStatus.COMPLETED: frozenset(),
    AppointmentStatus.CANCELLED: frozenset(),
    AppointmentStatus.NO_SHOW: frozenset(),
}
LIVE_STATUSES = tuple(s for s in AppointmentStatus if s != AppointmentStatus.CANCELLED)

# A plain sum of timestamptz and interval is not immutable, which a stored generated column must be.
BUSY_UNTIL = (
    "((scheduled_at AT TIME ZONE 'UTC') + make_interval(mins => duration_minutes + buffer_minutes)) AT TIME ZONE 'UTC'"
)


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def live(self) -> "AppointmentQuerySet":
        return self.exclude(status=AppointmentStatus.CANCELLED)


class Appointment(models.Model):
    """One visit of one patient to one doctor.

    The database refuses two live visits of a doctor that overlap (visit and buffer). `fee` is what this visit costs;
    what was paid hangs on Payments whose `subject_id` is this id. `refund_due` is fixed when it is cancelled.
    `refund_steps` are the clinic's as they stood when the time was taken; without them the present ones count.
    """

    id = IdField()
    patient = models.ForeignKey(Patient, models.DO_NOTHING, related_name="+", verbose_name=_("patient"))
    doctor = models.ForeignKey(Doctor, models.DO_NOTHING, related_name="+", verbose_name=_("doctor"))
    clinic = models.ForeignKey(Clinic, models.DO_NOTHING, related_name="+", verbose_name=_("clinic"))
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_column="booked_by",
        related_name="+",
        verbose_name=_("booked by"),
    )
    scheduled_at = models.DateTimeField(_("time"), db_index=True)
    duration_minutes = models.PositiveIntegerField(_("length in minutes"))
    buffer_minutes = models.PositiveIntegerField(_("pause after it in minutes"), default=0)
    busy_until = models.GeneratedField(
        expression=RawSQL(BUSY_UNTIL, ()),  # noqa: S611
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    consultation_type = models.CharField(_("kind of visit"), max_length=10, choices=ConsultationMode.choices)
    status = models.CharField(
        _("status"),
        max_length=20,
        choices=AppointmentStatus.choices,
        default=AppointmentStatus.PENDING_PAYMENT,
        db_default=AppointmentStatus.PENDING_PAYMENT,
        db_index=True,
    )
    cancellation_reason = models.TextField(_("reason of cancellation"), blank=True, default="")
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_column="cancelled_by",
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cancelled by"),
    )
    notes = models.TextField(_("reason for the visit"), blank=True, default="")
    payment = models.ForeignKey(
        Payment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("payment"),
    )
    fee = models.DecimalField(_("fee"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="KES")
    refund_due = models.DecimalField(_("refund due"), max_digits=10, decimal_places=2, null=True, blank=True)
    refund_steps = models.JSONField(null=True, blank=True)
    hold_expires_at = models.DateTimeField(_("held until"), null=True, blank=True)
    arrived_at = models.DateTimeField(_("arrived"), null=True, blank=True)
    rescheduled_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="moved_to",
        verbose_name=_("moved from"),
    )
    idempotency_key = models.CharField(_("idempotency key"), max_length=64)
    created_at = models.DateTimeField(_("booked"), auto_now_add=True, db_default=Now())

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        ordering = ("-scheduled_at",)
        indexes = (
            models.Index(fields=["doctor", "scheduled_at"], name="appointment_doctor_time"),
            models.Index(
                fields=["hold_expires_at"],
                name="appointment_holds",
                condition=Q(status="pending_payment"),
            ),
        )
        constraints = (
            choices_check("status", AppointmentStatus.values, "appointment_status_known"),
            choices_check("consultation_type", ConsultationMode.values, "appointment_type_known"),
            models.CheckConstraint(
                condition=Q(duration_minutes__gt=0),
                name="appointment_duration_positive",
            ),
            models.CheckConstraint(condition=Q(fee__gte=0), name="appointment_fee_not_negative"),
            models.CheckConstraint(
                condition=~Q(status="cancelled") | Q(cancelled_at__isnull=False, refund_due__isnull=False),
                name="appointment_cancelled_complete",
            ),
            models.CheckConstraint(
                condition=~Q(status="pending_payment") | Q(hold_expires_at__isnull=False),
                name="appointment_hold_expires",
            ),
            models.UniqueConstraint(fields=["booked_by", "idempotency_key"], name="appointment_once_per_key"),
            models.UniqueConstraint(
                fields=["doctor", "scheduled_at"],
                condition=~Q(status="cancelled"),
                name="appointment_one_per_doctor_and_time",
            ),
            ExclusionConstraint(
                name="appointment_no_overlap_per_doctor",
                expressions=[
                    (F("doctor"), RangeOperators.EQUAL),
                    (
                        Func(
                            F("scheduled_at"),
                            F("busy_until"),
                            function="TSTZRANGE",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=~Q(status="cancelled"),
            ),
        )

    def __str__(self) -> str:
        # On the clinic's clock wherever one is active, as in its admin.
        return f"{timezone.localtime(self.scheduled_at):%Y-%m-%d %H:%M} {self.get_status_display()}"

    @property
    def policy(self) -> ClinicSettings:
        """The clinic's rules, with the refund steps that the patient was shown when booking."""
        return self.clinic.policy.with_refund_steps(self.refund_steps)

    @property
    def is_free(self) -> bool:
        return self.fee == Decimal(0)
