"""Visits, doctors' hours and money in the clinic's admin: for looking. Services change them, on the desk's pages."""

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import LinkedPatientAdmin
from accounts.models import ClinicPatient, Doctor
from appointments import figures_admin  # noqa: F401 - adds pages of its own
from appointments.models import Appointment, DoctorAvailability, TimeOff
from appointments.urls.desk import PAGES
from appointments.urls.hours import HOURS_PAGES
from appointments.views.desk import records
from appointments.views.hours.place import any_hours
from appointments.visit_actions import ARRIVED, CANCEL, DID_NOT_COME
from clinics.admin_base import ClinicModelAdmin
from clinics.admin_menu import Entry
from clinics.admin_sites import clinic_admin
from clinics.admin_tools import ActionRefused, ConfirmedAction
from clinics.policies import can, request_membership
from precta.payments.exceptions import NotRefundable, RefundTooLarge
from precta.payments.models import Payment, Refund
from precta.payments.services import retry_refund

for page in PAGES:
    clinic_admin.add_page(*page)
for route, suffix, hours_view in HOURS_PAGES:
    hours_name = "_".join(filter(None, ["appointments_availability_editor", suffix]))
    clinic_admin.add_page(f"hours/<id:doctor_id>/{route}", any_hours(hours_view), hours_name)
clinic_admin.add_entry(
    Entry(
        _("Front desk"),
        "admin:appointments_desk",
        is_for=lambda request: can(request_membership(request), "visits.view"),
        order=1,
        icon="layout-list",
    )
)
clinic_admin.add_entry(
    Entry(
        _("Book a visit"),
        "admin:appointments_desk_book",
        is_for=lambda request: can(request_membership(request), "visits.book"),
        order=12,
        icon="calendar-plus",
    )
)

DOCTORS_NAME = ("doctor__first_name", "doctor__last_name")


class DoctorOfThisClinic(admin.SimpleListFilter):
    """Django's own filter would list the doctors of all clinics."""

    title = _("doctor")
    parameter_name = "doctor"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        doctors = Doctor.objects.filter(clinic=request.clinic.pk).order_by("last_name", "first_name")
        return [(doctor.pk, doctor.display_name) for doctor in doctors.only("first_name", "last_name")]

    def queryset(self, request: HttpRequest, queryset):
        return queryset.filter(doctor_id=self.value()) if self.value() else queryset


class When(admin.SimpleListFilter):
    """What a desk asks for, by the clinic's calendar."""

    title = _("day")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [("today", _("Today")), ("week", _("The next seven days")), ("past", _("Before today"))]

    def queryset(self, request: HttpRequest, queryset):
        zone = request.clinic.policy.tz
        today = timezone.localdate(timezone=zone)
        start = datetime.combine(today, time(), zone)
        ends = {"today": today + timedelta(days=1), "week": today + timedelta(days=7)}
        if self.value() in ends:
            end = datetime.combine(ends[self.value()], time(), zone)
            return queryset.filter(scheduled_at__gte=start, scheduled_at__lt=end)
        return queryset.filter(scheduled_at__lt=start) if self.value() == "past" else queryset


class InClinicTime:
    """Django's admin shows times in the active zone: here it is the clinic's."""

    def changelist_view(self, request: HttpRequest, *args, **kwargs):
        with timezone.override(request.clinic.policy.tz):
            response = super().changelist_view(request, *args, **kwargs)
            return response.render() if hasattr(response, "render") else response

    def changeform_view(self, request: HttpRequest, *args, **kwargs):
        with timezone.override(request.clinic.policy.tz):
            response = super().changeform_view(request, *args, **kwargs)
            return response.render() if hasattr(response, "render") else response


class WithMore:
    """The page of one row shows what the desk needs around it: `more(request, row)` is added to its template."""

    @staticmethod
    def more(request: HttpRequest, row: Any) -> dict[str, Any]:
        raise NotImplementedError

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any):
        if kwargs.get("obj") is not None:
            context |= self.more(request, kwargs["obj"])
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(Appointment, site=clinic_admin)
class AppointmentAdmin(WithMore, InClinicTime, ClinicModelAdmin):
    more = staticmethod(records.of_visit)
    change_form_template = "admin/desk/visit_change_form.html"
    confirmed_actions = (ARRIVED, DID_NOT_COME, CANCEL)
    list_display = ("scheduled_at", "patient", "doctor", "status", "consultation_type", "fee")
    list_select_related = ("patient", "doctor")
    list_filter = (When, "status", "consultation_type", DoctorOfThisClinic)
    search_fields = ("id", "patient__first_name", "patient__last_name")
    date_hierarchy = "scheduled_at"
    ordering = ("-scheduled_at", "pk")
    fields = (
        *("scheduled_at", "duration_minutes", "buffer_minutes", "patient", "doctor", "consultation_type", "status"),
        *("fee", "currency", "payment", "refund_due", "hold_expires_at", "arrived_at", "cancelled_at"),
        *("cancellation_reason", "cancelled_by", "rescheduled_from", "booked_by", "created_at"),
    )


@admin.register(DoctorAvailability, site=clinic_admin)
class AvailabilityAdmin(ClinicModelAdmin):
    list_display = (
        *("doctor", "day_of_week", "start_time", "end_time", "consultation_mode", "is_active"),
        *("effective_from", "effective_until"),
    )
    list_select_related = ("doctor",)
    list_filter = ("day_of_week", "consultation_mode", "is_active", DoctorOfThisClinic)
    search_fields = DOCTORS_NAME
    ordering = ("doctor", "day_of_week", "start_time")
    export_fields = list_display

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Who may change hours finds the way to the editor in each row."""
        if can(request_membership(request), "availability.edit"):
            return (*self.list_display, "editor_link")
        return self.list_display

    @admin.display(description=_("Week"))
    def editor_link(self, row: DoctorAvailability) -> str:
        address = reverse("admin:appointments_availability_editor", args=[row.doctor_id])
        return format_html('<a href="{}">{}</a>', address, gettext("Change the week"))


@admin.register(TimeOff, site=clinic_admin)
class TimeOffAdmin(InClinicTime, ClinicModelAdmin):
    list_display = ("doctor", "starts_at", "ends_at", "created_at")
    list_select_related = ("doctor",)
    list_filter = (DoctorOfThisClinic,)
    search_fields = DOCTORS_NAME
    date_hierarchy = "starts_at"
    ordering = ("-starts_at", "pk")
    # The reason is the doctor's note to themselves.
    fields = ("doctor", "starts_at", "ends_at", "created_at")


class PaidOn(admin.SimpleListFilter):
    """The day on which the money came in, by the clinic's calendar; any day of the calendar in the address will do."""

    title = _("day of payment")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        today = records.today(request)
        return [(today.isoformat(), _("Today")), ((today - timedelta(days=1)).isoformat(), _("Yesterday"))]

    def queryset(self, request: HttpRequest, queryset):
        if not self.value():
            return queryset
        starts_at, ends_at = records.bounds_of(request, self.value())
        return queryset.filter(paid_at__gte=starts_at, paid_at__lt=ends_at)


@admin.register(Payment, site=clinic_admin)
class PaymentAdmin(WithMore, InClinicTime, ClinicModelAdmin):
    more = staticmethod(records.of_payment)
    change_form_template = "admin/desk/payment_change_form.html"
    change_list_template = "admin/desk/payment_change_list.html"
    list_display = ("created_at", "payer", "type", "amount", "method", "status", "paid_at", "taken_by")
    list_select_related = ("user__patient", "taken_by")
    export_fields = (
        *("created_at", "payer", "amount", "currency", "method", "status", "paid_at", "taken_by"),
        *("type", "provider_reference"),
    )
    list_filter = (PaidOn, "status", "method", "type")
    search_fields = ("provider_reference", "subject_id", "user__patient__first_name", "user__patient__last_name")
    search_help_text = _("The payer's name, or the reference of the receipt.")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "pk")
    # Neither the provider's raw answer nor the payer's phone: they are not needed here.
    fields = (
        *("created_at", "payer", "amount", "currency", "method", "status", "paid_at", "taken_by", "failure_reason"),
        *("type", "subject_id", "provider", "provider_reference"),
    )

    @admin.display(description=_("payer"), ordering="user__patient__last_name")
    def payer(self, payment: Payment) -> str:
        return records.name_of_payer(payment)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None):
        return super().changelist_view(request, {**records.till(request), **(extra_context or {})})


def _try_again(request: HttpRequest, refund: Refund, reason: str) -> bool:
    try:
        retry_refund(refund=refund, user=request.user)
    except NotRefundable as error:
        raise ActionRefused(gettext("This refund is on its way or done; there is nothing to try again.")) from error
    except RefundTooLarge as error:
        raise ActionRefused(gettext("The money of this payment went back another way.")) from error
    return True


TRY_AGAIN = ConfirmedAction(
    name="try_again",
    label=_("Try the chosen refunds again"),
    explanation=_("The money of each failed refund is sent once more, the way it came. Others are left as they are."),
    button=_("Try again"),
    run=_try_again,
    allowed=lambda request: can(request_membership(request), "payments.retry_refund"),
)


@admin.register(Refund, site=clinic_admin)
class RefundAdmin(WithMore, InClinicTime, ClinicModelAdmin):
    more = staticmethod(records.of_refund)
    change_form_template = "admin/desk/refund_change_form.html"
    confirmed_actions = (TRY_AGAIN,)
    list_display = ("created_at", "payment", "amount", "currency", "status", "processed_at")
    list_select_related = ("payment",)
    list_filter = ("status",)
    search_fields = ("subject_id", "payment__provider_reference")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "pk")
    fields = (
        *("created_at", "payment", "subject_id", "amount", "currency", "reason", "status", "attempts"),
        *("provider_refund_id", "last_error", "processed_at", "handed_by"),
    )


clinic_admin.unregister(ClinicPatient)


@admin.register(ClinicPatient, site=clinic_admin)
class PatientOfClinicAdmin(WithMore, InClinicTime, LinkedPatientAdmin):
    """With the visits and payments at this clinic, which only this app knows."""

    more = staticmethod(records.of_patient)
    change_form_template = "admin/desk/patient_change_form.html"
