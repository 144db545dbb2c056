"""Doctors, patients, children, staff and admins."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.utils import encrypt
from django.contrib.auth.hashers import make_password

from accounts import specialties
from accounts.models import (
    Doctor,
    DoctorClinicRequest,
    Guardianship,
    Patient,
    Role,
    User,
    UserStatus,
    VerificationStatus,
)
from accounts.models.patient import BLOOD_TYPES
from accounts.models.user import NO_MAIL_DOMAIN
from clinics.models import Clinic, Membership, MembershipRole
from precta.devstack.demo.dice import Dice
from precta.devstack.demo.names import FAMILIES, MEN, WOMEN
from precta.devstack.demo.papers import Papers
from precta.devstack.demo.places import CLINICS, DemoClinic
from precta.devstack.logins import MAIL_DOMAIN, PASSWORD, totp_secret

PATIENTS = 150
CHILDREN = 60
ALLERGIES = ("Penicillin", "Sulphonamides", "Peanuts", "Latex", "Ibuprofen", "Eggs")
SCHOOLS = (
    "University of Nairobi",
    "Moi University",
    "Kenyatta University",
    "Egerton University",
    "Maseno University",
    "Makerere University",
    "Aga Khan University",
    "Jomo Kenyatta University",
)
ABOUT = (
    "Dr {family} sees adults and children and takes time to explain what comes next. {he} has worked in {city} for "
    "{years} years and teaches younger colleagues once a week.",
    "{first} {family} trained in Kenya and came back to {city} to practise close to home. Patients say that {he_low} "
    "listens first. Follow-up questions are welcome by video.",
    "With {years} years in practice, Dr {family} looks after planned checks as well as sudden complaints, and works "
    "with the clinic's laboratory so that most results are there on the same day.",
    "Dr {family} likes clear plans: what we know, what we check, what you can do at home and when to come back.",
)


@dataclass
class Cast:
    doctors: list[Doctor] = field(default_factory=list)
    patients: list[Patient] = field(default_factory=list)
    guardians: dict[str, Patient] = field(default_factory=dict)  # child id → guardian
    staff: dict[str, User] = field(default_factory=dict)  # clinic slug → front desk


class People:
    """Builds everybody in a handful of bulk inserts."""

    def __init__(self, dice: Dice, today: date, now: datetime) -> None:
        self.dice, self.today, self.now = dice, today, now
        self.password = make_password(PASSWORD)
        self.no_password = make_password(None)
        self.users: list[User] = []
        self.taken: set[str] = set()

    def build(self, clinics: dict[str, Clinic]) -> Cast:
        cast = Cast()
        admin = self._user("admin", Role.ADMIN)
        papers = Papers(self.dice, self.today, self.now, admin)
        self._user("admin2", Role.ADMIN)
        memberships = []
        for plan in CLINICS:
            for role in MembershipRole:
                label = {"owner": "owner", "front_desk": "desk"}.get(role.value, role.value)
                user = self._user(f"{label}.{plan.slug}", Role.PATIENT)
                memberships.append(Membership(id=self.dice.id(), user=user, clinic=clinics[plan.slug], role=role))
                if role == MembershipRole.FRONT_DESK:
                    cast.staff[plan.slug] = user
            for number in range(plan.doctors):
                doctor = self._doctor(plan, clinics[plan.slug], number, admin)
                cast.doctors.append(doctor)
                papers.bring(doctor, number)
        applicants, request = self._applicants(clinics[CLINICS[0].slug])
        for doctor in applicants:
            papers.bring(doctor, 0)
        people = list(clinics.values())
        for number in range(PATIENTS):
            cast.patients.append(self._patient(number, people))
        links = self._children(cast)
        User.objects.bulk_create(self.users)
        with_mail = [user for user in self.users if user.has_email]
        EmailAddress.objects.bulk_create(
            EmailAddress(user=user, email=user.email, verified=user.email_verified, primary=True) for user in with_mail
        )
        Patient.objects.bulk_create(cast.patients)
        Guardianship.objects.bulk_create(links)
        Doctor.objects.bulk_create([*cast.doctors, *applicants])
        papers.save()
        request.save(force_insert=True)
        Membership.objects.bulk_create(memberships)
        staff = [membership.user for membership in memberships]
        self._second_factors([user for user in self.users if user.role != Role.PATIENT] + staff)
        return cast

    def _second_factors(self, users: list[User]) -> None:
        """An authenticator app with a known key, and recovery codes that nobody knows yet."""
        rows = []
        for user in users:
            for kind, data in (
                (Authenticator.Type.TOTP, {"secret": encrypt(totp_secret(user.email))}),
                (Authenticator.Type.RECOVERY_CODES, {"seed": encrypt(RecoveryCodes.generate_seed()), "used_mask": 0}),
            ):
                rows.append(Authenticator(user=user, type=kind, data=data, created_at=self.now))
        Authenticator.objects.bulk_create(rows)

    def _user(self, name: str, role: str, *, status: str = UserStatus.ACTIVE) -> User:
        while name in self.taken:
            name += str(self.dice.randint(2, 99))
        self.taken.add(name)
        user = User(
            id=self.dice.id(),
            email=f"{name}@{MAIL_DOMAIN}",
            password=self.password,
            role=role,
            status=status,
            email_verified=True,
        )
        self.users.append(user)
        return user

    def _name(self, *, woman: bool) -> tuple[str, str]:
        return self.dice.choice(WOMEN if woman else MEN), self.dice.choice(FAMILIES)

    def _doctor(self, plan: DemoClinic, clinic: Clinic, number: int, admin: User) -> Doctor:
        dice = self.dice
        woman = dice.chance(0.5)
        first, family = self._name(woman=woman)
        fields = specialties_of(plan, number)
        status, notes = VerificationStatus.VERIFIED, ""
        if number == plan.doctors - 1:
            status = VerificationStatus.PENDING
        if plan.slug in {"uzima", "pwani"} and number == plan.doctors - 2:
            status = VerificationStatus.PENDING
        if plan.slug == "ziwa" and number == plan.doctors - 2:
            status = VerificationStatus.REJECTED
            notes = "The licence number is not in the council's register. Please upload the current certificate."
        login = f"{first}.{family}".lower().replace("'", "")
        modes = [["in_person", "video"], ["in_person", "video"], ["in_person"], ["video"]][number % 4]
        if plan.slug == "uzima" and number == 0:
            first, family, login, fields, modes = (
                "Achieng",
                "Njoroge",
                "njoroge",
                ["paediatrics"],
                ["in_person", "video"],
            )
            woman = True
        if plan.slug == "pwani" and number == 0:
            first, family, login, woman = "Brian", "Kiprono", "kiprono", False
            fields = ["paediatrics"]
        years = dice.randint(4, 28)
        fee = Decimal(dice.choice((1500, 1800, 2000, 2500, 2500, 3000, 3500, 4500)))
        if number % 15 == 14:
            fee = Decimal(0)
        verified = status == VerificationStatus.VERIFIED
        he = "She" if woman else "He"
        return Doctor(
            user=self._user(login, Role.DOCTOR),
            clinic=clinic,
            first_name=first,
            last_name=family,
            bio=dice.choice(ABOUT).format(
                first=first, family=family, city=plan.city, years=years, he=he, he_low=he.lower()
            ),
            specialties=fields,
            languages=["en", "sw", *dice.sample(plan.languages, k=dice.choice((0, 1, 1, 2)))],
            qualifications=[
                {"title": "MBChB", "institution": dice.choice(SCHOOLS), "year": self.today.year - years - 3},
                {
                    "title": f"MMed {specialties.BY_SLUG[fields[0]].name}",
                    "institution": dice.choice(SCHOOLS),
                    "year": self.today.year - max(years - 3, 1),
                },
            ],
            license_number=f"DEMO-{dice.randint(1000, 9999)}" if status != VerificationStatus.REJECTED else "DEMO-0000",
            years_of_experience=years,
            consultation_fee=fee,
            consultation_duration_minutes=dice.choice((20, 30, 30, 30, 45)) if number else 30,
            consultation_modes=modes,
            verification_status=status,
            verification_notes=notes,
            submitted_at=self.now - timedelta(hours=dice.randint(3, 140))
            if status == VerificationStatus.PENDING
            else None,
            verified_at=self.now - timedelta(days=dice.randint(60, 400)) if verified else None,
            verified_by=admin if verified else None,
        )

    def _applicants(self, clinic: Clinic) -> tuple[list[Doctor], DoctorClinicRequest]:
        """One who has sent everything and waits for the clinic too, and one who stopped half-way."""
        asking = Doctor(
            user=self._user("wambui.kariuki", Role.DOCTOR),
            first_name="Wambui",
            last_name="Kariuki",
            bio="Dr Kariuki looks after skin complaints of adults and children and likes to see them early.",
            specialties=["dermatology"],
            languages=["en", "sw", "ki"],
            qualifications=[{"title": "MBChB", "institution": SCHOOLS[0], "year": self.today.year - 11}],
            license_number="DEMO-4711",
            years_of_experience=8,
            consultation_fee=Decimal(2500),
            submitted_at=self.now - timedelta(days=2),
        )
        beginning = Doctor(
            user=self._user("mwende", Role.DOCTOR),
            first_name="Mwende",
            last_name="Musyoka",
            bio="I treat adults with high blood pressure and diabetes, and take the time that it needs.",
            specialties=["general-practice"],
            languages=["en", "sw", "kam"],
            consultation_fee=Decimal(0),
            has_set_fee=False,
        )
        return [asking, beginning], DoctorClinicRequest(id=self.dice.id(), doctor=asking, clinic=clinic)

    def _patient(self, number: int, clinics: list[Clinic]) -> Patient:
        dice = self.dice
        woman = dice.chance(0.55)
        first, family = self._name(woman=woman)
        login = f"{first}.{family}".lower().replace("'", "")
        status = UserStatus.SUSPENDED if number == PATIENTS - 1 else UserStatus.ACTIVE
        if number == 0:
            first, family, login, woman = "Amina", "Hassan", "amina", True
        return Patient(
            user=self._user(login, Role.PATIENT, status=status),
            first_name=first,
            last_name=family,
            date_of_birth=self.today - timedelta(days=dice.randint(19 * 365, 80 * 365)),
            gender="female" if woman else "male",
            blood_type=dice.choice(BLOOD_TYPES),
            allergies=dice.sample(ALLERGIES, k=1) if dice.chance(0.2) else [],
            preferred_language="sw" if number % 5 == 4 else "en",
            emergency_contact_name=" ".join(self._name(woman=dice.chance(0.5))),
            emergency_contact_phone=dice.phone(),
            clinic=clinics[0] if number == 0 else dice.choice(clinics),
        )

    def _children(self, cast: Cast) -> list[Guardianship]:
        links = []
        for number in range(CHILDREN):
            guardian = cast.patients[number]
            user = User(
                id=(user_id := self.dice.id()),
                email=f"{user_id}@{NO_MAIL_DOMAIN}",
                password=self.no_password,
                role=Role.PATIENT,
                status=UserStatus.ACTIVE,
            )
            self.users.append(user)
            woman = self.dice.chance(0.5)
            child = Patient(
                user=user,
                first_name="Baraka" if number == 0 else self._name(woman=woman)[0],
                last_name=guardian.last_name,
                date_of_birth=self.today - timedelta(days=self.dice.randint(300, 15 * 365)),
                gender="female" if woman and number else "male",
                preferred_language=guardian.preferred_language,
                clinic=guardian.clinic,
            )
            cast.patients.append(child)
            cast.guardians[user.id] = guardian
            links.append(Guardianship(id=self.dice.id(), guardian=guardian, child=child))
        return links


def specialties_of(plan: DemoClinic, number: int) -> list[str]:
    """Round the specialties; two in three of the big clinic's doctors see general cases too."""
    others = [s.slug for s in specialties.ALL if s.slug != "general-practice"]
    shift = CLINICS.index(plan) * 7
    first = others[(number + shift) % len(others)]
    if number % 6 == 5:
        return ["general-practice"]
    if plan.slug == "uzima" and number % 6 in {0, 1, 2, 4}:
        return [first, "general-practice"]
    return [first]
