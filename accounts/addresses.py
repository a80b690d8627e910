"""Which e-mail addresses are taken (CONTRACT section 5)."""

from django.core.exceptions import ValidationError

LOCAL = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "onion")


def validate_address(address: str) -> None:
    """Refuses, beyond Django's EmailValidator, what other mail servers would not take, or take for their own."""
    local_part, _, domain = address.rpartition("@")
    ending = domain.rpartition(".")[2].lower()
    if not address.isprintable() or '"' in local_part or "[" in domain or ending in LOCAL or ending.isdigit():
        raise ValidationError("Enter a valid email address.", code="invalid")
