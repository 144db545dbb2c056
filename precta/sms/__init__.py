"""Short messages. No table of its own: what must arrive is a Notification, what may be asked for again is a code."""
