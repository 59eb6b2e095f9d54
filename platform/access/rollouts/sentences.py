"""What happened to a rollout, in a sentence. Pure."""

from typing import Any

_TONES = {"halted": "stop", "shut": "stop", "rolled_back": "stop", "warned": "hold", "stage_opened": "go"}


def tone(action: str) -> str:
    """The colour of an action: stop, hold, go, or none."""
    return _TONES.get(action, "")


def sentence(action: str, facts: dict[str, Any]) -> str:
    """For a record's action (without "rollout.") and facts."""
    reason = f": {facts['reason']}" if facts.get("reason") else ""
    work = {"finish": "What was accepted finishes.", "stop": "What waited or ran was stopped."}.get(
        facts.get("work", "")
    )
    match action:
        case "made":
            return f"Planned for {facts['target']}"
        case "changed":
            return "Changed its name or its rule for work under way"
        case "stage_added" | "stage_changed" | "stage_removed":
            return f"Stage {facts['stage']}, {facts['name']}: {action.removeprefix('stage_')}"
        case "guardrail_set":
            return f"Watches {_metric(facts)}"
        case "guardrail_removed":
            return f"Watches {_metric(facts)} no longer"
        case "approved":
            return f"Signed off stage {facts['stage']}, {facts['name']}"
        case "approval_taken_back":
            return f"Took back the sign-off of stage {facts['stage']}"
        case "stage_opened":
            return f"Opened stage {facts['stage']}, {facts['name']}, at {_percent(facts['ppm'])}"
        case "widened":
            return f"Widened stage {facts['stage']} from {_percent(facts['before'])} to {_percent(facts['ppm'])}"
        case "halted":
            return f"Halted stage {facts['stage']} at {_percent(facts['ppm'])}{reason}. {work}"
        case "resumed":
            return f"Resumed{reason}"
        case "rolled_back":
            to = f"stage {facts['to']}" if facts["to"] else "before its first stage"
            return f"Rolled back to {to}{reason}. {work}"
        case "shut":
            return f"Shut for everybody{reason}. {work}"
        case "opened_again":
            return f"Opened again{reason}"
        case "finished":
            return f"Finished{reason}"
        case "warned":
            return f"Warned{reason}"
        case "listed":
            return f"{'Let in' if facts['kind'] == 'allow' else 'Kept out'} somebody by name{reason}"
        case "unlisted":
            return "Took a name off the lists"
    return action.replace("_", " ").capitalize() + reason


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:g} %"


def _metric(facts: dict[str, Any]) -> str:
    return str(facts["metric"]).replace("_", " ")
