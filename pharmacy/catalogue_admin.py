"""The pharmacy's catalogue in the clinic's admin."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinics.admin_base import ClinicModelAdmin
from clinics.admin_sites import clinic_admin
from clinics.admin_tools import ConfirmedAction
from clinics.policies import can, request_membership
from pharmacy.catalogue_fields import known_substances
from pharmacy.exceptions import ArticleNumberTaken, ArticleOrdered
from pharmacy.forms.catalogue import ArticleForm
from pharmacy.formulary import known_medicines
from pharmacy.models import Medicine
from pharmacy.selectors_catalogue import SOON, VERY_SOON, expired, expiring, low_or_out, matching, with_next_expiry
from pharmacy.services.catalogue import put_on_sale, save_medicine
from pharmacy.states import today_at
from pharmacy.views import catalogue
from precta.templatetags.precta_tags import money
from precta.tenancy import current_clinic


class StockFilter(admin.SimpleListFilter):
    title = _("stock")
    parameter_name = "stock"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("low", _("Low or sold out")), ("out", _("Sold out")), ("in", _("In stock"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "low":
            return low_or_out(queryset)
        if self.value() == "out":
            return queryset.filter(stock=0)
        return queryset.filter(stock__gt=0) if self.value() == "in" else queryset


class ExpiryFilter(admin.SimpleListFilter):
    title = _("expiry")
    parameter_name = "expiry"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("60", _("Within 60 days")), ("90", _("Within 90 days")), ("expired", _("Expired"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        today = today_at(request.clinic)  # type: ignore[attr-defined]
        within = {"60": VERY_SOON, "90": SOON}.get(self.value() or "")
        if within is not None:
            return expiring(queryset, today=today, within=within)
        return expired(queryset, today=today) if self.value() == "expired" else queryset


def _keeps(request: HttpRequest) -> bool:
    return can(request_membership(request), "pharmacy.catalogue")


OFF_SALE = ConfirmedAction(
    name="off_sale",
    label=_("Take the chosen medicines off sale"),
    explanation=_("Nobody can order them any more. What is ordered already stays ordered, and the stock stays noted."),
    button=_("Take off sale"),
    run=lambda request, medicine, reason: put_on_sale(medicine=medicine, on_sale=False, by_user=request.user),
    allowed=_keeps,
)
ON_SALE = ConfirmedAction(
    name="on_sale",
    label=_("Put the chosen medicines on sale"),
    explanation=_("Patients can order them as long as they are in stock."),
    button=_("Put on sale"),
    run=lambda request, medicine, reason: put_on_sale(medicine=medicine, on_sale=True, by_user=request.user),
    allowed=_keeps,
)


@admin.register(Medicine, site=clinic_admin)
class MedicineAdmin(ClinicModelAdmin):
    form = ArticleForm
    list_display = ("article", "pack", "cost", "supply", "expires", "is_prescription_only", "is_active")
    list_filter = ("is_active", StockFilter, "is_prescription_only", ExpiryFilter, "form")
    search_fields = ("generic_name", "brand_name", "substances", "strength", "sku")
    search_help_text = _("Generic or brand name, substance, strength or the article's number.")
    ordering = ("generic_name", "strength", "pack_size", "pk")
    confirmed_actions = (OFF_SALE, ON_SALE)
    # In the columns of an import, so that an exported file can be read in again.
    export_fields = (
        *("sku", "generic_name", "brand_name", "substance_names", "form", "strength", "pack_size", "pack_unit"),
        *("price", "low_stock_at", "is_prescription_only", "is_active", "stock", "next_expiry"),
    )
    fieldsets = (
        (
            None,
            {"fields": ("generic_name", "brand_name", "substances", "form", "strength", ("pack_size", "pack_unit"))},
        ),
        (_("Selling it"), {"fields": ("sku", "price", "low_stock_at", "is_prescription_only", "is_active")}),
    )
    change_form_template = "admin/catalogue/medicine_change_form.html"
    change_list_template = "admin/catalogue/medicine_change_list.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("import/", view(catalogue.import_file), name="pharmacy_medicine_import"),
            path("import/template/", view(catalogue.import_template), name="pharmacy_medicine_template"),
            path("import/<str:token>/", view(catalogue.import_check), name="pharmacy_medicine_import_check"),
            path("<str:object_id>/stock/", view(catalogue.stock), name="pharmacy_medicine_stock"),
            *super().get_urls(),
        ]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Nothing of a patient is in it: whoever keeps the list may take it out and read it in again."""
        return _keeps(request)

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_next_expiry(super().get_queryset(request))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return matching(queryset, search_term), False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        known = {
            "known_names": [medicine.name for medicine in known_medicines()],
            "known_substances": known_substances(),
        }
        object_id = kwargs.pop("object_id", args[0] if args else None)
        form_url = kwargs.pop("form_url", "")
        context = {**known, **(kwargs.pop("extra_context", None) or {})}
        try:
            response = super().changeform_view(request, object_id, form_url, context)
        except (ArticleNumberTaken, ArticleOrdered):
            # Somebody took the number, or ordered it, between the form's check and the saving: now the check finds it.
            response = super().changeform_view(request, object_id, form_url, context)
        adminform = (getattr(response, "context_data", None) or {}).get("adminform")
        if request.method == "POST" and adminform is not None and adminform.form.errors:
            response.status_code = 400
        return response

    def save_model(self, request: HttpRequest, obj: Medicine, form: ArticleForm, change: bool) -> None:
        save_medicine(medicine=obj, by_user=request.user, fields=form.changed_data if change else None)
        unknown = [name for name in obj.substances if name not in known_substances()]
        if unknown:
            said = gettext("Doctors are not warned of allergies to this, because we do not know it: %(names)s")
            messages.warning(request, said % {"names": ", ".join(unknown)})

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The service writes the trail."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The service writes the trail."""

    def response_add(self, request: HttpRequest, obj: Medicine, post_url_continue: str | None = None) -> HttpResponse:
        """A new article has no packs yet: next its first batch is taken in."""
        if "_addanother" not in request.POST and "_continue" not in request.POST:
            url = reverse("admin:pharmacy_medicine_stock", args=[obj.pk])
            messages.success(
                request, gettext("“%(name)s” is in the catalogue. Take in its first packs.") % {"name": obj}
            )
            return HttpResponseRedirect(url)
        return super().response_add(request, obj, post_url_continue)

    @admin.display(description=_("medicine"), ordering="generic_name")
    def article(self, row: Medicine) -> str:
        return format_html(
            '{}{}<span class="under">{}</span>',
            str(row),
            f" · {row.brand_name}" if row.brand_name else "",
            row.sku,
        )

    @admin.display(description=_("pack"), ordering="pack_size")
    def pack(self, row: Medicine) -> str:
        return format_html('{}<span class="under">{} {}</span>', row.get_form_display(), row.pack_size, row.pack_unit)

    @admin.display(description=_("price"), ordering="price")
    def cost(self, row: Medicine) -> str:
        return format_html('<span class="nowrap">{}</span>', money(row.price, _currency()))

    @admin.display(description=_("stock"), ordering="stock")
    def supply(self, row: Medicine) -> str:
        url = reverse("admin:pharmacy_medicine_stock", args=[row.pk])
        tone = "bad" if row.stock == 0 else "warn" if row.stock <= row.low_stock_at else ""
        note = gettext("warn at %(packs)d") % {"packs": row.low_stock_at}
        word = gettext("Sold out") if row.stock == 0 else row.stock
        shown = (
            format_html('<span class="badge {}">{}</span>', tone, word)
            if tone and row.is_active
            else format_html("{}", row.stock)
        )
        return format_html('<a class="nowrap" href="{}">{}</a><span class="under">{}</span>', url, shown, note)

    @admin.display(description=_("nearest expiry"), ordering="next_expiry")
    def expires(self, row: Medicine) -> str | None:
        ends = row.next_expiry  # type: ignore[attr-defined]
        if ends is None:
            return None
        clinic = current_clinic()
        assert clinic is not None
        left: timedelta = ends - today_at(clinic)
        tone = "bad" if left < timedelta(0) else "warn" if left <= SOON else ""
        shown = date_format(ends, "j M Y")
        return format_html('<span class="badge {}">{}</span>', tone, shown) if tone else shown

    @admin.display(description=_("substances"))
    def substance_names(self, row: Medicine) -> str:
        return ", ".join(row.substances)

    @admin.display(description=_("nearest expiry"))
    def next_expiry(self, row: Medicine) -> Any:
        return row.next_expiry  # type: ignore[attr-defined]


def _currency() -> str:
    clinic = current_clinic()
    return clinic.policy.currency if clinic is not None else "KES"
