"""Children: people without a login, in whose name a guardian books and reads."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction

from accounts.exceptions import NotAChild, TooManyChildren
from accounts.models import GuardianRelation, Guardianship, Patient, Role, User, UserStatus
from accounts.models.user import NO_MAIL_DOMAIN
from accounts.selectors import current_guardianships, last_birth_day_of_adults
from accounts.services.profile import update_profile
from precta import clock
from precta.audit.services import record
from precta.ids import new_id
from precta.tenancy import public_context

MOST_CHILDREN = 20


def add_child(
    *, guardian: Patient, by: User, relation: str = GuardianRelation.PARENT, values: dict[str, Any]
) -> Guardianship:
    """Make the child's account, which nobody can sign in to, its profile and the guardianship, all or nothing.

    `values` are columns of Patient, `date_of_birth` among them. Raises NotAChild and TooManyChildren.
    """
    _check_age(values["date_of_birth"])
    with public_context(), transaction.atomic():
        Patient.objects.select_for_update(no_key=True).get(pk=guardian.pk)
        if current_guardianships(guardian.pk).count() >= MOST_CHILDREN:
            raise TooManyChildren
        user_id = new_id()
        user = User(id=user_id, email=f"{user_id}@{NO_MAIL_DOMAIN}", role=Role.PATIENT, status=UserStatus.ACTIVE)
        user.set_unusable_password()
        user.save()
        child = Patient.objects.create(
            user=user, preferred_language=guardian.preferred_language, **_without_language(values)
        )
        link = Guardianship.objects.create(guardian=guardian, child=child, relation=relation)
        record("guardianship.started", resource=link, user=by, details={"child": child.pk, "relation": relation})
    return link


def update_child(*, link: Guardianship, by: User, relation: str, values: dict[str, Any]) -> None:
    """Change the child's profile and the relation. Raises NotAChild."""
    _check_age(values["date_of_birth"])
    with public_context(), transaction.atomic():
        update_profile(patient=link.child, by=by, values=_without_language(values))
        if relation != link.relation:
            link.relation = relation
            link.save(update_fields=["relation"])
            record("guardianship.changed", resource=link, user=by, details={"relation": relation})


def end_guardianship(*, link: Guardianship, by: User) -> bool:
    """Stop acting for the child, whose profile and visits stay; False when it had ended already."""
    with public_context(), transaction.atomic():
        ended = Guardianship.objects.filter(pk=link.pk, ended_at__isnull=True).update(ended_at=clock.now())
        if ended:
            record("guardianship.ended", resource=link, user=by, details={"child": link.child_id})
    return bool(ended)


def _without_language(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "preferred_language"}


def _check_age(born: date) -> None:
    # Tomorrow counts: east of here a child of that date is born already.
    if born <= last_birth_day_of_adults() or born > clock.now().date() + timedelta(days=1):
        raise NotAChild
