"""What the search fields of these pages take: words, each of which has to match."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import User
from taskhub.admin import as_uuid

MOST_WORDS = 10  # of a search


class WordSearch:
    """A list in which each word is looked for by `matching`."""

    def matching(self, word: str) -> Q:
        """The rows of an id or of an owner. Raises ObjectDoesNotExist."""
        if word.startswith("@"):
            return Q(owner=User.objects.get_by_natural_key(word[1:]))
        pk = as_uuid(word)
        if pk is None:
            raise ObjectDoesNotExist
        return Q(pk=pk) | Q(owner=pk)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            for word in search_term.split()[:MOST_WORDS]:
                queryset = queryset.filter(self.matching(word))
        except ObjectDoesNotExist:
            queryset = queryset.none()
        return queryset, False
