"""What the clock has access do: each room's own."""

from access.letters import tasks as letters

SCHEDULE = {**letters.SCHEDULE}
