"""What access tells those above it, inside the transaction of the change."""

from django.dispatch import Signal

# A stage admits nobody any more, and work that came through it is to be stopped. Sent with stage_ids, reason, actor.
stages_closed = Signal()
