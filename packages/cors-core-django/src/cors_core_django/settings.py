"""The policy in the setting CORS_CORE: a dict of options, or a Policy."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

from cors_core import Policy, PolicyError, Problem, policy_from

SETTING = "CORS_CORE"


@cache
def policy_from_settings() -> Policy:
    """Return the policy of the settings, the same one until a test overrides CORS_CORE.

    :raises PolicyError: for what Policy refuses, and for a setting that is missing or no dict.
    """
    value = getattr(settings, SETTING, None)
    if isinstance(value, Policy):
        return value
    if isinstance(value, Mapping):
        return policy_from(None, value)
    fix = f"set {SETTING} = {{'allow_origins': ['https://app.example']}}, or to a Policy"
    reason = "is not set" if value is None else f"is of type {type(value).__name__}"
    raise PolicyError((Problem(SETTING, value, reason, fix),))


@receiver(setting_changed)
def _forget(*, setting: str, **_: Any) -> None:
    if setting == SETTING:
        policy_from_settings.cache_clear()
