from pharmacy.models.prescription import Prescription, PrescriptionState, PrescriptionTemplate

__all__ = ["Prescription", "PrescriptionState", "PrescriptionTemplate"]
