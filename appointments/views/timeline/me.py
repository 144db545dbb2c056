"""A person's own history and that of those they look after, over all clinics (platform host; patients only)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.selectors import patients_of
from appointments.selectors_across import clinics_of
from appointments.timeline.selectors import Entry
from appointments.timeline.sources import EntryKind
from appointments.views.timeline.page import timeline_context
from clinics.policy_settings import ClinicSettings
from precta import hosts
from precta.access import role_required

PAGES = {
    EntryKind.VISIT: "appointments:patient:detail",
    EntryKind.NOTE: "appointments:patient:detail",
    EntryKind.PRESCRIPTION: "pharmacy:patient:detail",
    EntryKind.RECORD: "appointments:records:detail",
    EntryKind.ORDER: "pharmacy:orders:order",
}
PAPERS = {EntryKind.PRESCRIPTION: "pharmacy:me:pdf", EntryKind.RECORD: "appointments:me:record-file"}


@require_safe
@role_required(Role.PATIENT)
def mine(request: HttpRequest) -> HttpResponse:
    people = list(patients_of(request.user))
    context = timeline_context(
        request,
        people=people,
        clinics=clinics_of(people),
        may_see=list(EntryKind),
        tz=ClinicSettings().tz,
        link=_page_of,
    )
    return render(request, "appointments/me/timeline.html", context)


def _page_of(entry: Entry) -> str:
    """On the host of the clinic; of a suspended one, whose host shows nothing, the paper alone."""
    if not entry.clinic.is_open:
        paper = PAPERS.get(entry.kind)
        return reverse(paper, args=[entry.clinic.pk, entry.id]) if paper else ""
    name = PAGES.get(entry.kind)
    key = entry.subject_id if entry.kind == EntryKind.NOTE else entry.id
    return hosts.clinic_url(entry.clinic, name, key) if name else ""
