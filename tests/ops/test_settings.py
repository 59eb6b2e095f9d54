from django.conf import settings


def test_it_never_reads_a_developers_env():
    assert settings.SECRET_KEY.startswith("for-tests-only-")
    assert settings.DEBUG is False
