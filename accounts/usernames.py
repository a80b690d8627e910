"""What is taken for a new username (CONTRACT section 5). Accounts that have others keep them."""

import regex
from django.core.exceptions import ValidationError

from accounts.models import validate_visible

UNSEEN = regex.compile(r"[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\ufffc\ufffd]")
# In use today: Unicode Standard Annex 31, tables 5 and 7
SCRIPTS = """Adlam Arabic Armenian Balinese Bamum Batak Bengali Bopomofo Canadian_Aboriginal Chakma Cham Cherokee
    Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hanifi_Rohingya Hebrew Hiragana Javanese
    Kannada
    Katakana Kayah_Li Khmer Lao Latin Lepcha Limbu Lisu Malayalam Mandaic Meetei_Mayek Miao Myanmar New_Tai_Lue Newa
    Nko Nyiakeng_Puachue_Hmong Ol_Chiki Oriya Osage Saurashtra Sinhala Sundanese Syloti_Nagri Syriac Tai_Le Tai_Tham
    Tai_Viet Tamil Telugu Thaana Thai Tibetan Tifinagh Vai Wancho Yi""".split()  # noqa: SIM905
# That are written together: Unicode Technical Standard 39, section 5.2, "highly restrictive"
TOGETHER = [["Latin", "Han", "Hiragana", "Katakana"], ["Latin", "Han", "Bopomofo"], ["Latin", "Han", "Hangul"]]
ALIKE = regex.compile(
    "|".join(
        "[" + "".join(f"\\p{{scx={script}}}" for script in ("Common", "Inherited", *scripts)) + "]+"
        for scripts in [*TOGETHER, *([script] for script in SCRIPTS)]
    )
)
RESERVED = frozenset(
    """abuse account accounts admin administrator admins anonymous api billing guest help helpdesk hostmaster info mail
    moderator mods nobody noreply no-reply null official postmaster root security staff superuser support sysadmin
    system taskhub undefined webmaster www""".split()  # noqa: SIM905
)


def validate_new_username(username: str) -> None:
    """Takes it in NFKC. Raises ValidationError with the first rule that it breaks."""
    validate_visible(username)
    if UNSEEN.search(username):
        raise ValidationError("A username may hold only characters that can be seen.", code="invisible_character")
    if not ALIKE.fullmatch(username):
        raise ValidationError(
            "The letters of a username are of one script; Latin ones may stand beside Chinese, Japanese or Korean.",
            code="mixed_scripts",
        )
    if username.casefold() in RESERVED:
        raise ValidationError("This name is reserved.", code="reserved_username")
