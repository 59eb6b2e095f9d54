"""What happens to studios, seats, people and keys, told inside the transaction that does it.

`accounts` is the ground floor and cannot import the audit record that stands on it; audit/receivers.py listens here.
Every signal but the last carries `actor` (an audit Actor, passed through unread) and, where something
changed, `facts`: a JSON-able dict without personal data.
"""

from django.dispatch import Signal

studio_opened = Signal()  # studio, actor
studio_changed = Signal()  # studio, actor, action: "studio.suspended" | "studio.restored", facts
seat_changed = Signal()  # seat, actor, action: "seat.added" | "seat.role_changed" | …, facts
key_changed = Signal()  # key, actor, action: "key.created" | "key.revoked", facts
person_changed = Signal()  # person, actor, action: "person.deactivated" | "person.activated", facts
person_renamed = Signal()  # person, who is the actor too
