"""Beat jobs run in `public`; the work is one task for each clinic, so no clinic waits for another."""

from celery import Task
from django_tenants.utils import get_public_schema_name, get_tenant_model

from precta.tenancy import TenantTask

# What no worker took for so long a later beat does better: after an outage the queue does not hold what hours of beats
# have left.
FORGOTTEN_AFTER_SECONDS = 300


def each_clinic(task: Task, *, only_active: bool = False, public_too: bool = False) -> int:
    """Queue `task` without arguments in the schema of every clinic; the number queued."""
    clinics = get_tenant_model().objects.all()
    if only_active:
        clinics = clinics.filter(status="active")
    schemas = list(clinics.values_list("schema_name", flat=True))
    if public_too:
        schemas.insert(0, get_public_schema_name())
    for schema in schemas:
        task.apply_async(headers={TenantTask.header: schema}, expires=FORGOTTEN_AFTER_SECONDS)
    return len(schemas)
