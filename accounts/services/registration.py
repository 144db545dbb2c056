"""What belongs to a new patient beside the account."""

from accounts import terms
from accounts.models import Consent, ConsentPurpose, Patient, User
from precta.audit.services import record


def register_patient(*, user: User, first_name: str, last_name: str, language: str) -> Patient:
    """Give a new account its patient profile and keep its consent to the terms, in the caller's transaction.

    The consent's text is the sentence in the active language, which is the one that was ticked.
    """
    patient = Patient.objects.create(user=user, first_name=first_name, last_name=last_name, preferred_language=language)
    Consent.objects.create(
        patient=patient,
        given_by=user,
        purpose=ConsentPurpose.PLATFORM_TERMS,
        text_version=terms.VERSION,
        text=terms.as_text(),
    )
    record("user.signed_up", resource=user, user=user, details={"terms": terms.VERSION, "language": language})
    return patient
