"""What `manage.py check` says about CORS_CORE and the marks of views; of MIDDLEWARE: `order`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks

from cors_core.adapters import PolicyError, Problem
from cors_core_django.settings import SETTING, layer_from_settings
from cors_core_django.urlconf import marks_of_site, unreached_marks

# What a handler that cannot await refuses, it refuses when it starts: nothing here says which one
# is going to serve.
_AWAITS = True


@checks.register(checks.Tags.security)
def check_policy(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return an error for each problem of the setting CORS_CORE."""
    try:
        layer_from_settings(_AWAITS)
    except PolicyError as error:
        return [_error(problem, SETTING, "E001") for problem in error.problems]
    return []


@checks.register(checks.Tags.urls)
def check_marks(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return an error for each view whose mark names a policy that CORS_CORE does not have."""
    if not getattr(settings, "ROOT_URLCONF", None) or check_policy(app_configs):
        return []
    choice = layer_from_settings(_AWAITS).choice
    errors = {
        (where, problem.finding): _error(problem, where, "E002")
        for where, mark in marks_of_site()
        if (problem := choice.problem_of(mark, "cors_policy"))
    }
    return list(errors.values())


@checks.register(checks.Tags.urls)
def check_marks_are_reached(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Return a warning for each mark that no view of the site carries."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    hint = (
        "mark the view as it stands in the URLconf, or use functools.wraps in what wraps it; if a"
        " middleware sets request.urlconf to one that has the view, silence cors_core.W006"
    )
    return [
        checks.Warning(
            "no route of ROOT_URLCONF reaches this mark, which has no effect",
            hint=hint,
            obj=name,
            id="cors_core.W006",
        )
        for name in unreached_marks()
    ]


def _error(problem: Problem, where: str, number: str) -> checks.Error:
    return checks.Error(problem.finding, hint=problem.fix, obj=where, id=f"cors_core.{number}")
