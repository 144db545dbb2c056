"""A person's own pages on the platform host: the profile for anyone signed in, the family for patients."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.exceptions import NotAChild, TooManyChildren
from accounts.forms.profile import ChildForm, ProfileForm
from accounts.models import Guardianship, Patient
from accounts.selectors import current_guardianships
from accounts.services.family import add_child, end_guardianship, update_child
from accounts.services.profile import PROFILE_FIELDS, update_profile
from precta.access import login_required, role_required
from precta.ratelimit import limit
from precta.views.preferences import remember_language

as_patient = role_required("patient")
CHILD_FIELDS = ("first_name", "last_name", "date_of_birth", "gender", "blood_type", "allergies")


def _profile_of(request: HttpRequest) -> Patient:
    """The own profile; staff accounts that never were a patient have none and get 404."""
    return get_object_or_404(Patient.objects.select_related("user"), pk=request.user.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@limit("profile", "60/m")
def profile(request: HttpRequest) -> HttpResponse:
    """Anyone signed in: how they sign in; a patient edits the own profile here too."""
    patient = Patient.objects.select_related("user").filter(pk=request.user.pk).first()
    if patient is None:
        return render(request, "accounts/me/profile.html", status=200 if request.method != "POST" else 403)
    form = ProfileForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(patient, name) for name in PROFILE_FIELDS},
    )
    if request.method == "POST" and form.is_valid():
        update_profile(patient=patient, by=request.user, values=form.values())
        request.session["viewer_name"] = patient.full_name
        with translation.override(patient.preferred_language):
            messages.success(request, _("Your profile is saved."))
        response = HttpResponseRedirect(reverse("accounts:me:profile"))
        remember_language(response, request, patient.preferred_language)
        return response
    status = 400 if form.is_bound else 200
    return render(request, "accounts/me/profile.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD"])
@as_patient
def family(request: HttpRequest) -> HttpResponse:
    patient = _profile_of(request)
    links = current_guardianships(patient.pk).select_related("child").order_by("child__date_of_birth", "pk")
    return render(request, "accounts/me/family.html", {"links": links})


@require_http_methods(["GET", "HEAD", "POST"])
@as_patient
@limit("family", "30/h")
def add(request: HttpRequest) -> HttpResponse:
    patient = _profile_of(request)
    form = ChildForm(request.POST if request.method == "POST" else None, initial={"last_name": patient.last_name})
    if request.method == "POST" and form.is_valid():
        try:
            link = add_child(
                guardian=patient, by=request.user, relation=form.cleaned_data["relation"], values=form.values()
            )
        except TooManyChildren:
            form.add_error(None, _("You have added as many children as one account may. Please write to us."))
        else:
            messages.success(
                request, _("%(name)s is added. You can book for them now.") % {"name": link.child.first_name}
            )
            return HttpResponseRedirect(reverse("accounts:me:family"))
    return render(request, "accounts/me/child.html", {"form": form}, status=400 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@as_patient
@limit("family", "60/m")
def edit(request: HttpRequest, link_id: str) -> HttpResponse:
    link = _link_of(request, link_id)
    initial = {name: getattr(link.child, name) for name in CHILD_FIELDS} | {"relation": link.relation}
    form = ChildForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            update_child(link=link, by=request.user, relation=form.cleaned_data["relation"], values=form.values())
        except NotAChild:
            form.add_error("date_of_birth", _("This cannot be a date of birth. Check the year."))
        else:
            messages.success(request, _("What you changed is saved."))
            return HttpResponseRedirect(reverse("accounts:me:family"))
    context = {"form": form, "link": link, "child": link.child}
    return render(request, "accounts/me/child.html", context, status=400 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@as_patient
def stop(request: HttpRequest, link_id: str) -> HttpResponse:
    link = _link_of(request, link_id)
    if request.method == "POST":
        end_guardianship(link=link, by=request.user)
        messages.success(request, _("You no longer act for %(name)s.") % {"name": link.child.first_name})
        return HttpResponseRedirect(reverse("accounts:me:family"))
    return render(request, "accounts/me/child_stop.html", {"link": link, "child": link.child})


def _link_of(request: HttpRequest, link_id: str) -> Guardianship:
    return get_object_or_404(current_guardianships(request.user.pk).select_related("child"), pk=link_id)
