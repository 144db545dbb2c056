"""Writing the trail."""

from typing import Any

from django.db import models

from precta.audit.context import Actor, current_actor
from precta.audit.models import AuditLog
from precta.inserts import insert


def record(
    action: str,
    *,
    resource: models.Model | tuple[str, str | None],
    user: Any | None = None,
    details: dict[str, Any] | None = None,
) -> AuditLog:
    """Write one act into the trail of the active schema, in the caller's transaction.

    `action` is `noun.past_tense_verb`. `resource` is the row, or (type, id) where there is none. The actor, the
    address and the user agent come from the request unless `user` is given; a task has none of them. `details` holds
    ids, states and amounts: never what a patient wrote.
    """
    actor: Actor = current_actor()
    if isinstance(resource, models.Model):
        resource_type, resource_id = resource._meta.model_name or "", str(resource.pk)
    else:
        resource_type, resource_id = resource[0], resource[1] or ""
    user_id = user.pk if user is not None else actor.user_id
    row = AuditLog(
        user_id=user_id,
        action=action,
        resource_type=resource_type,
        resource_id=resource_id or None,
        details=details,
        ip_address=actor.ip_address,
        user_agent=actor.user_agent,
    )
    return insert(row)
