"""What a patient and their children agreed to, and taking it back; on the platform host, for patients."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import ConsentPurpose
from accounts.selectors import consents_of
from accounts.services.consents import withdraw_consent
from precta.access import role_required
from precta.ratelimit import limit

PAGE_SIZE = 20


@require_safe
@role_required("patient")
def consents(request: HttpRequest) -> HttpResponse:
    page = Paginator(consents_of(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "accounts/me/consents.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("patient")
@limit("consents", "60/m")
def withdraw(request: HttpRequest, consent_id: str) -> HttpResponse:
    """First what follows, then the taking back."""
    mine = consents_of(request.user).filter(purpose=ConsentPurpose.CLINIC_CARE)
    consent = get_object_or_404(mine, pk=consent_id)
    back = HttpResponseRedirect(reverse("accounts:me:consents"))
    if consent.withdrawn_at is not None or (
        request.method == "POST" and not withdraw_consent(consent=consent, by=request.user)
    ):
        messages.info(request, _("This consent was taken back already."))
        return back
    if request.method != "POST":
        return render(request, "accounts/me/consent_withdraw.html", {"consent": consent})
    messages.success(request, _("The consent is taken back. %(clinic)s is told.") % {"clinic": consent.clinic.name})
    return back
