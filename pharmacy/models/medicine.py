"""What a clinic's pharmacy sells: the catalogue, the batches on its shelf, and how prices and stock came to be."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from precta.choices import choices_check
from precta.ids import IdField


class MedicineForm(models.TextChoices):
    TABLET = "tablet", _("Tablet")
    CAPSULE = "capsule", _("Capsule")
    SYRUP = "syrup", _("Syrup")
    SUSPENSION = "suspension", _("Suspension")
    SOLUTION = "solution", _("Solution")
    DROPS = "drops", _("Drops")
    POWDER = "powder", _("Powder or sachet")
    CREAM = "cream", _("Cream")
    OINTMENT = "ointment", _("Ointment")
    GEL = "gel", _("Gel")
    SPRAY = "spray", _("Spray")
    INHALER = "inhaler", _("Inhaler")
    PATCH = "patch", _("Patch")
    SUPPOSITORY = "suppository", _("Suppository")
    PESSARY = "pessary", _("Pessary")
    INJECTION = "injection", _("Injection")
    INFUSION = "infusion", _("Infusion")
    OTHER = "other", _("Other")


class MovementKind(models.TextChoices):
    RECEIVED = "received", _("Received")
    RESERVED = "reserved", _("Reserved for an order")
    RELEASED = "released", _("Given back by an order")
    DISPENSED = "dispensed", _("Dispensed")
    RETURNED = "returned", _("Put back on the shelf")
    WRITTEN_OFF = "written_off", _("Written off")
    EXPIRED = "expired", _("Expired")
    COUNTED = "counted", _("Corrected after a count")


class MedicineQuerySet(models.QuerySet["Medicine"]):
    def on_sale(self) -> "MedicineQuerySet":
        return self.filter(is_active=True)

    def low(self) -> "MedicineQuerySet":
        """At or below the number at which the pharmacy wants to order anew."""
        return self.filter(is_active=True, stock__lte=F("low_stock_at"))


class Medicine(models.Model):
    """One article of the catalogue: a medicine of one strength, form and pack, sold by the pack.

    `sku` is the pharmacy's own number for it, by which an import knows it again. `price` is for one pack, in the
    clinic's currency; `pack_size` counts `pack_unit`s (tablets, ml, g, doses). `stock` is how many packs may still be
    sold: on the shelf, in date, and not reserved for an order; it changes with a StockMovement only. `substances` are
    what it acts by, in lower case, as `pharmacy.names` writes them. Taken off sale (`is_active`), never deleted.
    """

    id = IdField()
    sku = models.CharField(_("article number"), max_length=40, unique=True)
    generic_name = models.CharField(_("generic name"), max_length=200)
    brand_name = models.CharField(_("brand name"), max_length=200, blank=True, default="")
    substances = ArrayField(models.CharField(max_length=100), verbose_name=_("substances"))
    form = models.CharField(_("form"), max_length=20, choices=MedicineForm.choices)
    strength = models.CharField(_("strength"), max_length=60, blank=True, default="")
    pack_size = models.PositiveIntegerField(_("pack size"))
    pack_unit = models.CharField(_("counted in"), max_length=20)
    price = models.DecimalField(_("price of a pack"), max_digits=10, decimal_places=2)
    stock = models.IntegerField(_("packs in stock"), default=0)
    low_stock_at = models.PositiveIntegerField(_("warn at"), default=5)
    is_prescription_only = models.BooleanField(_("prescription only"), default=True)
    is_active = models.BooleanField(_("on sale"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(_("changed"), auto_now=True, db_default=Now())

    objects = MedicineQuerySet.as_manager()

    class Meta:
        verbose_name = _("medicine")
        verbose_name_plural = _("medicines")
        ordering = ("generic_name", "strength", "pack_size", "pk")
        indexes = (
            GinIndex(fields=["substances"], name="medicine_substances"),
            GinIndex(fields=["generic_name"], opclasses=["gin_trgm_ops"], name="medicine_generic_like"),
            GinIndex(fields=["brand_name"], opclasses=["gin_trgm_ops"], name="medicine_brand_like"),
            models.Index(fields=["generic_name", "strength", "pack_size", "id"], name="medicine_by_name"),
        )
        constraints = (
            choices_check("form", MedicineForm.values, "medicine_form_known"),
            models.CheckConstraint(condition=Q(price__gt=0), name="medicine_price_positive"),
            models.CheckConstraint(condition=Q(stock__gte=0), name="medicine_stock_not_negative"),
            models.CheckConstraint(condition=Q(pack_size__gt=0), name="medicine_pack_not_empty"),
            models.CheckConstraint(condition=Q(substances__len__gte=1), name="medicine_has_substance"),
        )

    def __str__(self) -> str:
        return " ".join(part for part in (self.generic_name, self.strength) if part)


class MedicineBatch(models.Model):
    """Packs of one medicine that expire together; `on_hand` of them lie on the shelf, reserved or not.

    `set_aside_at` is when what was left of it stopped being for sale: expired, recalled or damaged.
    """

    id = IdField()
    medicine = models.ForeignKey(Medicine, models.PROTECT, related_name="batches", verbose_name=_("medicine"))
    number = models.CharField(_("batch number"), max_length=60)
    expires_on = models.DateField(_("expires on"), db_index=True)
    on_hand = models.IntegerField(_("packs on the shelf"), default=0)
    received_at = models.DateTimeField(_("received"), auto_now_add=True, db_default=Now())
    set_aside_at = models.DateTimeField(_("set aside"), null=True, blank=True)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        ordering = ("expires_on", "number")
        constraints = (
            models.UniqueConstraint(fields=["medicine", "number"], name="medicine_batch_once"),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="medicine_batch_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.number} ({self.expires_on:%Y-%m-%d})"


class StockMovement(models.Model):
    """One change of a medicine's stock, never changed itself: `change` packs for sale, `shelf_change` packs of `batch`
    on the shelf. All changes of a medicine add up to its stock."""

    id = IdField()
    medicine = models.ForeignKey(Medicine, models.PROTECT, related_name="movements", verbose_name=_("medicine"))
    batch = models.ForeignKey(
        MedicineBatch, models.PROTECT, null=True, blank=True, related_name="movements", verbose_name=_("batch")
    )
    order = models.ForeignKey(
        "pharmacy.Order", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("order")
    )
    kind = models.CharField(_("what happened"), max_length=20, choices=MovementKind.choices)
    change = models.IntegerField(_("packs for sale"), default=0)
    shelf_change = models.IntegerField(_("packs on the shelf"), default=0)
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_column="made_by",
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    made_at = models.DateTimeField(_("at"), auto_now_add=True, db_default=Now())

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        ordering = ("-made_at", "pk")
        indexes = (models.Index(fields=["medicine", "-made_at"], name="stock_movement_of_medicine"),)
        constraints = (
            choices_check("kind", MovementKind.values, "stock_movement_kind_known"),
            models.CheckConstraint(condition=~Q(change=0, shelf_change=0), name="stock_movement_moves"),
            models.CheckConstraint(
                condition=Q(shelf_change=0) | Q(batch__isnull=False), name="stock_movement_names_its_batch"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.change:+d}"


class PriceChange(models.Model):
    """What a pack of a medicine cost from `changed_at` on; the first one has no old price."""

    id = IdField()
    medicine = models.ForeignKey(Medicine, models.PROTECT, related_name="prices", verbose_name=_("medicine"))
    old_price = models.DecimalField(_("old price"), max_digits=10, decimal_places=2, null=True, blank=True)
    new_price = models.DecimalField(_("new price"), max_digits=10, decimal_places=2)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_column="changed_by",
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("changed by"),
    )
    changed_at = models.DateTimeField(_("changed"), auto_now_add=True, db_default=Now())

    class Meta:
        verbose_name = _("price change")
        verbose_name_plural = _("price changes")
        ordering = ("-changed_at", "pk")

    def __str__(self) -> str:
        return f"{self.old_price} → {self.new_price}"
