"""Where a doctor's application stands and what it still needs. Nothing here changes anything."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import (
    ClinicRequestStatus,
    CredentialType,
    Doctor,
    DoctorClinicRequest,
    DoctorCredential,
    VerificationStatus,
)

# What has to be proved. Certifications are welcome but nobody has to have one.
REQUIRED_PAPERS = (CredentialType.LICENSE, CredentialType.DEGREE, CredentialType.ID)
# What a platform admin checks against the papers: a change of these asks for a new verification.
PROVED = ("first_name", "last_name", "license_number", "specialties")


class State(Enum):
    DRAFT = "draft"  # being filled in
    WAITING = "waiting"  # sent, nobody has decided yet
    REJECTED = "rejected"
    VERIFIED = "verified"
    LAPSED = "lapsed"  # was verified; the licence has ended


def state_of(doctor: Doctor) -> State:
    """A verified doctor who has sent a new licence is verified still."""
    if doctor.verification_status == VerificationStatus.VERIFIED:
        return State.VERIFIED
    if doctor.submitted_at is not None:
        return State.WAITING
    if doctor.verification_status == VerificationStatus.REJECTED:
        return State.REJECTED
    return State.LAPSED if doctor.verified_at is not None else State.DRAFT


def is_locked(doctor: Doctor) -> bool:
    """Whether papers and what they prove stand as they are: from sending them until the decision."""
    return doctor.submitted_at is not None


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist: `step` names the page where it is done, `missing` what is not there yet."""

    step: str
    label: str | Promise
    missing: tuple[str | Promise, ...]
    is_required: bool = True

    @property
    def is_done(self) -> bool:
        return not self.missing


@dataclass(frozen=True, slots=True)
class Checklist:
    items: tuple[Item, ...]

    @property
    def done(self) -> int:
        return sum(item.is_done for item in self.items)

    @property
    def total(self) -> int:
        return len(self.items)

    @property
    def missing(self) -> list[str | Promise]:
        return [what for item in self.items for what in item.missing]

    @property
    def is_complete(self) -> bool:
        return self.done == self.total

    @property
    def next(self) -> Item | None:
        return next((item for item in self.items if not item.is_done), None)


def checklist(doctor: Doctor, *, today: date) -> Checklist:
    """What the application needs before it can be sent; three statements at most. `today` in the clinic's zone."""
    about = {
        _("your first name"): doctor.first_name,
        _("your last name"): doctor.last_name,
        _("a few words about you"): doctor.bio,
        _("at least one field of medicine"): doctor.specialties,
        _("the languages you speak"): doctor.languages,
    }
    practice = {
        _("your licence number"): doctor.license_number,
        _("your years of practice"): doctor.years_of_experience is not None,
        _("at least one qualification"): doctor.qualifications,
    }
    visits = {
        _("your fee"): doctor.has_set_fee,
        _("at least one kind of visit"): doctor.consultation_modes,
    }
    have = {paper.type for paper in standing_papers(doctor) if not _has_ended(paper, today)}
    papers = {
        _("your practising licence"): CredentialType.LICENSE in have,
        _("your degree"): CredentialType.DEGREE in have,
        _("your identity document"): CredentialType.ID in have,
    }
    clinic = {_("the clinic you work at"): doctor.clinic_id or open_request(doctor) is not None}
    return Checklist(
        (
            Item("about", _("About you"), _absent(about)),
            Item("practice", _("Your training and licence"), _absent(practice)),
            Item("visits", _("Your visits and fee"), _absent(visits)),
            Item("clinic", _("Your clinic"), _absent(clinic)),
            Item("papers", _("Your papers"), _absent(papers)),
        )
    )


def _absent(wanted: dict) -> tuple[str | Promise, ...]:
    return tuple(label for label, value in wanted.items() if not value)


def _has_ended(paper: DoctorCredential, today: date) -> bool:
    return paper.expires_at is not None and paper.expires_at < today


def papers_of(doctor: Doctor) -> QuerySet[DoctorCredential]:
    """All papers that the doctor ever brought, the newest first; nobody else's."""
    return DoctorCredential.objects.filter(doctor_id=doctor.pk).order_by("type", "-uploaded_at", "-pk")


def standing_papers(doctor: Doctor) -> QuerySet[DoctorCredential]:
    """Those that count: not rejected, and not replaced by one that is not rejected either."""
    replaced = Q(replaced_by__isnull=False) & ~Q(replaced_by__verification_status=VerificationStatus.REJECTED)
    return papers_of(doctor).exclude(verification_status=VerificationStatus.REJECTED).exclude(replaced)


def open_request(doctor: Doctor) -> DoctorClinicRequest | None:
    """The request to a clinic that waits for an answer."""
    return (
        DoctorClinicRequest.objects.select_related("clinic")
        .filter(doctor_id=doctor.pk, status=ClinicRequestStatus.REQUESTED)
        .first()
    )


def last_refusal(doctor: Doctor) -> DoctorClinicRequest | None:
    """The latest request to a clinic when that was refused."""
    latest = DoctorClinicRequest.objects.select_related("clinic").filter(doctor_id=doctor.pk).order_by("-created_at")
    found = latest.first()
    return found if found is not None and found.status == ClinicRequestStatus.REFUSED else None


def requests_to(clinic_id: str) -> QuerySet[DoctorClinicRequest]:
    """Doctors who asked this clinic, no other one; the longest waiting first."""
    return (
        DoctorClinicRequest.objects.filter(clinic_id=clinic_id)
        .select_related("doctor", "doctor__user", "clinic", "decided_by")
        .order_by("created_at", "pk")
    )


def history_of(doctor: Doctor) -> QuerySet:
    """Every decision on this application, the latest first."""
    return doctor.decisions.select_related("credential").order_by("-created_at", "-pk")
