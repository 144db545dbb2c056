"""Money that came in, money that goes back, and what the provider told us; all in the clinic's own schema."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from precta.choices import choices_check
from precta.ids import IdField


class PaymentPurpose(models.TextChoices):
    APPOINTMENT = "appointment", _("Appointment")
    ORDER = "order", _("Order")


class PaymentMethod(models.TextChoices):
    MPESA = "mpesa", _("M-Pesa")
    CARD = "card", _("Card")
    CASH = "cash", _("Cash")


class PaymentStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    REFUNDED = "refunded", _("Refunded")


class RefundStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    PENDING = "pending", _("With the provider")
    PROCESSED = "processed", _("Paid back")
    FAILED = "failed", _("Failed")


class Payment(models.Model):
    """One attempt to collect `amount` for `subject_id` (an appointment or an order).

    `refunded` means that the whole of it has gone back; a partly refunded payment stays `completed`. A `failed` one can
    still become `completed`: a customer may try again on the provider's page, or money may come late.
    `provider_reference` is the clinic's code, a hyphen and a CUID2: the code routes the provider's webhook to this
    schema. `charged_at` is written before the provider is called: empty means that nothing ever went out.
    A second success for one subject is kept out of the subject's books: `duplicate_of` names the first, `subject_id`
    becomes its own id, and it is refunded. `taken_by` is who of the staff took a cash payment, at `paid_at`.
    """

    id = IdField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        related_name="+",
        verbose_name=_("payer"),
    )
    type = models.CharField(_("type"), max_length=20, choices=PaymentPurpose.choices)
    subject_id = models.CharField(_("pays for"), max_length=36, db_index=True)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="KES", db_default="KES")
    method = models.CharField(_("method"), max_length=10, choices=PaymentMethod.choices)
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=PaymentStatus.choices,
        default=PaymentStatus.PENDING,
        db_default=PaymentStatus.PENDING,
        db_index=True,
    )
    provider = models.CharField(_("provider"), max_length=50, default="paystack", db_default="paystack")
    provider_reference = models.CharField(_("reference"), max_length=200, unique=True)
    provider_response = models.JSONField(_("provider's answer"), null=True, blank=True)
    checkout_url = models.URLField(_("checkout page"), max_length=500, blank=True, default="")
    payer_phone = models.CharField(_("payer's phone"), max_length=20, blank=True, default="")
    charged_at = models.DateTimeField(_("asked of the provider"), null=True, blank=True)
    failure_reason = models.CharField(_("failure"), max_length=200, blank=True, default="")
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    next_check_at = models.DateTimeField(_("next check"), default=timezone.now, null=True, blank=True)
    put_aside_at = models.DateTimeField(_("put aside for a person"), null=True, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_column="taken_by",
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cash taken by"),
    )
    duplicate_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="duplicates",
        verbose_name=_("paid already by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_default=Now())

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            choices_check("type", PaymentPurpose.values, "payment_type_known"),
            choices_check("method", PaymentMethod.values, "payment_method_known"),
            choices_check("status", PaymentStatus.values, "payment_status_known"),
            models.CheckConstraint(
                condition=~Q(status__in=["completed", "refunded"]) | Q(paid_at__isnull=False),
                name="payment_completed_has_time",
            ),
        )
        indexes = (
            models.Index(fields=["type"], name="payment_type"),
            models.Index(
                fields=["next_check_at"],
                name="payment_waiting",
                condition=Q(status__in=["pending", "failed"], next_check_at__isnull=False),
            ),
            # The figures of a few days, out of years of payments.
            models.Index(
                fields=["paid_at"],
                name="payment_paid",
                condition=Q(status__in=["completed", "refunded"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider_reference} {self.amount} {self.currency}"


class Refund(models.Model):
    """Money owed back for one payment; `key` makes the same decision, taken twice, one refund.

    `handed_by` is who of the staff gave cash back, at `processed_at`.
    """

    id = IdField()
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds", verbose_name=_("payment"))
    key = models.CharField(_("decision"), max_length=100)
    subject_id = models.CharField(_("refunds"), max_length=36, db_index=True)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="KES")
    reason = models.CharField(_("reason"), max_length=200)
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=RefundStatus.choices,
        default=RefundStatus.QUEUED,
        db_index=True,
    )
    provider_refund_id = models.CharField(_("provider's number"), max_length=100, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    last_error = models.CharField(_("last error"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    processed_at = models.DateTimeField(_("paid back"), null=True, blank=True)
    handed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_column="handed_by",
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cash handed back by"),
    )

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_positive"),
            choices_check("status", RefundStatus.values, "refund_status_known"),
            models.UniqueConstraint(fields=["payment", "key"], name="refund_once_per_decision"),
        )
        indexes = (models.Index(fields=["created_at"], name="refund_decided"),)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} of {self.payment_id}"


class ProviderEvent(models.Model):
    """A webhook as it came in, stored before it is acted on; `digest` makes a repeated one the same row."""

    id = IdField()
    provider = models.CharField(_("provider"), max_length=50, default="paystack")
    digest = models.CharField(_("digest"), max_length=128, unique=True)
    kind = models.CharField(_("kind"), max_length=60)
    reference = models.CharField(_("reference"), max_length=200, blank=True, default="", db_index=True)
    payload = models.JSONField(_("payload"), default=dict)
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)

    class Meta:
        verbose_name = _("provider event")
        verbose_name_plural = _("provider events")
        ordering = ("-received_at",)

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"
