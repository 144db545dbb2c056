from pharmacy.models.prescription import Prescription, PrescriptionTemplate

__all__ = ["Prescription", "PrescriptionTemplate"]
