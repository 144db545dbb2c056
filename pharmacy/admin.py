"""Prescriptions in the clinic's admin: for looking, by those who dispense and by the owner."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from appointments.admin import DoctorOfThisClinic, InClinicTime
from clinics.admin_base import ClinicModelAdmin
from clinics.admin_sites import clinic_admin
from pharmacy import admin_orders, catalogue_admin
from pharmacy.models import Prescription, PrescriptionState
from pharmacy.states import today_at
from precta.audit.services import record
from precta.templatetags.look import status_tone
from precta.tenancy import current_clinic

# These add lists and pages of their own.
__all__ = ["admin_orders", "catalogue_admin"]


class State(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return list(PrescriptionState.choices)

    def queryset(self, request: HttpRequest, queryset):
        today = today_at(request.clinic)
        if self.value() == PrescriptionState.ACTIVE:
            return queryset.active(today)
        if self.value() == PrescriptionState.EXPIRED:
            return queryset.filter(replaced_by__isnull=True, valid_until__lt=today)
        if self.value() == PrescriptionState.REPLACED:
            return queryset.filter(replaced_by__isnull=False)
        return queryset


@admin.register(Prescription, site=clinic_admin)
class PrescriptionAdmin(InClinicTime, ClinicModelAdmin):
    list_display = ("issued_at", "patient", "doctor", "medicines", "valid_until", "state")
    list_select_related = ("patient", "doctor", "replaced_by")
    list_filter = (State, DoctorOfThisClinic)
    search_fields = ("verification_code", "patient__first_name", "patient__last_name")
    search_help_text = _("The patient's name, or the code of the prescription.")
    date_hierarchy = "issued_at"
    ordering = ("-issued_at", "pk")
    fields = (
        *("issued_at", "patient", "doctor", "state", "valid_until", "lines", "instructions"),
        *("verification_code", "replaces", "replacement_reason", "paper"),
    )
    readonly_fields = ("state", "lines", "paper")

    @admin.display(description=_("medicines"))
    def medicines(self, row: Prescription) -> str:
        return ", ".join(line["name"] for line in row.medications)

    @admin.display(description=_("state"))
    def state(self, row: Prescription) -> str:
        state = row.state(today_at(current_clinic()))
        return format_html('<span class="badge {}">{}</span>', status_tone(state), state.label)

    @admin.display(description=_("medicines"))
    def lines(self, row: Prescription) -> str:
        return format_html_join(
            "",
            "<p><strong>{}</strong><br>{}</p>",
            (
                (
                    line["name"],
                    " · ".join(part for part in (*_usage(line), line["instructions"]) if part),
                )
                for line in row.medications
            ),
        )

    @admin.display(description=_("PDF"))
    def paper(self, row: Prescription) -> str:
        address = reverse("pharmacy:patient:pdf", args=[row.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Open the PDF"))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().change_view(request, object_id, *args, **kwargs)
        if response.status_code == 200:
            record("prescription.viewed", resource=("prescription", object_id))
        return response


def _usage(line: dict[str, str]) -> tuple[str, str, str]:
    return line["dosage"], line["frequency"], line["duration"]
