"""A patient's visits at this clinic.

Who may open what: `book` anybody reads, a patient posts; the list is every patient's own; everything below it belongs
to the patient, or to the guardian, of the visit: a stranger signs in first, anybody else gets a 404.
"""

from django.urls import path

from appointments.views.patient import book, moving, pay, visits
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "patient"

urlpatterns = [
    path("book/<id:doctor_id>/", book.book, name="book"),
    path("appointments/", visits.visit_list, name="list"),
    path("appointments/<id:appointment_id>/", visits.detail, name="detail"),
    path("appointments/<id:appointment_id>/cancel/", visits.cancel, name="cancel"),
    path("appointments/<id:appointment_id>/reschedule/", moving.reschedule, name="reschedule"),
    path("appointments/<id:appointment_id>/calendar.ics", visits.calendar, name="calendar"),
    path("appointments/<id:appointment_id>/receipt/", visits.receipt, name="receipt"),
    path("appointments/<id:appointment_id>/pay/", pay.pay, name="pay"),
    path("appointments/<id:appointment_id>/pay/status/", pay.pay_status, name="pay-status"),
    path("appointments/<id:appointment_id>/pay/return/", pay.pay_return, name="pay-return"),
]
