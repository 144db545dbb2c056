"""The two doors to the pages of hours: a doctor's own in the workspace, and any doctor's in the clinic's admin."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse

from accounts.models import Doctor
from appointments.models import Appointment
from appointments.views.doctor.guard import workspace
from clinics.admin_sites import clinic_admin
from clinics.policies import capability_required

Page = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose hours, and in which of the two surroundings they are shown."""

    doctor: Doctor
    is_own: bool

    @property
    def layout(self) -> str:
        return "layouts/workspace.html" if self.is_own else "admin/hours_base.html"

    def url(self, page: str = "", *args: Any) -> str:
        if self.is_own:
            return reverse("-".join(filter(None, ["appointments:doctor:availability", page])), args=args)
        name = "_".join(filter(None, ["clinic_admin:appointments_availability_editor", page]))
        return reverse(name, args=[self.doctor.pk, *args])

    def visit_links(self, visit: Appointment) -> dict[str, str]:
        """Where this person moves or cancels the visit; only pages that exist."""
        names = (
            {"cancel": "appointments:doctor:cancel"}
            if self.is_own
            else {"move": "clinic_admin:appointments_desk_move", "cancel": "clinic_admin:appointments_desk_cancel"}
        )
        links = {}
        for what, name in names.items():
            try:
                links[what] = reverse(name, args=[visit.pk])
            except NoReverseMatch:
                continue
        return links

    def render(self, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        around = {} if self.is_own else clinic_admin.each_context(request)
        context = {**around, "place": self, "doctor": self.doctor, **context}
        return render(request, f"appointments/hours/{template}.html", context, status=status)


def own_hours(view: Page) -> Page:
    """Who may: a doctor of this clinic, their own hours."""

    @workspace
    @wraps(view)
    def guarded(request: HttpRequest, doctor: Doctor, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, Place(doctor, is_own=True), *args, **kwargs)

    return guarded


def any_hours(view: Page) -> Page:
    """Inside `clinic_admin.admin_view`. Who may: whoever may edit availability; a doctor of another clinic is 404."""

    @capability_required("availability.edit")
    @wraps(view)
    def guarded(request: HttpRequest, doctor_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        doctors = Doctor.objects.select_related("clinic", "user")
        doctor = get_object_or_404(doctors, pk=doctor_id, clinic=request.clinic.pk)  # type: ignore[attr-defined]
        return view(request, Place(doctor, is_own=False), *args, **kwargs)

    return guarded
