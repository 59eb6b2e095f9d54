"""The facts of access, each kind in a room of its own."""

from access.models.applications import (
    Application,
    ApplicationLink,
    ApplicationNote,
    ApplicationReading,
    ApplicationTag,
)
from access.models.invitations import ImportBatch, ImportRow, Invitation, InvitationUse
from access.models.letters import Letter
from access.models.rollouts import Approval, Edition, Guardrail, Listing, Reading, Rollout, Stage
from access.models.suspensions import Suspension
from access.models.terms import TermsAcceptance, TermsVersion
from access.models.tiers import Override, Standing, Tier, TierVersion

__all__ = [
    "Application",
    "ApplicationLink",
    "ApplicationNote",
    "ApplicationReading",
    "ApplicationTag",
    "Approval",
    "Edition",
    "Guardrail",
    "ImportBatch",
    "ImportRow",
    "Invitation",
    "InvitationUse",
    "Letter",
    "Listing",
    "Override",
    "Reading",
    "Rollout",
    "Stage",
    "Standing",
    "Suspension",
    "TermsAcceptance",
    "TermsVersion",
    "Tier",
    "TierVersion",
]
