"""What access tells those above it, inside the transaction of the change. It cannot import them."""

from django.dispatch import Signal

# A stage admits nobody any more, and work that came through it is to be stopped. Sent with stage_ids, reason, actor.
stages_closed = Signal()

# A studio, or one seat of it, has lost what it had: suspended, or moved to a lower tier. Whoever keeps work for it acts
# by the rule. `studio_id` or `seat_id` (the other is None), `rule`: a Suspension.RunningWork value, `reason`: text,
# `actor`: an audit Actor.
withdrawn = Signal()
