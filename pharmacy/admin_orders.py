"""Orders in the clinic's admin: the desk's pages, and a list of all for looking."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from appointments.admin import InClinicTime
from clinics.admin_base import EMPTY, ClinicModelAdmin
from clinics.admin_menu import Entry
from clinics.admin_sites import clinic_admin
from clinics.policies import can, request_membership
from pharmacy.models import Order
from pharmacy.urls.desk import PAGES
from precta.audit.services import record
from precta.templatetags.precta_tags import money

for page in PAGES:
    clinic_admin.add_page(*page)
clinic_admin.add_entry(
    Entry(
        _("Pharmacy desk"),
        "admin:pharmacy_desk",
        is_for=lambda request: can(request_membership(request), "orders.view"),
        order=10,
        group="pharmacy",
        icon="clipboard-list",
    )
)


@admin.register(Order, site=clinic_admin)
class OrderAdmin(InClinicTime, ClinicModelAdmin):
    list_display = ("created_at", "number", "patient", "status", "fulfilment", "amount", "placed_at", "delivered_at")
    list_select_related = ("patient",)
    list_filter = ("status", "fulfilment")
    search_fields = ("id", "patient__first_name", "patient__last_name", "contact_phone")
    search_help_text = _("The order's number, the patient's name, or the phone of the delivery.")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "pk")
    fields = (
        *("desk", "number", "status", "patient", "placed_by", "prescription_link", "lines"),
        *("subtotal", "delivery_fee", "total_amount", "currency", "refund_due", "payment"),
        *("fulfilment", "delivery_address", "delivery_notes", "delivery_zone", "contact_phone"),
        *("courier_name", "courier_phone", "received_by"),
        *("created_at", "placed_at", "processing_at", "dispatched_at", "delivered_at"),
        *("cancelled_at", "cancelled_by", "cancellation_reason"),
    )
    readonly_fields = ("desk", "number", "lines", "prescription_link")

    @admin.display(description=_("number"))
    def number(self, row: Order) -> str:
        return row.number

    @admin.display(description=_("total"), ordering="total_amount")
    def amount(self, row: Order) -> str:
        return format_html('<span class="nowrap">{}</span>', money(row.total_amount, row.currency))

    @admin.display(description=_("lines"))
    def lines(self, row: Order) -> str:
        words = ((f"{item.quantity} × {item.name}",) for item in row.items.all())
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", words))

    @admin.display(description=_("prescription"))
    def prescription_link(self, row: Order) -> str:
        if row.prescription_id is None:
            return EMPTY
        address = reverse("admin:pharmacy_prescription_change", args=[row.prescription_id])
        return format_html('<a href="{}">{}</a>', address, gettext("Open the prescription"))

    @admin.display(description=_("at the desk"))
    def desk(self, row: Order) -> str:
        if row.placed_at is None:
            return EMPTY
        address = reverse("admin:pharmacy_desk_order", args=[row.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Open it at the pharmacy's desk"))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().change_view(request, object_id, *args, **kwargs)
        if response.status_code == 200:
            record("order.viewed", resource=("order", object_id))
        return response
