"""News that payments send upwards. Each is sent inside the transaction of the settling, `sender=Payment`, `payment=…`.

`payment_settling` comes first, before the payment's row is locked: whoever acts on the outcome takes there the locks
that come before the payment's in its own order (see `appointments/locks.py`), and changes nothing.
"""

from django.dispatch import Signal

payment_settling = Signal()
payment_completed = Signal()
payment_failed = Signal()
