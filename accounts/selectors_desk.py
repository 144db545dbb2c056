"""What a clinic's desk may learn of people: its own patients, and whoever has just proved a phone."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Q, QuerySet

from accounts.models import Patient, Role, UserStatus
from accounts.models.user import NO_MAIL_DOMAIN
from accounts.selectors import current_guardianships
from clinics.models import Clinic

MOST_FOUND = 12


def patients_of_clinic(clinic: Clinic) -> QuerySet[Patient]:
    """The patients who are linked to the clinic."""
    return Patient.objects.filter(clinic_links__clinic=clinic.pk).select_related("user")


def twins_of(
    clinic: Clinic, *, first_name: str, last_name: str, date_of_birth: date | None, phone: str
) -> list[Patient]:
    """This clinic's patients of the same name, in either order, whom neither birth date nor phone tells apart.

    Two people of one name are known as two only when both birth dates are known and differ; without them a differing
    phone proves nothing, since people change theirs.
    """
    straight = Q(first_name__iexact=first_name, last_name__iexact=last_name)
    swapped = Q(first_name__iexact=last_name, last_name__iexact=first_name)
    same_name = list(patients_of_clinic(clinic).filter(straight | swapped).order_by("pk")[:MOST_FOUND])
    return [
        patient
        for patient in same_name
        if date_of_birth is None or patient.date_of_birth is None or patient.date_of_birth == date_of_birth
    ]


def people_with_phone(phone: str) -> list[Patient]:
    """Who holds this verified phone (E.164), and the children whom they look after."""
    holder = (
        Patient.objects.filter(user__phone=phone, user__phone_verified=True)
        .exclude(user__status=UserStatus.SUSPENDED)
        .select_related("user")
        .first()
    )
    if holder is None:
        return []
    children = current_guardianships(holder.pk).values("child_id")
    return [holder, *Patient.objects.filter(pk__in=children).select_related("user").order_by("first_name", "pk")]


def claimable_patients(phone: str) -> QuerySet[Patient]:
    """Those whom a desk added with this phone (E.164) and who have no e-mail, so that nobody can sign in as them yet.

    Nobody with an e-mail of their own is ever among them, proved or not. One who began to claim and never finished is,
    unless the account works at a clinic by now or has a second factor: a phone and a name are too little for those.
    """
    return (
        Patient.objects.filter(
            Q(contact_phone=phone) | Q(user__phone=phone),
            user__role=Role.PATIENT,
            user__status=UserStatus.ACTIVE,
            user__email__endswith="@" + NO_MAIL_DOMAIN,
        )
        .exclude(user__memberships__isnull=False)
        .exclude(user__authenticator__isnull=False)
        .select_related("user")
    )


def named(patients: QuerySet[Patient], *, first_name: str, last_name: str, date_of_birth: date | None) -> list[Patient]:
    """Those of `patients` with exactly this name, in any case; where a birth date is on record it must be right."""
    same: Sequence[Patient] = list(patients.filter(first_name__iexact=first_name, last_name__iexact=last_name)[:20])
    return [patient for patient in same if patient.date_of_birth is None or patient.date_of_birth == date_of_birth]
