from django.urls import path

from access.rollouts import plan_views, views

urlpatterns = [
    path("lab/rollouts/", views.rollouts, name="lab_rollouts"),
    path("lab/rollouts/new/", plan_views.new, name="lab_rollout_new"),
    path("lab/rollouts/<slug:slug>/", views.rollout, name="lab_rollout"),
    path("lab/rollouts/<slug:slug>/move/", views.move, name="lab_rollout_move"),
    path("lab/rollouts/<slug:slug>/history/", views.history, name="lab_rollout_history"),
    path("lab/rollouts/<slug:slug>/change/", plan_views.change, name="lab_rollout_change"),
    path("lab/rollouts/<slug:slug>/names/", views.names, name="lab_rollout_names"),
    path("lab/rollouts/<slug:slug>/names/<int:pk>/end/", views.end_name, name="lab_rollout_name_end"),
    path("lab/rollouts/<slug:slug>/stages/new/", plan_views.new_stage, name="lab_stage_new"),
    path("lab/rollouts/<slug:slug>/stages/<int:position>/", plan_views.stage, name="lab_stage"),
    path("lab/rollouts/<slug:slug>/stages/<int:position>/remove/", plan_views.remove_stage, name="lab_stage_remove"),
    path("lab/rollouts/<slug:slug>/guardrails/new/", plan_views.new_guardrail, name="lab_guardrail_new"),
    path("lab/rollouts/<slug:slug>/guardrails/<int:pk>/", plan_views.guardrail, name="lab_guardrail"),
    path(
        "lab/rollouts/<slug:slug>/guardrails/<int:pk>/remove/", plan_views.remove_guardrail, name="lab_guardrail_remove"
    ),
]
