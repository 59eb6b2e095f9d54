from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is closed: people come in by invitation (access.actions.accept_invitation)."""

    def is_open_for_signup(self, request) -> bool:
        return False
