"""The policies in the setting CORS_CORE: a dict, or what decides by itself."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

from cors_core import PolicyChoice, PolicyError, Problem

SETTING = "CORS_CORE"


CHOICES: dict[bool, PolicyChoice] = {}
"""What `choice_from_settings` has read, by its argument, until a test overrides CORS_CORE."""


def choice_from_settings(awaits: bool) -> PolicyChoice:
    """Return the choice of the settings, and keep it in CHOICES.

    The setting is a Policy, a ReloadablePolicy or a callable; or a dict with such a `policy` or
    its options, and with `policies` and `paths`. Async callables are for what `awaits`.

    :raises PolicyError: for what PolicyChoice refuses, and for a setting that is missing or none of
        these.
    """
    if awaits not in CHOICES:
        CHOICES[awaits] = _read(getattr(settings, SETTING, None), awaits)
    return CHOICES[awaits]


def _read(value: Any, awaits: bool) -> PolicyChoice:
    if isinstance(value, Mapping):
        return _choice_from(awaits, **value)
    if hasattr(value, "decide") or hasattr(value, "current") or callable(value):
        return _choice_from(awaits, policy=value)
    fix = f"set {SETTING} = {{'allow_origins': ['https://app.example']}}, or to a Policy"
    reason = "is not set" if value is None else f"is of type {type(value).__name__}"
    raise PolicyError((Problem(SETTING, value, reason, fix),))


def _choice_from(
    awaits: bool,
    /,
    *,
    policy: object = None,
    policies: Any = None,
    paths: Any = None,
    **options: Any,
) -> PolicyChoice:
    return PolicyChoice(policy, options, policies, paths, awaits=awaits)


@receiver(setting_changed)
def _forget(*, setting: str, **_: Any) -> None:
    if setting == SETTING:
        CHOICES.clear()
