"""The audit trail. `from precta.audit.services import record`."""
