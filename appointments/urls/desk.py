"""The front desk's pages inside the clinic's admin: (address, view, name); `admin:` comes before each name."""

from appointments.views.desk import day, money, moving, time_off, visits
from appointments.views.desk_book import details, find, link, visit
from appointments.views.timeline import desk as timeline

VISIT, DOCTOR = "desk/visits/<id:visit_id>/", "desk/doctors/<id:doctor_id>/"
BOOKED = "desk/book/visit/<id:appointment_id>/"

PAGES = (
    ("desk/", day.day, "appointments_desk"),
    (VISIT + "arrived/", visits.arrived, "appointments_desk_arrived"),
    (VISIT + "not-arrived/", visits.not_arrived, "appointments_desk_not_arrived"),
    (VISIT + "no-show/", visits.no_show, "appointments_desk_no_show"),
    (VISIT + "cancel/", visits.cancel, "appointments_desk_cancel"),
    (VISIT + "move/", moving.move, "appointments_desk_move"),
    (VISIT + "receipt/", visits.receipt, "appointments_desk_receipt"),
    ("desk/payments/<id:payment_id>/cash/", money.take, "appointments_desk_take_cash"),
    ("desk/payments/<id:payment_id>/give-back/", money.part, "appointments_desk_give_back"),
    ("desk/refunds/<id:refund_id>/hand-back/", money.hand_back, "appointments_desk_hand_back"),
    ("desk/refunds/<id:refund_id>/again/", money.retry, "appointments_desk_retry"),
    (DOCTOR, time_off.overview, "appointments_desk_hours"),
    (DOCTOR + "time-off/", time_off.add, "appointments_desk_time_off"),
    (DOCTOR + "time-off/<id:time_off_id>/remove/", time_off.remove, "appointments_desk_time_off_remove"),
    ("desk/patients/<id:patient_id>/", timeline.of_patient, "appointments_desk_patient"),
    ("desk/book/", find.find, "appointments_desk_book"),
    ("desk/book/new/", find.new, "appointments_desk_book_new"),
    ("desk/book/link/", link.link, "appointments_desk_book_link"),
    ("desk/book/for/<id:patient_id>/", details.details, "appointments_desk_book_details"),
    (BOOKED, visit.visit, "appointments_desk_book_visit"),
    (BOOKED + "status/", visit.status, "appointments_desk_book_status"),
)
