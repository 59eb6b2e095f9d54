import pytest
from django.urls import reverse

from screening.policy import in_force
from tests import factories


@pytest.mark.parametrize("signed_in", [True, False])
def test_anybody_reads_every_rule_of_the_policy_in_force(client, db, signed_in):
    if signed_in:
        client.force_login(factories.make_seat().person, "allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(reverse("screening:policy")).content.decode()
    for rule in in_force().rules:
        assert f'id="{rule.id}"' in page
        assert rule.title in page.replace("&#x27;", "'")


def test_a_policy_that_never_was_is_not_found(client, db):
    assert client.get(reverse("screening:policy_version", args=[1])).status_code == 200
    assert client.get(reverse("screening:policy_version", args=[999])).status_code == 404
