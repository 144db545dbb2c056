"""The pharmacy desk's pages inside the clinic's admin: (address, view, name); `admin:` comes before each name."""

from pharmacy.views.desk import lines, order, papers, queue

ORDER = "desk/orders/<id:order_id>/"
LINE, QUESTION = ORDER + "lines/<id:item_id>/", ORDER + "substitutions/<id:substitution_id>/"

PAGES = (
    ("desk/orders/", queue.queue, "pharmacy_desk"),
    (ORDER, order.order, "pharmacy_desk_order"),
    (ORDER + "begin/", order.begin, "pharmacy_desk_begin"),
    (ORDER + "dispatch/", order.dispatch, "pharmacy_desk_dispatch"),
    (ORDER + "courier/", order.courier, "pharmacy_desk_courier"),
    (ORDER + "deliver/", order.deliver, "pharmacy_desk_deliver"),
    (ORDER + "cancel/", order.cancel, "pharmacy_desk_cancel"),
    (ORDER + "pick-list/", papers.pick_list, "pharmacy_desk_pick_list"),
    (ORDER + "labels/", papers.labels, "pharmacy_desk_labels"),
    (ORDER + "dispensings/<id:dispensing_id>/undo/", lines.undo, "pharmacy_desk_undo"),
    (LINE + "dispense/", lines.dispense, "pharmacy_desk_dispense"),
    (LINE + "substitute/", lines.substitute, "pharmacy_desk_substitute"),
    (LINE + "take-out/", lines.take_out, "pharmacy_desk_take_out"),
    (QUESTION + "answer/", lines.consent, "pharmacy_desk_answer"),
    (QUESTION + "withdraw/", lines.withdraw, "pharmacy_desk_withdraw"),
)
