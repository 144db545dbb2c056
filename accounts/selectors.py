"""Reading people, always within what the asker may see."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from allauth.mfa.models import Authenticator
from django.db.models import Case, CharField, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Concat, NullIf, Trim

from accounts.models import (
    Consent,
    DecisionKind,
    Doctor,
    Guardianship,
    Patient,
    Role,
    User,
    UserStatus,
)
from clinics.models import Clinic, Membership, StaffInvitation
from clinics.selectors import staff_of, unanswered_invitations
from precta import clock, hosts
from precta.notifications.telling import Recipient

ADULT_AGE = 18


def years_before(day: date, years: int) -> date:
    """The same day `years` earlier; 29 February becomes 1 March where there is none."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, month=3, day=1)


def last_birth_day_of_adults(today: date | None = None) -> date:
    """Whoever was born on this day or before has come of age.

    The day is counted in UTC-12, the last zone to reach a birthday: a child is never cut off early anywhere.
    """
    today = today or (clock.now() - timedelta(hours=12)).date()
    return years_before(today, ADULT_AGE)


def current_guardianships(guardian_id: str, *, today: date | None = None) -> QuerySet[Guardianship]:
    """The guardianships that last: not ended, the child not yet of age and its profile not suspended."""
    return _lasting(Guardianship.objects.filter(guardian_id=guardian_id), today=today)


def _lasting(links: QuerySet[Guardianship], *, today: date | None = None) -> QuerySet[Guardianship]:
    return (
        links.filter(ended_at__isnull=True)
        .exclude(child__date_of_birth__lte=last_birth_day_of_adults(today))
        .exclude(child__user__status=UserStatus.SUSPENDED)
    )


# As SQL because every page of free times and every booking asks it: the ORM writes these sentences in several times the
# time that PostgreSQL needs to answer them.
DOCTOR_TO_BOOK = """
SELECT id, first_name, last_name, profile_image_url, specialties, consultation_fee, consultation_duration_minutes,
       consultation_modes, verification_status, next_slots, clinic_id
  FROM accounts_doctor doctor
 WHERE id = %s AND clinic_id = %s AND verification_status = 'verified'
   AND EXISTS (SELECT FROM accounts_user account WHERE account.id = doctor.id AND account.status = 'active')
"""


def doctor_to_book(doctor_id: str, *, clinic: Clinic) -> Doctor | None:
    """The verified doctor of `clinic`, an active one, with what a page of free times shows of them; else None."""
    doctor = next(iter(Doctor.objects.raw(DOCTOR_TO_BOOK, [doctor_id, clinic.pk])), None)
    if doctor is not None:
        doctor.clinic = clinic
    return doctor


def own_patient(user: User) -> Patient | None:
    """The person's own profile as a patient: the first of `patients_of`, cheaper to read than all."""
    if not user.is_authenticated or user.status == UserStatus.SUSPENDED:
        return None
    return next(iter(Patient.objects.raw("SELECT * FROM accounts_patient WHERE id = %s", [user.pk])), None)


def patients_of(user: User, *, today: date | None = None) -> QuerySet[Patient]:
    """Those for whom `user` may book: themselves first, then their children by name; nobody while suspended."""
    if not user.is_authenticated or user.status == UserStatus.SUSPENDED:
        return Patient.objects.none()
    children = current_guardianships(user.pk, today=today).values("child_id")
    return (
        Patient.objects.filter(Q(pk=user.pk) | Q(pk__in=children))
        .select_related("user")
        .annotate(
            _order=Case(
                When(pk=user.pk, then=Value(0)),
                default=Value(1),
                output_field=IntegerField(),
            )
        )
        .order_by("_order", "first_name", "pk")
    )


def consents_of(user: User) -> QuerySet[Consent]:
    """What `user` and the children they look after agreed to, those that stand first, then the latest first."""
    return (
        Consent.objects.filter(patient__in=patients_of(user).values("pk"))
        .select_related("patient", "clinic")
        .order_by(F("withdrawn_at").desc(nulls_first=True), "-given_at", "pk")
    )


def guardians_of(child: Patient) -> QuerySet[Patient]:
    """Those who look after the child now; nobody once it has come of age."""
    links = _lasting(Guardianship.objects.filter(child=child))
    return Patient.objects.filter(pk__in=links.values("guardian_id"), user__status=UserStatus.ACTIVE).select_related(
        "user"
    )


def name_of(user: User) -> str:
    """What the person is called in the bar: the patient's or doctor's name, else the e-mail."""
    patient = Patient.objects.filter(pk=user.pk).first()
    if patient is not None:
        return patient.full_name
    doctor = Doctor.objects.filter(pk=user.pk).only("first_name", "last_name").first()
    return doctor.display_name if doctor is not None else str(user)


def _name_column(prefix: str) -> Coalesce:
    """As `name_of`, in the statement itself: for lists."""

    def full(kind: str) -> NullIf:
        whole = Concat(
            f"{prefix}{kind}__first_name", Value(" "), f"{prefix}{kind}__last_name", output_field=CharField()
        )
        return NullIf(Trim(whole), Value(""))

    return Coalesce(full("patient"), full("doctor"), F(f"{prefix}email"), output_field=CharField())


def names_of(user_ids: Iterable[str]) -> dict[str, str]:
    """As `name_of`, of several people in one statement."""
    return dict(User.objects.filter(pk__in=set(user_ids)).annotate(called=_name_column("")).values_list("pk", "called"))


def staff_with_names(clinic: Clinic) -> QuerySet[Membership]:
    """Who works or worked at the clinic, each with `name` and `has_second_factor`, those who do first."""
    return staff_of(clinic).annotate(name=_name_column("user__"), has_second_factor=_second_factor())


def invitations_with_names(clinic: Clinic) -> QuerySet[StaffInvitation]:
    """The unanswered invitations, each with `inviter`, the name of who sent it last."""
    return unanswered_invitations(clinic).annotate(inviter=_name_column("invited_by__"))


def _second_factor() -> Exists:
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return Exists(Authenticator.objects.filter(user_id=OuterRef("user_id"), type__in=kinds))


def language_of(user: User) -> str | None:
    """The language that the person chose, or None for somebody without a patient profile."""
    return Patient.objects.filter(pk=user.pk).values_list("preferred_language", flat=True).first()


def not_verified_since(doctor: Doctor) -> datetime | None:
    """When the doctor lost a verification that has not come back; None for who is verified, or never was."""
    if doctor.is_verified:
        return None
    since = None
    for decision in doctor.decisions.order_by("-created_at", "-pk"):
        if decision.kind == DecisionKind.APPROVED and decision.credential_id is None:
            return since
        if decision.kind == DecisionKind.LAPSED or (
            decision.kind == DecisionKind.REJECTED and decision.credential_id is None
        ):
            since = decision.created_at
    return None


def reader(user: User) -> Recipient:
    """The person as somebody who is told: in the language that they chose, else in English."""
    return Recipient(user, language_of(user) or "en")


def workplaces_of(user: User) -> list[dict[str, str]]:
    """Where the person works: the workspace of a doctor, the admin of clinics that they help to run.

    Each as `{"name": …, "url": absolute}`, ready to be kept in a session.
    """
    found = []
    doctor = Doctor.objects.select_related("clinic").filter(pk=user.pk).first() if user.role == Role.DOCTOR else None
    if doctor is not None and doctor.clinic is not None and doctor.has_workspace:
        found.append((doctor.clinic, "appointments:doctor:today"))
    memberships = user.memberships.filter(is_active=True, clinic__status="active").select_related("clinic")
    found += [(membership.clinic, "admin:index") for membership in memberships.order_by("clinic__name")[:5]]
    return [{"name": clinic.name, "url": hosts.clinic_url(clinic, page)} for clinic, page in found]
