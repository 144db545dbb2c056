"""Orders of medicines, from the moment their packs are reserved until they are in the patient's hands."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Patient
from pharmacy.models.medicine import Medicine, MedicineBatch
from pharmacy.models.prescription import Prescription
from precta.choices import choices_check
from precta.ids import IdField
from precta.payments.models import Payment


class OrderStatus(models.TextChoices):
    PENDING_PAYMENT = "pending_payment", _("Waiting for payment")
    PLACED = "placed", _("Placed")
    PROCESSING = "processing", _("Being prepared")
    DISPATCHED = "dispatched", _("On its way")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")


# The only changes of status there are; every service asks this table.
TRANSITIONS: dict[str, frozenset[str]] = {
    OrderStatus.PENDING_PAYMENT: frozenset({OrderStatus.PLACED, OrderStatus.CANCELLED}),
    OrderStatus.PLACED: frozenset({OrderStatus.PROCESSING, OrderStatus.CANCELLED}),
    OrderStatus.PROCESSING: frozenset({OrderStatus.DISPATCHED, OrderStatus.CANCELLED}),
    OrderStatus.DISPATCHED: frozenset({OrderStatus.DELIVERED}),
    OrderStatus.DELIVERED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}
# What the pharmacy still has in hand: lines may be taken out, replaced, cancelled.
OPEN_STATUSES = (OrderStatus.PLACED, OrderStatus.PROCESSING)


class Fulfilment(models.TextChoices):
    DELIVERY = "delivery", _("Delivery")
    PICKUP = "pickup", _("Pick-up at the clinic")


class SubstitutionStatus(models.TextChoices):
    PROPOSED = "proposed", _("Waiting for the patient")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Order(models.Model):
    """What one patient orders of the clinic's pharmacy; `placed_by` is who ordered and pays.

    `subtotal` is the sum of its lines as they stand: taking a line out lowers it, and the difference is paid back.
    Packs are reserved from the moment the order exists and given back when it is cancelled. `prescription` is the one
    that it was made from; lines beside it are sold over the counter. "Dispatched" means ready to collect for a pick-up.
    `refund_due` is fixed when it is cancelled and counts all that ever went back for it.
    """

    id = IdField()
    patient = models.ForeignKey(Patient, models.DO_NOTHING, related_name="+", verbose_name=_("patient"))
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_column="placed_by",
        related_name="+",
        verbose_name=_("ordered by"),
    )
    prescription = models.ForeignKey(
        Prescription, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("prescription")
    )
    status = models.CharField(
        _("status"),
        max_length=20,
        choices=OrderStatus.choices,
        default=OrderStatus.PENDING_PAYMENT,
        db_default=OrderStatus.PENDING_PAYMENT,
        db_index=True,
    )
    subtotal = models.DecimalField(_("items"), max_digits=10, decimal_places=2)
    delivery_fee = models.DecimalField(_("delivery fee"), max_digits=10, decimal_places=2, default=0, db_default=0)
    total_amount = models.DecimalField(_("total"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="KES", db_default="KES")
    fulfilment = models.CharField(_("how it gets there"), max_length=10, choices=Fulfilment.choices)
    delivery_address = models.TextField(_("delivery address"), blank=True, default="")
    delivery_notes = models.TextField(_("delivery notes"), blank=True, default="")
    delivery_zone = models.CharField(_("delivery zone"), max_length=100, blank=True, default="")
    contact_phone = models.CharField(_("phone for the delivery"), max_length=20, blank=True, default="")
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("payment")
    )
    hold_expires_at = models.DateTimeField(_("reserved until"), null=True, blank=True)
    placed_at = models.DateTimeField(_("paid and placed"), null=True, blank=True)
    processing_at = models.DateTimeField(_("preparation began"), null=True, blank=True)
    dispatched_at = models.DateTimeField(_("dispatched"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    courier_name = models.CharField(_("courier"), max_length=100, blank=True, default="")
    courier_phone = models.CharField(_("courier's phone"), max_length=20, blank=True, default="")
    received_by = models.CharField(_("handed to"), max_length=100, blank=True, default="")
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
    cancellation_reason = models.TextField(_("reason of cancellation"), blank=True, default="")
    refund_due = models.DecimalField(_("refund due"), max_digits=10, decimal_places=2, null=True, blank=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=64, editable=False)
    created_at = models.DateTimeField(_("ordered"), auto_now_add=True, db_default=Now(), db_index=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True, db_default=Now())

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["patient", "-created_at"], name="order_of_patient"),
            models.Index(fields=["hold_expires_at"], name="order_holds", condition=Q(status="pending_payment")),
            models.Index(fields=["placed_at"], name="order_waiting", condition=Q(status__in=["placed", "processing"])),
        )
        constraints = (
            choices_check("status", OrderStatus.values, "order_status_known"),
            choices_check("fulfilment", Fulfilment.values, "order_fulfilment_known"),
            models.CheckConstraint(condition=Q(subtotal__gte=0), name="order_subtotal_not_negative"),
            models.CheckConstraint(condition=Q(delivery_fee__gte=0), name="order_fee_not_negative"),
            models.CheckConstraint(
                condition=Q(total_amount=F("subtotal") + F("delivery_fee")), name="order_total_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(fulfilment="delivery") | Q(delivery_fee=0), name="order_pickup_costs_nothing"
            ),
            models.CheckConstraint(
                condition=Q(fulfilment="pickup") | ~Q(delivery_address=""), name="order_delivery_has_address"
            ),
            models.CheckConstraint(
                condition=~Q(status="pending_payment") | Q(hold_expires_at__isnull=False), name="order_hold_expires"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["placed", "processing", "dispatched", "delivered"])
                | Q(placed_at__isnull=False),
                name="order_placed_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["dispatched", "delivered"]) | Q(dispatched_at__isnull=False),
                name="order_dispatched_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="delivered") | Q(delivered_at__isnull=False), name="order_delivered_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(status="cancelled") | Q(cancelled_at__isnull=False, refund_due__isnull=False),
                name="order_cancelled_complete",
            ),
            models.UniqueConstraint(fields=["placed_by", "idempotency_key"], name="order_once_per_key"),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What people say of an order: the last six characters of its id, in capitals."""
        return self.pk[-6:].upper()

    @property
    def is_free(self) -> bool:
        return self.total_amount == Decimal(0)


class OrderItem(models.Model):
    """A line: `quantity` packs of `medicine` at `unit_price`. `ordered_quantity` is how many were asked for; fewer, or
    none, stay when the pharmacy could not give them, with the reason.

    `prescription_line` is the place (from 0) of the line of the order's prescription that it fills; None when it is
    sold over the counter. `name` is the medicine's as it was then. `directions` are what the label of its packs says of
    how to take them.
    """

    id = IdField()
    order = models.ForeignKey(Order, models.PROTECT, related_name="items", verbose_name=_("order"))
    medicine = models.ForeignKey(Medicine, models.PROTECT, related_name="+", verbose_name=_("medicine"))
    position = models.PositiveSmallIntegerField(_("place"))
    name = models.CharField(_("name"), max_length=200)
    quantity = models.IntegerField(_("packs"))
    ordered_quantity = models.IntegerField(_("packs ordered"))
    unit_price = models.DecimalField(_("price of a pack"), max_digits=10, decimal_places=2)
    total_price = models.DecimalField(_("line total"), max_digits=10, decimal_places=2)
    prescription_line = models.PositiveSmallIntegerField(_("line of the prescription"), null=True, blank=True)
    removal_reason = models.CharField(_("why there are fewer"), max_length=200, blank=True, default="")
    directions = models.TextField(_("directions on the label"), blank=True, default="")

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ("order", "position")
        constraints = (
            models.UniqueConstraint(fields=["order", "position"], name="order_item_place"),
            models.CheckConstraint(
                condition=Q(quantity__gte=0, quantity__lte=F("ordered_quantity"), ordered_quantity__gt=0),
                name="order_item_quantity_in_range",
            ),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="order_item_price_not_negative"),
            models.CheckConstraint(
                condition=Q(total_price=F("quantity") * F("unit_price")), name="order_item_total_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(quantity=F("ordered_quantity")) | ~Q(removal_reason=""),
                name="order_item_removed_with_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


class Substitution(models.Model):
    """Another medicine that the pharmacy proposes for a line, and the patient's answer. It never costs them more.

    `consent` says how the patient agreed when staff noted it ("on the phone"); empty when they answered on their page.
    """

    id = IdField()
    item = models.ForeignKey(OrderItem, models.PROTECT, related_name="substitutions", verbose_name=_("line"))
    medicine = models.ForeignKey(Medicine, models.PROTECT, related_name="+", verbose_name=_("instead"))
    replaced = models.ForeignKey(Medicine, models.PROTECT, related_name="+", verbose_name=_("of"))
    quantity = models.IntegerField(_("packs"))
    unit_price = models.DecimalField(_("price of a pack"), max_digits=10, decimal_places=2)
    reason = models.CharField(_("reason"), max_length=200)
    status = models.CharField(
        _("status"), max_length=10, choices=SubstitutionStatus.choices, default=SubstitutionStatus.PROPOSED
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_column="proposed_by",
        related_name="+",
        verbose_name=_("proposed by"),
    )
    proposed_at = models.DateTimeField(_("proposed"), auto_now_add=True, db_default=Now())
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_column="answered_by",
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answered by"),
    )
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    consent = models.CharField(_("how the patient agreed"), max_length=200, blank=True, default="")

    # What selectors reckon for a page.
    total: Decimal
    saves: Decimal
    asked_by_name: str
    answered_by_name: str

    class Meta:
        verbose_name = _("substitution")
        verbose_name_plural = _("substitutions")
        ordering = ("-proposed_at",)
        constraints = (
            choices_check("status", SubstitutionStatus.values, "substitution_status_known"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="substitution_quantity_positive"),
            models.UniqueConstraint(fields=["item"], condition=Q(status="proposed"), name="substitution_one_open"),
            models.CheckConstraint(
                condition=Q(status="proposed") | Q(answered_at__isnull=False), name="substitution_answer_has_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.medicine_id}"


class Dispensing(models.Model):
    """Packs of a batch that a pharmacist took off the shelf for a line; `undone_at` when they were put back."""

    id = IdField()
    item = models.ForeignKey(OrderItem, models.PROTECT, related_name="dispensings", verbose_name=_("line"))
    batch = models.ForeignKey(MedicineBatch, models.PROTECT, related_name="+", verbose_name=_("batch"))
    quantity = models.IntegerField(_("packs"))
    dispensed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_column="dispensed_by",
        related_name="+",
        verbose_name=_("dispensed by"),
    )
    dispensed_at = models.DateTimeField(_("dispensed"), auto_now_add=True, db_default=Now())
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_column="undone_by",
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("undone by"),
    )

    # What selectors look up for a page.
    by_name: str
    undone_by_name: str

    class Meta:
        verbose_name = _("dispensing")
        verbose_name_plural = _("dispensings")
        ordering = ("dispensed_at", "pk")
        constraints = (models.CheckConstraint(condition=Q(quantity__gt=0), name="dispensing_quantity_positive"),)

    def __str__(self) -> str:
        return f"{self.quantity} of {self.batch_id}"
