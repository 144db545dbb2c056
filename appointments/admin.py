"""Visits, doctors' hours and money in the clinic's admin: for looking. Services change them."""

from datetime import datetime, time, timedelta

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Doctor
from appointments.models import Appointment, DoctorAvailability, TimeOff
from clinics.admin_base import ClinicModelAdmin
from clinics.admin_sites import clinic_admin
from precta.payments.models import Payment, Refund

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


@admin.register(Appointment, site=clinic_admin)
class AppointmentAdmin(InClinicTime, ClinicModelAdmin):
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
    list_display = ("doctor", "day_of_week", "start_time", "end_time", "consultation_mode", "is_active")
    list_select_related = ("doctor",)
    list_filter = ("day_of_week", "consultation_mode", "is_active", DoctorOfThisClinic)
    search_fields = DOCTORS_NAME
    ordering = ("doctor", "day_of_week", "start_time")


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


@admin.register(Payment, site=clinic_admin)
class PaymentAdmin(InClinicTime, ClinicModelAdmin):
    list_display = ("created_at", "provider_reference", "amount", "currency", "method", "status", "paid_at")
    list_filter = ("status", "method", "type")
    search_fields = ("provider_reference", "subject_id")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "pk")
    # Neither the provider's raw answer nor the payer's phone: they are not needed here.
    fields = (
        *("created_at", "provider", "provider_reference", "type", "subject_id", "amount", "currency", "method"),
        *("status", "paid_at", "failure_reason"),
    )


@admin.register(Refund, site=clinic_admin)
class RefundAdmin(InClinicTime, ClinicModelAdmin):
    list_display = ("created_at", "payment", "amount", "currency", "status", "processed_at")
    list_select_related = ("payment",)
    list_filter = ("status",)
    search_fields = ("subject_id", "payment__provider_reference")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "pk")
    fields = (
        *("created_at", "payment", "subject_id", "amount", "currency", "reason", "status", "attempts"),
        *("provider_refund_id", "last_error", "processed_at"),
    )
