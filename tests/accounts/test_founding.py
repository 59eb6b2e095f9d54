"""Studios of the same name."""

from functools import partial

import pytest

from accounts import actions
from accounts.models import Studio
from audit.actions import Actor
from tests.at_once import at_once


@pytest.mark.django_db(transaction=True)
def test_studios_of_one_name_founded_at_the_same_moment_all_exist_under_slugs_of_their_own():
    found = partial(actions.open_studio, name="Lantern Pictures", actor=Actor.house("tests"))
    made = at_once(*[found] * 5)
    assert {type(one) for one in made} == {Studio}
    assert len({one.slug for one in made}) == 5
