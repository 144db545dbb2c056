"""In a clinic's admin: doctors who ask to be taken in, for those who may accept them. Other clinics' are not there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts import application, languages, specialties
from accounts.exceptions import AnsweredAlready, ClinicNotOpen, HasAClinic
from accounts.forms.doctor import RefusalForm
from accounts.models import ClinicRequestStatus
from accounts.services.doctor_application import answer_clinic
from clinics.admin_menu import Entry
from clinics.admin_sites import clinic_admin
from clinics.policies import can, capability_required, request_membership

LATELY = 20


@require_safe
@capability_required("doctors.accept")
def doctor_requests(request: HttpRequest) -> HttpResponse:
    """Owners and managers: who waits for an answer, and who got one lately."""
    mine = application.requests_to(request.clinic.pk)
    answered = mine.filter(status__in=[ClinicRequestStatus.ACCEPTED, ClinicRequestStatus.REFUSED])
    context = {
        **clinic_admin.each_context(request),
        "title": _("Doctors who ask to join"),
        "waiting": list(mine.filter(status=ClinicRequestStatus.REQUESTED)),
        "answered": list(answered.order_by("-decided_at", "pk")[:LATELY]),
    }
    return render(request, "admin/clinic/doctor_requests.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@capability_required("doctors.accept")
def doctor_request(request: HttpRequest, request_id: str) -> HttpResponse:
    """Owners and managers: the doctor's profile, and the answer. The papers are the platform's to check."""
    asked = get_object_or_404(application.requests_to(request.clinic.pk), pk=request_id)
    back = reverse("admin:accounts_doctor_requests")
    refuses = request.method == "POST" and request.POST.get("answer") == "refuse"
    form = RefusalForm(request.POST if refuses else None)
    if (
        request.method == "POST"
        and (not refuses or form.is_valid())
        and request.POST.get("answer") in {"accept", "refuse"}
    ):
        reason = form.cleaned_data["reason"] if refuses else ""
        try:
            answer_clinic(request=asked, by=request.user, accept=not refuses, reason=reason)
        except AnsweredAlready:
            messages.warning(request, _("This request was answered or withdrawn meanwhile."))
        except HasAClinic:
            messages.warning(request, _("This doctor works at another clinic by now."))
        except ClinicNotOpen:
            messages.error(request, _("The clinic takes nobody in while it is suspended."))
        else:
            said = _("%(doctor)s is told that you cannot accept.") if refuses else _("%(doctor)s now works here.")
            messages.success(request, said % {"doctor": asked.doctor.display_name})
        return HttpResponseRedirect(back)
    context = {
        **clinic_admin.each_context(request),
        "title": asked.doctor.display_name,
        "asked": asked,
        "doctor": asked.doctor,
        "fields_named": ", ".join(map(specialties.name_of, asked.doctor.specialties)),
        "languages_named": languages.named(asked.doctor.languages),
        "form": form,
        "is_open": asked.status == ClinicRequestStatus.REQUESTED,
        "back": back,
    }
    return render(request, "admin/clinic/doctor_request.html", context, status=400 if request.method == "POST" else 200)


clinic_admin.add_page("doctor-requests/", doctor_requests, "accounts_doctor_requests")
clinic_admin.add_page("doctor-requests/<id:request_id>/", doctor_request, "accounts_doctor_request")
clinic_admin.add_entry(
    Entry(
        gettext_lazy("Doctors who ask to join"),
        "admin:accounts_doctor_requests",
        lambda request: can(request_membership(request), "doctors.accept"),
        order=25,
        group="people",
        icon="user-plus",
    )
)
