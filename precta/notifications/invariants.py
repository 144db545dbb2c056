"""I6 and I7, the notifications."""

from precta.invariants import invariant, offenders


@invariant("I7", "no notification waits for over 5 minutes", where="public")
def waiting_notifications() -> list[str]:
    return offenders(
        """
        SELECT id FROM notifications_notification
        WHERE status = 'pending' AND created_at < now() - interval '5 minutes'
        """
    )


@invariant("I6", "nobody is told of one event twice through one channel", where="public")
def told_twice() -> list[str]:
    return offenders(
        """
        SELECT min(id) FROM notifications_notification
        GROUP BY event_id, user_id, channel HAVING count(*) > 1
        """
    )
