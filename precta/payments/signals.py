"""News that payments send upwards. Each is sent inside the transaction of the settling, `sender=Payment`, `payment=…`;
an exception in a receiver undoes the settling, and the reconciler tries it again.

`payment_settling` comes first, before the payment's row is locked: whoever acts on the outcome takes there the locks
that come before the payment's in its own order (see `appointments/locks.py`), and changes nothing. The other two carry
`now`, the moment of settling, too.
"""

from django.dispatch import Signal

payment_settling = Signal()
payment_completed = Signal()
payment_failed = Signal()
