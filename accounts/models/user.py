"""Who is asking."""

import unicodedata
import zoneinfo
from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator
from django.db import IntegrityError, connection, models
from django.db.models.functions import Length, Lower, Now
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated
from uuid_utils.compat import uuid7

from events.models import Actor, Event, Kind, Versioned, Via
from taskhub.api.problems import InputError, Problem
from taskhub.postgresql.errors import violated_constraint

SHORTEST_USERNAME = 3  # characters, after normalization
LONGEST_USERNAME = 50
LONGEST_NAME = 100
LONGEST_PASSWORD_SPELLING = 1000  # characters, before normalization
LONGEST_SPELLING = 200  # before normalization, whose time grows with the square of the length
USERNAME_TAKEN = "Username already exists"
INVISIBLE = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}  # Unicode's control, format, surrogate and separator characters
BLANKS = frozenset("\u034f\u115f\u1160\u2800")  # letters, marks and symbols that are invisible


class UsernameTaken(Problem):
    status_code = 400
    default_code = "username_taken"
    default_detail = USERNAME_TAKEN
    errors = (InputError(pointer="/username", code="username_taken", detail=USERNAME_TAKEN),)


def validate_visible(username: str) -> None:
    """Refuses invisible characters, and names that consist of combining marks only."""
    categories = {unicodedata.category(character) for character in username}
    if categories & INVISIBLE or BLANKS & set(username) or all(category[0] == "M" for category in categories):
        raise ValidationError(
            "A username may not hold spaces, control or formatting characters.", code="invisible_character"
        )


def normalized_password(password: str) -> str:
    """NFKC, as keyboards spell the same characters in several ways (NIST SP 800-63B section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password) if len(password) <= LONGEST_PASSWORD_SPELLING else password


def validate_time_zone(name: str) -> None:
    """Takes the names of the IANA database that is installed."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError("This is not the name of an IANA time zone, such as Europe/Vienna.", code="invalid")


class UserManager(BaseUserManager["User"]):
    def found_by(self, condition: str, parameters: Sequence[Any]) -> "User":
        """The user named by the end of a statement that begins with `FROM users`. Raises User.DoesNotExist."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {SELECTED} FROM users {condition}", parameters)  # noqa: S608 - our own words
            row = cursor.fetchone()
        if row is None:
            raise User.DoesNotExist
        return User.from_db(self.db, COLUMNS, row)

    def with_verified(self, address: str) -> "models.QuerySet[User]":
        """The active user who has verified that address, if any."""
        lowered = self.alias(lower_email=Lower("email")).filter(lower_email=Lower(models.Value(address)))
        return lowered.filter(email_verified_at__isnull=False, is_active=True)

    def locked(self, pk: Any) -> "User":
        """The active user, whom nobody else changes until the transaction ends. Raises NotAuthenticated."""
        user = self.select_for_update(no_key=True).filter(pk=pk, is_active=True).first()
        if user is None:
            raise NotAuthenticated
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Finds by username without regard to case, through the unique index. Raises User.DoesNotExist."""
        if len(username or "") > LONGEST_SPELLING:
            raise User.DoesNotExist
        wanted = Lower(models.Value(User.normalize_username(username or "")))
        return self.alias(lowered=Lower("username")).get(lowered=wanted)

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Raises UsernameTaken; the surrounding transaction must then be rolled back."""
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        try:
            user.save(using=self._db)
        except IntegrityError as error:
            if violated_constraint(error) == "users_username_lower_key":
                raise UsernameTaken from error
            raise
        Event.objects.record([user.event(Kind.CREATED)], Actor(user.username, Via.API))
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """For `manage.py createsuperuser`, which reports a ValidationError as a sentence."""
        user = self.model(username=self.model.normalize_username(username), is_staff=True, is_superuser=True, **fields)
        user.set_password(password)
        user.full_clean()
        user.save(using=self._db)
        Event.objects.record([user.event(Kind.CREATED)], Actor("", Via.COMMAND))
        return user


class User(AbstractBaseUser, PermissionsMixin, Versioned):
    resource = "user"
    owner_field = "id"
    recorded = ("username", "email", "email_verified_at", "is_active", "name", "time_zone")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField(
        max_length=LONGEST_USERNAME, validators=[MinLengthValidator(SHORTEST_USERNAME), validate_visible]
    )
    email = models.EmailField(null=True, blank=True)  # noqa: DJ001 - NULL says: no address given
    email_verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_active = models.BooleanField(default=True, help_text="Unset this instead of deleting the account.")
    is_staff = models.BooleanField(default=False, help_text="May sign in to the admin.")
    name = models.CharField(max_length=LONGEST_NAME, blank=True, default="", db_default="")
    time_zone = models.CharField(max_length=64, default="UTC", db_default="UTC", validators=[validate_time_zone])
    # Grows by what ends every session: a changed password, "sign out everywhere", and a deactivation, which a trigger
    # counts (0005_sessions)
    access_version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Set by a trigger (0002_users_updated_at), whoever writes. A sign-in does not count as a change
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        db_table = "users"
        constraints = [
            models.UniqueConstraint(
                Lower("username"), name="users_username_lower_key", violation_error_message=USERNAME_TAKEN
            ),
            # Only among verified addresses: otherwise sign-up would reveal which addresses are known
            models.UniqueConstraint(
                Lower("email"),
                name="users_verified_email_lower_key",
                condition=models.Q(email_verified_at__isnull=False),
            ),
            models.CheckConstraint(
                name="users_username_length", condition=GreaterThanOrEqual(Length("username"), SHORTEST_USERNAME)
            ),
            models.CheckConstraint(
                name="users_verified_email_exists",
                condition=models.Q(email_verified_at__isnull=True) | models.Q(email__isnull=False),
            ),
        ]
        indexes = [
            # Whether any are left: accounts.backends asks at each refused sign-in
            models.Index(
                fields=["id"],
                name="users_bcrypt_idx",
                condition=models.Q(password__startswith="bcrypt$"),  # noqa: S106 - how such a hash begins
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @classmethod
    def normalize_username(cls, username: Any) -> Any:
        """NFKC, without surrounding white space (CONTRACT section 2)."""
        return unicodedata.normalize("NFKC", username).strip() if isinstance(username, str) else username

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(None if raw_password is None else normalized_password(raw_password))

    def save(self, *args: Any, **options: Any) -> None:
        """A password that was set since, as by `manage.py changepassword`, ends all sessions."""
        new_password = getattr(self, "_password", None) is not None  # Django forgets it once it is written
        if new_password and not self._state.adding and options.get("update_fields") is None:
            self.access_version += 1
        super().save(*args, **options)

    def check_password(self, raw_password: str | None) -> bool:
        """Also as it was typed, for hashes that were made before passwords were normalized."""
        spelled = None if raw_password is None else normalized_password(raw_password)
        if super().check_password(spelled):
            return True
        return spelled != raw_password and super().check_password(raw_password)

    def get_session_auth_hash(self) -> str:
        """Of the admin's sessions: they end with all others."""
        return f"{super().get_session_auth_hash()}:{self.access_version}"

    def end_access(self) -> None:
        """Ends every session of the account, also one that begins at this moment. The caller holds the row's lock."""
        self.access_version += 1
        self.save(update_fields=["access_version"])


# Asked by every request: the ORM takes longer to build such a statement than to run it. Other columns are fetched when
# they are used
COLUMNS = [
    field.attname for field in User._meta.concrete_fields if field.attname not in {"password", "last_login"}
]  # in the order that from_db() goes by
SELECTED = ", ".join(f"users.{name}" for name in COLUMNS)
