"""Taking over the account that a clinic's desk has made for somebody."""

from django.db import transaction
from django.db.models import F

from accounts import terms
from accounts.exceptions import NotClaimable
from accounts.models import Consent, ConsentPurpose, Patient, User
from accounts.selectors_desk import claimable_patients
from precta.audit.services import record
from precta.tenancy import public_context


def claim_account(*, patient: Patient, phone: str, password: str) -> User:
    """Give the patient's account to whoever has just proved `phone` (E.164) and said whose visits they are.

    The account gets the password, the consent to the terms, and the phone as verified unless another account holds
    it, as in a family that shares one. Nobody can sign in by it before an e-mail is proved, which the caller sees to;
    until then it can be claimed again with the same phone. Raises NotClaimable, having changed nothing, when it has an
    e-mail by now, or never was to be claimed with this phone.
    """
    with public_context(), transaction.atomic():
        user = User.objects.select_for_update(no_key=True).filter(pk=patient.pk).first()
        if user is None or not claimable_patients(phone).filter(pk=patient.pk).exists():
            raise NotClaimable
        fields = ["password", "session_epoch", "updated_at"]
        # Two who share the phone at the same moment: the unique column must let one of them have it.
        holder = User.objects.select_for_update(no_key=True).filter(phone=phone).first()
        if holder is None:
            user.phone = phone
            user.phone_verified = True
            fields += ["phone", "phone_verified"]
        user.set_password(password)
        user.session_epoch = F("session_epoch") + 1
        user.save(update_fields=fields)
        Consent.objects.get_or_create(
            patient=patient,
            clinic=None,
            purpose=ConsentPurpose.PLATFORM_TERMS,
            text_version=terms.VERSION,
            withdrawn_at=None,
            defaults={"given_by": user, "text": terms.as_text()},
        )
        record("patient.claimed", resource=user, user=user, details={"phone_kept": holder is None})
    user.refresh_from_db()
    return user
