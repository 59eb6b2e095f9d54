"""Every address of the house × everybody who might ask: one table. An address that is not in it fails a test.

What is asked for belongs to Lantern Pictures. `stranger` owns another studio; `lab` is a reviewer and `lead` an access
lead, who have no seat; `shut` had an artist's seat at Lantern until it was suspended today. Programs ask with a key of
the same seat.
"""

import hashlib
import io
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone
from PIL import Image

from access.allowance.actions import bring_in
from access.applications import guards
from access.invitations import actions as invitations
from access.invitations import lists, reading
from access.models import Tier
from access.rollouts import actions as rollouts
from access.rollouts import plan
from access.terms import actions as terms
from access.tiers import actions as tiers
from access.tiers.queries import standing_of
from accounts import actions as accounts
from accounts.models import Person, Seat
from audit.actions import Actor
from generation.models import Artifact, Event, Job
from takes import project_actions, tasks
from tests import factories

WHO = ("nobody", "owner", "producer", "artist", "guest", "stranger", "lab", "lead", "shut")

# 200 a page or a thing · 201 made · 302 done; for nobody: please sign in; for security: say again who you are
# 401 no key · 403 not you, and why · 404 not there for you · 405 not asked this way · 410 a link that opens nothing
TABLE = """
# nobody owner producer artist guest stranger lab lead shut
GET   home                               200  302  302  302  302  302  200  302  200
POST  home                               405  405  405  405  405  405  405  405  405
GET   join                               200  200  200  200  200  200  200  200  200
POST  join                               302  200  200  200  200  200  200  200  200
GET   health                             200  200  200  200  200  200  200  200  200
POST  health                             405  405  405  405  405  405  405  405  405
GET   door                               410  410  410  410  410  410  410  410  410
POST  door                               410  410  410  410  410  410  410  410  410
GET   account_login                      200  302  302  302  302  302  302  302  302
POST  account_login                      200  302  302  302  302  302  302  302  302
GET   account_request_login_code         200  302  302  302  302  302  302  302  302
POST  account_request_login_code         200  302  302  302  302  302  302  302  302
GET   account_confirm_login_code         302  302  302  302  302  302  302  302  302
POST  account_confirm_login_code         302  302  302  302  302  302  302  302  302
GET   mfa_login_webauthn                 302  302  302  302  302  302  302  302  302
POST  mfa_login_webauthn                 302  302  302  302  302  302  302  302  302
GET   mfa_authenticate                   302  302  302  302  302  302  302  302  302
POST  mfa_authenticate                   302  302  302  302  302  302  302  302  302
GET   account_inactive                   200  200  200  200  200  200  200  200  200
POST  account_inactive                   405  405  405  405  405  405  405  405  405
GET   account_signup                     200  302  302  302  302  302  302  302  302
POST  account_signup                     200  302  302  302  302  302  302  302  302
GET   account_logout                     302  200  200  200  200  200  200  200  200
POST  account_logout                     302  302  302  302  302  302  302  302  302
GET   account_reset_password             200  200  200  200  200  200  200  200  200
POST  account_reset_password             200  200  200  200  200  200  200  200  200
GET   account_reset_password_done        200  200  200  200  200  200  200  200  200
POST  account_reset_password_done        405  405  405  405  405  405  405  405  405
GET   account_reset_password_from_key_done 200  200  200  200  200  200  200  200  200
POST  account_reset_password_from_key_done 405  405  405  405  405  405  405  405  405
GET   account_reset_password_from_key    200  200  200  200  200  200  200  200  200
POST  account_reset_password_from_key    200  200  200  200  200  200  200  200  200
GET   switch_studio                      302  405  405  405  405  405  405  405  405
POST  switch_studio                      302  404  404  404  404  404  404  404  404
GET   profile                            302  200  200  200  200  200  200  200  200
POST  profile                            302  302  302  302  302  302  302  302  302
GET   usersessions_list                  302  200  200  200  200  200  200  200  200
POST  usersessions_list                  302  302  302  302  302  302  302  302  302
GET   account_reauthenticate             302  403  403  403  403  403  403  403  403
POST  account_reauthenticate             302  403  403  403  403  403  403  403  403
GET   mfa_reauthenticate                 302  403  403  403  403  403  403  403  403
POST  mfa_reauthenticate                 302  403  403  403  403  403  403  403  403
GET   mfa_reauthenticate_webauthn        302  403  403  403  403  403  403  403  403
POST  mfa_reauthenticate_webauthn        302  403  403  403  403  403  403  403  403
GET   mfa_index                          302  200  200  200  200  200  200  200  200
POST  mfa_index                          302  405  405  405  405  405  405  405  405
GET   account_change_password            302  302  302  302  302  302  302  302  302
POST  account_change_password            302  302  302  302  302  302  302  302  302
GET   account_set_password               302  200  200  200  200  200  200  200  200
POST  account_set_password               302  200  200  200  200  200  200  200  200
GET   mfa_activate_totp                  302  200  200  200  200  200  200  200  200
POST  mfa_activate_totp                  302  200  200  200  200  200  200  200  200
GET   mfa_deactivate_totp                302  404  404  404  404  404  404  404  404
POST  mfa_deactivate_totp                302  404  404  404  404  404  404  404  404
GET   mfa_list_webauthn                  302  200  200  200  200  200  200  200  200
POST  mfa_list_webauthn                  302  405  405  405  405  405  405  405  405
GET   mfa_add_webauthn                   302  200  200  200  200  200  200  200  200
POST  mfa_add_webauthn                   302  200  200  200  200  200  200  200  200
GET   mfa_remove_webauthn                302  404  404  404  404  404  404  404  404
POST  mfa_remove_webauthn                302  404  404  404  404  404  404  404  404
GET   mfa_edit_webauthn                  302  404  404  404  404  404  404  404  404
POST  mfa_edit_webauthn                  302  404  404  404  404  404  404  404  404
GET   mfa_view_recovery_codes            302  404  404  404  404  404  404  404  404
POST  mfa_view_recovery_codes            302  405  405  405  405  405  405  405  405
GET   mfa_generate_recovery_codes        302  200  200  200  200  200  200  200  200
POST  mfa_generate_recovery_codes        302  200  200  200  200  200  200  200  200
GET   mfa_download_recovery_codes        302  404  404  404  404  404  404  404  404
POST  mfa_download_recovery_codes        302  404  404  404  404  404  404  404  404
GET   seats                              302  200  200  200  200  200  403  403  403
POST  seats                              302  405  405  405  405  405  405  405  405
GET   invite                             302  405  405  405  405  405  405  405  405
POST  invite                             302  302  403  403  403  302  403  403  403
GET   invitation_revoke                  302  405  405  405  405  405  405  405  405
POST  invitation_revoke                  302  302  403  403  403  404  403  403  403
GET   invitation_resend                  302  405  405  405  405  405  405  405  405
POST  invitation_resend                  302  302  403  403  403  404  403  403  403
GET   lab_invitations                    302  403  403  403  403  403  403  200  403
POST  lab_invitations                    302  405  405  405  405  405  405  405  405
GET   lab_invitation_new                 302  403  403  403  403  403  403  200  403
POST  lab_invitation_new                 302  403  403  403  403  403  403  302  403
GET   lab_invitation                     302  403  403  403  403  403  403  200  403
POST  lab_invitation                     302  405  405  405  405  405  405  405  405
GET   lab_invitation_revoke              302  405  405  405  405  405  405  405  405
POST  lab_invitation_revoke              302  403  403  403  403  403  403  302  403
GET   lab_invitation_resend              302  405  405  405  405  405  405  405  405
POST  lab_invitation_resend              302  403  403  403  403  403  403  302  403
GET   invitation_list_new                302  403  403  403  403  403  403  200  403
POST  invitation_list_new                302  403  403  403  403  403  403  302  403
GET   invitation_list                    302  403  403  403  403  403  403  200  403
POST  invitation_list                    302  405  405  405  405  405  405  405  405
GET   invitation_list_send               302  405  405  405  405  405  405  405  405
POST  invitation_list_send               302  403  403  403  403  403  403  302  403
GET   terms                              200  200  200  200  200  200  200  200  200
POST  terms                              405  405  405  405  405  405  405  405  405
GET   terms_version                      404  404  404  404  404  404  404  404  404
POST  terms_version                      405  405  405  405  405  405  405  405  405
GET   terms_accept                       302  302  302  302  302  302  302  302  302
POST  terms_accept                       302  302  302  302  302  302  302  302  302
GET   lab_terms                          302  403  403  403  403  403  403  200  403
POST  lab_terms                          302  405  405  405  405  405  405  405  405
GET   lab_terms_draft                    302  403  403  403  403  403  403  200  403
POST  lab_terms_draft                    302  403  403  403  403  403  403  302  403
GET   lab_terms_version                  302  403  403  403  403  403  403  200  403
POST  lab_terms_version                  302  405  405  405  405  405  405  405  405
GET   lab_terms_publish                  302  403  403  403  403  403  403  200  403
POST  lab_terms_publish                  302  403  403  403  403  403  403  302  403
GET   lab_invitation_tree                302  403  403  403  403  403  403  200  403
POST  lab_invitation_tree                302  405  405  405  405  405  405  405  405
GET   lab_invitation_branch_of_lab       302  403  403  403  403  403  403  200  403
POST  lab_invitation_branch_of_lab       302  405  405  405  405  405  405  405  405
GET   lab_invitation_branch              302  403  403  403  403  403  403  200  403
POST  lab_invitation_branch              302  405  405  405  405  405  405  405  405
GET   allowance                          302  200  200  200  403  200  403  403  403
POST  allowance                          302  302  302  302  403  302  403  403  403
GET   allowance_revoke                   302  405  405  405  405  405  405  405  405
POST  allowance_revoke                   302  404  404  302  403  404  403  403  403
GET   allowance_resend                   302  405  405  405  405  405  405  405  405
POST  allowance_resend                   302  404  404  302  403  404  403  403  403
GET   seat_role                          302  405  405  405  405  405  405  405  405
POST  seat_role                          302  302  403  403  403  404  403  403  403
GET   seat_suspend                       302  405  405  405  405  405  405  405  405
POST  seat_suspend                       302  302  403  403  403  404  403  403  403
GET   seat_restore                       302  405  405  405  405  405  405  405  405
POST  seat_restore                       302  302  403  403  403  404  403  403  403
GET   seat_end                           302  405  405  405  405  405  405  405  405
POST  seat_end                           302  302  403  403  403  404  403  403  403
GET   seat_reopen                        302  405  405  405  405  405  405  405  405
POST  seat_reopen                        302  404  403  403  403  404  403  403  403
GET   keys                               302  200  200  200  200  200  403  403  403
POST  keys                               302  200  200  200  403  200  403  403  403
GET   key_revoke                         302  405  405  405  405  405  405  405  405
POST  key_revoke                         302  302  404  302  404  404  403  403  403
GET   apply                              200  200  200  200  200  200  200  200  200
POST  apply                              302  302  302  302  302  302  302  302  302
GET   apply_written                      200  200  200  200  200  200  200  200  200
POST  apply_written                      405  405  405  405  405  405  405  405  405
GET   application                        200  200  200  200  200  200  200  200  200
POST  application                        302  302  302  302  302  302  302  302  302
GET   application_confirm                200  200  200  200  200  200  200  200  200
POST  application_confirm                302  302  302  302  302  302  302  302  302
GET   application_withdraw               405  405  405  405  405  405  405  405  405
POST  application_withdraw               302  302  302  302  302  302  302  302  302
GET   applications                       302  403  403  403  403  403  403  200  403
POST  applications                       302  405  405  405  405  405  405  405  405
GET   applications_decide                302  403  403  403  403  403  403  302  403
POST  applications_decide                302  403  403  403  403  403  403  302  403
GET   lab_application                    302  403  403  403  403  403  403  200  403
POST  lab_application                    302  405  405  405  405  405  405  405  405
GET   lab_application_tags               302  405  405  405  405  405  405  405  405
POST  lab_application_tags               302  403  403  403  403  403  403  302  403
GET   lab_application_note               302  405  405  405  405  405  405  405  405
POST  lab_application_note               302  403  403  403  403  403  403  302  403
GET   lab_application_reading            302  405  405  405  405  405  405  405  405
POST  lab_application_reading            302  403  403  403  403  403  403  302  403
GET   lab_application_second             302  405  405  405  405  405  405  405  405
POST  lab_application_second             302  403  403  403  403  403  403  302  403
GET   lab_application_one_reading        302  405  405  405  405  405  405  405  405
POST  lab_application_one_reading        302  403  403  403  403  403  403  302  403
GET   lab_rollouts                       302  403  403  403  403  403  403  200  403
POST  lab_rollouts                       302  405  405  405  405  405  405  405  405
GET   lab_rollout_new                    302  403  403  403  403  403  403  200  403
POST  lab_rollout_new                    302  403  403  403  403  403  403  302  403
GET   lab_rollout                        302  403  403  403  403  403  403  200  403
POST  lab_rollout                        302  405  405  405  405  405  405  405  405
GET   lab_rollout_move                   302  405  405  405  405  405  405  405  405
POST  lab_rollout_move                   302  403  403  403  403  403  403  302  403
GET   lab_rollout_history                302  403  403  403  403  403  403  200  403
POST  lab_rollout_history                302  405  405  405  405  405  405  405  405
GET   lab_rollout_change                 302  403  403  403  403  403  403  200  403
POST  lab_rollout_change                 302  403  403  403  403  403  403  302  403
GET   lab_rollout_names                  302  403  403  403  403  403  403  200  403
POST  lab_rollout_names                  302  403  403  403  403  403  403  422  403
GET   lab_rollout_name_end               302  405  405  405  405  405  405  405  405
POST  lab_rollout_name_end               302  403  403  403  403  403  403  302  403
GET   lab_stage_new                      302  403  403  403  403  403  403  200  403
POST  lab_stage_new                      302  403  403  403  403  403  403  302  403
GET   lab_stage                          302  403  403  403  403  403  403  200  403
POST  lab_stage                          302  403  403  403  403  403  403  302  403
GET   lab_stage_remove                   302  405  405  405  405  405  405  405  405
POST  lab_stage_remove                   302  403  403  403  403  403  403  302  403
GET   lab_guardrail_new                  302  403  403  403  403  403  403  200  403
POST  lab_guardrail_new                  302  403  403  403  403  403  403  302  403
GET   lab_guardrail                      302  403  403  403  403  403  403  200  403
POST  lab_guardrail                      302  403  403  403  403  403  403  302  403
GET   lab_guardrail_remove               302  405  405  405  405  405  405  405  405
POST  lab_guardrail_remove               302  403  403  403  403  403  403  302  403
GET   rights                             302  200  200  200  200  200  403  403  403
POST  rights                             302  405  405  405  405  405  405  405  405
GET   lab_entitlements                   302  403  403  403  403  403  403  200  403
POST  lab_entitlements                   302  405  405  405  405  405  405  405  405
GET   viewing_start                      302  405  405  405  405  405  405  405  405
POST  viewing_start                      302  403  403  403  403  403  403  302  403
GET   viewing_end                        302  405  405  405  405  405  405  405  405
POST  viewing_end                        302  302  302  302  302  302  302  302  302
GET   credits                            302  200  200  200  403  200  403  403  403
POST  credits                            302  405  405  405  405  405  405  405  405
GET   lab_studios                        302  403  403  403  403  403  403  200  403
POST  lab_studios                        302  405  405  405  405  405  405  405  405
GET   lab_studio                         302  403  403  403  403  403  403  200  403
POST  lab_studio                         302  405  405  405  405  405  405  405  405
GET   lab_studio_record                  302  403  403  403  403  403  403  200  403
POST  lab_studio_record                  302  405  405  405  405  405  405  405  405
GET   lab_studio_move                    302  405  405  405  405  405  405  405  405
POST  lab_studio_move                    302  403  403  403  403  403  403  302  403
GET   lab_studio_move_back               302  405  405  405  405  405  405  405  405
POST  lab_studio_move_back               302  403  403  403  403  403  403  302  403
GET   lab_studio_suspend                 302  405  405  405  405  405  405  405  405
POST  lab_studio_suspend                 302  403  403  403  403  403  403  302  403
GET   lab_studio_restore                 302  405  405  405  405  405  405  405  405
POST  lab_studio_restore                 302  403  403  403  403  403  403  302  403
GET   lab_studio_stop                    302  405  405  405  405  405  405  405  405
POST  lab_studio_stop                    302  403  403  403  403  403  403  302  403
GET   lab_studio_except                  302  405  405  405  405  405  405  405  405
POST  lab_studio_except                  302  403  403  403  403  403  403  302  403
GET   lab_override_lift                  302  405  405  405  405  405  405  405  405
POST  lab_override_lift                  302  403  403  403  403  403  403  302  403
GET   lab_seat                           302  403  403  403  403  403  403  200  403
POST  lab_seat                           302  405  405  405  405  405  405  405  405
GET   lab_seat_suspend                   302  405  405  405  405  405  405  405  405
POST  lab_seat_suspend                   302  403  403  403  403  403  403  302  403
GET   lab_seat_restore                   302  405  405  405  405  405  405  405  405
POST  lab_seat_restore                   302  403  403  403  403  403  403  302  403
GET   lab_seat_stop                      302  405  405  405  405  405  405  405  405
POST  lab_seat_stop                      302  403  403  403  403  403  403  302  403
GET   lab_seat_except                    302  405  405  405  405  405  405  405  405
POST  lab_seat_except                    302  403  403  403  403  403  403  302  403
GET   lab_tiers                          302  403  403  403  403  403  403  200  403
POST  lab_tiers                          302  405  405  405  405  405  405  405  405
GET   lab_tier_new                       302  403  403  403  403  403  403  200  403
POST  lab_tier_new                       302  403  403  403  403  403  403  422  403
GET   lab_tier                           302  403  403  403  403  403  403  200  403
POST  lab_tier                           302  403  403  403  403  403  403  422  403
GET   lab_tier_retire                    302  405  405  405  405  405  405  405  405
POST  lab_tier_retire                    302  403  403  403  403  403  403  302  403
GET   lab_tier_return                    302  405  405  405  405  405  405  405  405
POST  lab_tier_return                    302  403  403  403  403  403  403  302  403
GET   lab_people                         302  403  403  403  403  403  403  200  403
POST  lab_people                         302  405  405  405  405  405  405  405  405
GET   lab_person                         302  403  403  403  403  403  403  200  403
POST  lab_person                         302  405  405  405  405  405  405  405  405
GET   lab_person_give                    302  405  405  405  405  405  405  405  405
POST  lab_person_give                    302  403  403  403  403  403  403  302  403
GET   lab_person_take                    302  405  405  405  405  405  405  405  405
POST  lab_person_take                    302  403  403  403  403  403  403  302  403
GET   lab_person_deactivate              302  405  405  405  405  405  405  405  405
POST  lab_person_deactivate              302  403  403  403  403  403  403  302  403
GET   lab_person_activate                302  405  405  405  405  405  405  405  405
POST  lab_person_activate                302  403  403  403  403  403  403  302  403
GET   lab                                302  403  403  403  403  403  403  200  403
POST  lab                                302  405  405  405  405  405  405  405  405
GET   takes:projects                     302  200  200  200  200  200  403  403  403
POST  takes:projects                     302  302  302  403  403  302  403  403  403
GET   takes:project                      302  200  200  200  200  404  403  403  403
POST  takes:project                      302  302  302  302  403  404  403  403  403
GET   takes:preflight                    302  405  405  405  405  405  405  405  405
POST  takes:preflight                    302  200  200  200  403  404  403  403  403
GET   takes:rename                       302  405  405  405  405  405  405  405  405
POST  takes:rename                       302  302  302  403  403  404  403  403  403
GET   takes:archive                      302  405  405  405  405  405  405  405  405
POST  takes:archive                      302  302  302  403  403  404  403  403  403
GET   takes:restore                      302  405  405  405  405  405  405  405  405
POST  takes:restore                      302  302  302  403  403  404  403  403  403
GET   takes:references                   302  405  405  405  405  405  405  405  405
POST  takes:references                   302  201  201  201  403  404  403  403  403
GET   takes:events                       302  200  200  200  200  404  403  403  403
POST  takes:events                       302  405  405  405  405  405  405  405  405
GET   takes:live                         302  200  200  200  200  404  403  403  403
POST  takes:live                         302  405  405  405  405  405  405  405  405
GET   takes:reference                    302  200  200  200  200  404  403  403  403
POST  takes:reference                    302  405  405  405  405  405  405  405  405
GET   takes:take                         302  200  200  200  200  404  403  403  403
POST  takes:take                         302  405  405  405  405  405  405  405  405
GET   takes:cancel                       302  405  405  405  405  405  405  405  405
POST  takes:cancel                       302  302  302  302  403  404  403  403  403
GET   takes:retry                        302  405  405  405  405  405  405  405  405
POST  takes:retry                        302  302  302  302  403  404  403  403  403
GET   takes:remix                        302  405  405  405  405  405  405  405  405
POST  takes:remix                        302  302  302  302  403  404  403  403  403
GET   takes:clip                         302  200  200  200  200  404  403  403  403
POST  takes:clip                         302  405  405  405  405  405  405  405  405
GET   takes:download                     302  200  200  200  200  404  403  403  403
POST  takes:download                     302  405  405  405  405  405  405  405  405
GET   takes:poster                       302  200  200  200  200  404  403  403  403
POST  takes:poster                       302  405  405  405  405  405  405  405  405
GET   takes:sprite                       302  200  200  200  200  404  403  403  403
POST  takes:sprite                       302  405  405  405  405  405  405  405  405
GET   takes:preview                      302  404  404  404  404  404  403  403  403
POST  takes:preview                      302  405  405  405  405  405  405  405  405
GET   takes:vocabulary                   302  200  200  200  200  200  403  403  403
POST  takes:vocabulary                   302  405  405  405  405  405  405  405  405
GET   screening:policy                   200  200  200  200  200  200  200  200  200
POST  screening:policy                   405  405  405  405  405  405  405  405  405
GET   screening:policy_version           200  200  200  200  200  200  200  200  200
POST  screening:policy_version           405  405  405  405  405  405  405  405  405
GET   api:schema                         200  200  200  200  200  200  200  200  200
POST  api:schema                         405  405  405  405  405  405  405  405  405
GET   api:entitlements                   401  200  200  200  403  200  401  401  401
POST  api:entitlements                   401  405  405  405  405  405  401  401  401
GET   api:models                         401  200  200  200  403  200  401  401  401
POST  api:models                         401  405  405  405  405  405  401  401  401
GET   api:projects                       401  200  200  200  403  200  401  401  401
POST  api:projects                       401  201  201  403  403  201  401  401  401
GET   api:project                        401  200  200  200  403  404  401  401  401
POST  api:project                        401  405  405  405  405  405  401  401  401
GET   api:references                     401  405  405  405  405  405  401  401  401
POST  api:references                     401  201  201  201  403  404  401  401  401
GET   api:preflight                      401  405  405  405  405  405  401  401  401
POST  api:preflight                      401  200  200  200  403  404  401  401  401
GET   api:project_takes                  401  200  200  200  403  404  401  401  401
POST  api:project_takes                  401  201  201  201  403  404  401  401  401
GET   api:take                           401  200  200  200  403  404  401  401  401
POST  api:take                           401  405  405  405  405  405  401  401  401
GET   api:cancel                         401  405  405  405  405  405  401  401  401
POST  api:cancel                         401  200  200  200  403  404  401  401  401
GET   api:retry                          401  405  405  405  405  405  401  401  401
POST  api:retry                          401  201  201  201  403  404  401  401  401
GET   api:remix                          401  405  405  405  405  405  401  401  401
POST  api:remix                          401  201  201  201  403  404  401  401  401
GET   api:content                        401  200  200  200  403  404  401  401  401
POST  api:content                        401  405  405  405  405  405  401  401  401
GET   api:credits                        401  200  200  200  403  200  401  401  401
POST  api:credits                        401  405  405  405  403  405  401  401  401
GET   api:credit_entries                 401  200  200  200  403  200  401  401  401
POST  api:credit_entries                 401  405  405  405  403  405  401  401  401
GET   ofrep:flags                        401  405  405  405  405  405  401  401  401
POST  ofrep:flags                        401  200  200  200  403  403  401  401  401
GET   ofrep:flag                         401  405  405  405  405  405  401  401  401
POST  ofrep:flag                         401  200  200  200  403  403  401  401  401
GET   ofrep:events                       401  200  200  200  403  200  401  401  401
POST  ofrep:events                       401  405  405  405  405  405  401  401  401
GET   api:not_found                      404  404  404  404  404  404  404  404  404
POST  api:not_found                      404  404  404  404  404  404  404  404  404
"""


@dataclass(frozen=True)
class Row:
    method: str
    name: str
    statuses: tuple[int, ...]


ROWS = [
    Row(method, name, tuple(map(int, statuses)))
    for line in TABLE.strip().splitlines()
    if line.strip() and not line.startswith("#")
    for method, name, *statuses in [line.split()]
]


def everybody(people: Any) -> dict[str, Seat | Person | None]:
    shut = factories.make_seat("artist", studio=people.studio)
    Seat.objects.filter(pk=shut.pk).update(suspended_at=timezone.now())
    return {
        "nobody": None,
        "owner": people.owner,
        "producer": people.producer,
        "artist": people.artist,
        "guest": people.guest,
        "stranger": people.stranger,
        "lab": people.reviewer,
        "lead": people.access_lead,
        "shut": shut,
    }


class Lantern:
    """What the studio has: a project with a ready, a failed and a waiting take, a reference, a key, an invitation."""

    def __init__(self, people: Any) -> None:
        house, seat = Actor.house("tests"), people.owner
        tiers.place(studio=people.studio, tier=Tier.objects.get(slug="lab"), reason="test", actor=house)
        tiers.place(studio=people.other_studio, tier=Tier.objects.get(slug="lab"), reason="test", actor=house)
        self.project = factories.make_project(seat)
        self.ready, self.failed, self.waiting = (factories.make_take(seat, project=self.project) for _ in range(3))
        self.end(self.ready, Event.Kind.SUCCEEDED)
        self.end(self.failed, Event.Kind.FAILED, code="worker_lost", message="The worker fell silent.")
        self.reference = project_actions.add_reference(
            seat=seat, project=self.project, upload=picture(), name="storm.png"
        )
        self.key, _ = accounts.create_key(
            seat=people.artist, name="theirs", scopes=["takes:read"], expires_at=None, actor=house
        )
        self.invitation, self.code = invitations.invite(
            email="new@example.com",
            tier=Tier.objects.get(slug="studio"),
            role="artist",
            studio=people.studio,
            actor=house,
        )
        self.terms = terms.write(title="Terms", text="Be kind.", actor=house)  # a draft: nobody is asked for it
        self.brought = bring_in(seat=people.artist, email="friend@example.com", key="k")
        self.list = lists.read(lines=reading.lines("email\nines@example.com"), by=people.access_lead)
        self.seat = factories.make_seat("artist", studio=people.studio)
        self.rollout = factories.make_rollout(kind="feature", model="story-board", name="Story board")
        self.guardrail = plan.set_guardrail(
            rollout=self.rollout, version=self.rollout.version, plan=plan.GuardrailPlan("refusals"), actor=house
        )
        self.listing = rollouts.list_by_name(
            rollout=self.rollout, kind="allow", studio=people.studio, reason="a pilot", actor=house
        )
        self.application, self.application_code = factories.make_application()
        self.sent, _ = factories.make_application(sent=True)
        self.standing = standing_of(people.studio)
        self.exception = tiers.override(
            studio=people.studio, field="api", value=True, ends_at=timezone.now() + DAY, reason="test", actor=house
        )

    def end(self, take: Any, kind: Event.Kind, **payload: Any) -> None:
        job = Job.objects.get(pk=take.job_id)
        for kept in ("clip", "poster", "sprite") if kind == Event.Kind.SUCCEEDED else ():
            name = default_storage.save(f"{kept}.bin", ContentFile(b"picture"))
            sheet = {"columns": 5, "rows": 4, "tile": [112, 64], "frames": list(range(17))} if kept == "sprite" else {}
            Artifact.objects.create(
                job=job, kind=kept, file=name, media_type="video/mp4", sha256="0" * 64, bytes=7, width=112, height=64,
                frames=17, fps_num=8, fps_den=1, meta=sheet,
            )  # fmt: skip
        Event.objects.create(job=job, kind=kind, payload=payload)
        tasks.read_outbox()

    def address(self, name: str) -> str:
        """The address of one of Lantern's things."""
        verb = name.rpartition(":")[2]
        take = {"retry": self.failed, "cancel": self.waiting}.get(verb, self.ready)
        whose: dict[str, dict[str, Any]] = {
            **{key: {"pk": self.project.pk} for key in OF_A_PROJECT},
            **{key: {"pk": take.pk} for key in OF_A_TAKE},
            **{key: {"pk": self.seat.pk} for key in OF_A_SEAT},
            **{key: {"project_id": self.project.pk} for key in ("takes:events", "takes:live")},
            **{key: {"pk": 1} for key in ("mfa_remove_webauthn", "mfa_edit_webauthn")},
            **{key: {"slug": self.seat.studio.slug} for key in OF_A_STUDIO},
            **{key: {"slug": self.seat.studio.slug, "pk": self.seat.pk} for key in OF_A_STUDIOS_SEAT},
            "lab_studio_move_back": {"slug": self.seat.studio.slug, "pk": self.standing.pk},
            "lab_override_lift": {"slug": self.seat.studio.slug, "pk": self.exception.pk},
            **{key: {"slug": "studio"} for key in OF_A_TIER},
            **{key: {"pk": self.seat.person_id} for key in OF_A_PERSON},
            "takes:reference": {"pk": self.reference.pk},
            "ofrep:flag": {"key": self.rollout.slug},
            "takes:vocabulary": {"model": "starter-1"},
            **{key: {"pk": self.invitation.pk} for key in OF_AN_INVITATION},
            **{key: {"number": self.terms.number} for key in ("lab_terms_version", "lab_terms_publish")},
            "terms_version": {"number": 1},
            **{key: {"pk": self.brought.pk} for key in ("allowance_revoke", "allowance_resend")},
            "lab_invitation_branch": {"pk": self.seat.pk},
            **{key: {"pk": self.list.pk} for key in ("invitation_list", "invitation_list_send")},
            **{key: {"slug": self.rollout.slug} for key in OF_A_ROLLOUT},
            **{key: {"slug": self.rollout.slug, "position": 2} for key in ("lab_stage", "lab_stage_remove")},
            **{
                key: {"slug": self.rollout.slug, "pk": self.guardrail.pk}
                for key in ("lab_guardrail", "lab_guardrail_remove")
            },
            "lab_rollout_name_end": {"slug": self.rollout.slug, "pk": self.listing.pk},
            "key_revoke": {"pk": self.key.pk},
            "join": {"code": self.code},
            **{key: {"code": self.application_code} for key in OF_AN_APPLICANT},
            **{key: {"pk": self.sent.pk} for key in OF_AN_APPLICATION},
            "screening:policy_version": {"version": 1},
            "account_reset_password_from_key": {"uidb36": "1", "key": "not-a-key"},
        }
        return "/api/v1/nothing-here/" if name == "api:not_found" else reverse(name, kwargs=whose.get(name))


OF_A_PROJECT = (
    "takes:project", "takes:preflight", "takes:rename", "takes:archive", "takes:restore", "takes:references",
    "api:project", "api:references", "api:preflight", "api:project_takes",
)  # fmt: skip
OF_A_TAKE = (
    "takes:take", "takes:cancel", "takes:retry", "takes:remix", "takes:clip", "takes:download", "takes:poster",
    "takes:sprite", "takes:preview", "api:take", "api:cancel", "api:retry", "api:remix", "api:content",
)  # fmt: skip
OF_A_ROLLOUT = (
    "lab_rollout", "lab_rollout_move", "lab_rollout_history", "lab_rollout_change", "lab_rollout_names",
    "lab_stage_new", "lab_guardrail_new",
)  # fmt: skip
OF_AN_APPLICANT = ("application", "application_confirm", "application_withdraw")
OF_AN_INVITATION = (
    "invitation_revoke", "invitation_resend", "lab_invitation", "lab_invitation_revoke", "lab_invitation_resend",
)  # fmt: skip
OF_AN_APPLICATION = (
    "lab_application", "lab_application_tags", "lab_application_note", "lab_application_reading",
    "lab_application_second", "lab_application_one_reading",
)  # fmt: skip
OF_A_SEAT = ("viewing_start", "seat_role", "seat_suspend", "seat_restore", "seat_end", "seat_reopen")
OF_A_STUDIO = (
    "lab_studio", "lab_studio_record", "lab_studio_move", "lab_studio_suspend", "lab_studio_restore", "lab_studio_stop",
    "lab_studio_except",
)  # fmt: skip
OF_A_STUDIOS_SEAT = ("lab_seat", "lab_seat_suspend", "lab_seat_restore", "lab_seat_stop", "lab_seat_except")
OF_A_TIER = ("lab_tier", "lab_tier_retire", "lab_tier_return")
OF_A_PERSON = ("lab_person", "lab_person_give", "lab_person_take", "lab_person_deactivate", "lab_person_activate")
DAY = timedelta(days=1)
EXCEPTION = {"field": "concurrency", "value": "9", "ends_on": "2199-01-01", "reason": "a deadline"}
SUSPENSION = {"reason": "a leaked key", "running_work": "stop"}
VERSION = 5  # of the rollout, after it was planned
STAGE = {
    "name": "Everybody", "tiers": [3], "ramp": "50, 100", "ramp_wait_hours": 24, "wait_hours": 0, "hour_from": 0,
    "hour_until": 24, "minimum_sample": 0, "approvals_needed": 0, "version": VERSION,
}  # fmt: skip
GUARDRAIL = {
    "metric": "failed_renders", "compares": "on", "window_minutes": 60, "minimum_sample": 50, "failure_limit": 3,
    "action": "halt", "version": VERSION,
}  # fmt: skip
WORDS = "a red balloon rises over the sea at night"


def body(name: str) -> dict[str, Any]:
    """A body that would be right from somebody who may."""
    return {
        "takes:projects": {"name": "Ebb", "key": "k"},
        "takes:rename": {"name": "Ebb"},
        "takes:project": {"prompt": WORDS, "key": "k"},
        "takes:preflight": {"prompt": WORDS, "key": "k"},
        "takes:remix": {"prompt": WORDS, "key": "k"},
        "takes:retry": {"key": "k"},
        "takes:references": {"file": picture()},
        "invite": {"email": "another@example.com", "role": "artist", "key": "k"},
        "invitation_resend": {"codes": 1},
        "lab_invitation_resend": {"codes": 1},
        "allowance": {"email": "outside@example.com", "key": "k"},
        "allowance_resend": {"codes": 1},
        "lab_terms_draft": {"title": "Terms", "text": "Be kind."},
        "lab_terms_publish": {"sha256": hashlib.sha256(b"Be kind.").hexdigest()},
        "invitation_list_new": {"text": "email\nines@example.com"},
        "lab_invitation_new": invitation_for_one(),
        "seat_role": {"role": "guest"},
        "keys": {"name": "render farm", "scopes": ["takes:read"], "days": "30"},
        "lab_tier_retire": {"reason": "no longer"},
        "lab_person_give": {"duty": "reviewer", "reason": "the rota"},
        "lab_person_take": {"duty": "reviewer", "reason": "the rota"},
        "lab_person_deactivate": {"reason": "a stolen laptop"},
        "lab_studio_move": {"tier": "first-ten", "reason": "a smaller need"},
        "lab_studio_suspend": SUSPENSION,
        "lab_seat_suspend": SUSPENSION,
        "lab_studio_except": EXCEPTION,
        "lab_seat_except": EXCEPTION,
        "profile": {"name": "Another Name"},
        "switch_studio": {"studio": "none-of-mine"},
        "viewing_start": {"reason": "they asked for help"},
        "lab_rollout_new": {
            "name": "Wan",
            "kind": "feature",
            "target": "wan",
            "subject": "studio",
            "running_work": "finish",
        },
        "lab_rollout_move": {"verb": "approve"},
        "lab_rollout_change": {"name": "Boards", "running_work": "stop", "version": VERSION},
        "lab_rollout_names": {"whom": "nobody@example.com", "kind": "deny", "reason": "a test"},
        "lab_stage_new": STAGE,
        "lab_stage": STAGE,
        "lab_stage_remove": {"version": VERSION},
        "lab_guardrail_new": GUARDRAIL,
        "lab_guardrail": GUARDRAIL,
        "lab_guardrail_remove": {"version": VERSION},
        "join": {"name": "New Person"},
        "apply": factories.APPLICATION | {"email": "new@example.com", "read_at": guards.stamp(time.time() - 60)},
        "application": factories.APPLICATION,
        "lab_application_tags": {"tags": "film"},
        "lab_application_note": {"words": "A reel worth seeing.", "key": "k"},
        "lab_application_reading": {"verdict": "yes", "words": "The reel."},
        "api:projects": {"name": "Ebb"},
        "api:references": {"file": picture()},
        "api:preflight": {"prompt": WORDS},
        "api:project_takes": {"prompt": WORDS},
        "api:remix": {"prompt": WORDS},
    }.get(name, {})


def invitation_for_one() -> dict[str, Any]:
    tier = Tier.objects.get(slug="studio").pk
    return {"binding": "address", "email": "one@example.com", "tier": tier, "role": "owner", "days": 14, "key": "k"}


def picture() -> io.BytesIO:
    out = io.BytesIO()
    Image.linear_gradient("L").save(out, "PNG")
    out.seek(0)
    out.name = "storm.png"
    return out


class Undone(Exception):
    pass


def ask(row: Row, lantern: Lantern, who: Seat | Person | None) -> int:
    """The status that somebody gets. Whatever it did is undone."""
    client = Client()
    headers = {}
    try:
        with transaction.atomic():
            how: dict[str, Any] = {}
            if row.name.startswith(("api:", "ofrep:")):
                if isinstance(who, Seat):
                    _, secret = accounts.create_key(
                        seat=who,
                        name="test",
                        scopes=list(accounts.SCOPES),
                        expires_at=None,
                        actor=Actor.house("tests"),
                    )
                    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "k"}
            elif who is not None:
                person = who.person if isinstance(who, Seat) else who
                client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
            send = client.get if row.method == "GET" else client.post
            sent = body(row.name) if row.method == "POST" else {}
            if row.name.startswith("ofrep:") and row.method == "POST":
                how = {"content_type": "application/json"}
                sent = {"context": {"targetingKey": f"studio:{lantern.seat.studio.slug}"}}
            status = send(lantern.address(row.name), sent, headers=headers, **how)
            raise Undone
    except Undone:
        return status.status_code


@pytest.fixture
def lantern(people: Any) -> Lantern:
    return Lantern(people)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.method} {row.name}" for row in ROWS])
def test_everybody_gets_what_the_table_says(row, lantern, people):
    got = {name: ask(row, lantern, who) for name, who in everybody(people).items()}
    assert got == dict(zip(WHO, row.statuses, strict=True))


def names(patterns: Any, prefix: str = "") -> set[str]:
    found = set()
    for one in patterns:
        if hasattr(one, "url_patterns"):
            found |= names(one.url_patterns, f"{one.namespace}:" if one.namespace else prefix)
        else:
            assert one.name, f"the address {one.pattern} has no name"
            found.add(prefix + one.name)
    return found


def test_every_address_is_in_the_table():
    assert names(get_resolver().url_patterns) == {row.name for row in ROWS}
