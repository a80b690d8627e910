"""Problems that several of the views have."""

from taskhub.api.problems import InputError, Problem


class NameTaken(Problem):
    status_code = 409
    default_code = "name_taken"
    default_detail = "You have a label of this name."
    errors = (InputError(pointer="/name", code="name_taken", detail=default_detail),)
