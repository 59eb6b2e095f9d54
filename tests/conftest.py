"""What every test may use. People and studios come from tests/factories.py."""
