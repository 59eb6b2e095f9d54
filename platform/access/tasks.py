"""What the clock has access do: each room's own."""

from access.applications import tasks as applications
from access.guardrails import tasks as guardrails
from access.invitations import tasks as invitations
from access.letters import tasks as letters

SCHEDULE = {
    **letters.SCHEDULE,
    **applications.SCHEDULE,
    **invitations.SCHEDULE,
    **guardrails.SCHEDULE,
}
