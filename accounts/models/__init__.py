from accounts.models.clinic_links import ClinicPatient, Consent, ConsentPurpose
from accounts.models.doctor import (
    ClinicRequestStatus,
    ConsultationMode,
    CredentialType,
    DecisionKind,
    Doctor,
    DoctorClinicRequest,
    DoctorCredential,
    VerificationDecision,
    VerificationStatus,
)
from accounts.models.patient import Gender, GuardianRelation, Guardianship, Patient
from accounts.models.phone_code import PhoneCode, PhoneCodePurpose
from accounts.models.user import Role, User, UserStatus

__all__ = [
    "ClinicPatient",
    "ClinicRequestStatus",
    "Consent",
    "ConsentPurpose",
    "ConsultationMode",
    "CredentialType",
    "DecisionKind",
    "Doctor",
    "DoctorClinicRequest",
    "DoctorCredential",
    "Gender",
    "GuardianRelation",
    "Guardianship",
    "Patient",
    "PhoneCode",
    "PhoneCodePurpose",
    "Role",
    "User",
    "UserStatus",
    "VerificationDecision",
    "VerificationStatus",
]
