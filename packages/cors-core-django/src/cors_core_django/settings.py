"""The policies in the setting CORS_CORE: a dict, or what decides by itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.http import HttpRequest

from cors_core.adapters import Layer, PolicyChoice, PolicyError, Problem
from cors_core_django.routes import DjangoReader, DjangoRoutes

SETTING = "CORS_CORE"


LAYERS: dict[bool, Layer[HttpRequest]] = {}
"""What `layer_from_settings` has read, by its argument, until a test overrides the settings."""


def layer_from_settings(awaits: bool) -> Layer[HttpRequest]:
    """Return the layer that the settings describe, and keep it in LAYERS.

    The setting is a Policy, a ReloadablePolicy or a callable; or a dict with such a `policy` or
    its options, and with `policies` and `paths`. Async callables only where the handler `awaits`.

    :raises PolicyError: for what PolicyChoice refuses, and for a setting that is missing or none of
        these.
    """
    if awaits not in LAYERS:
        choice = _read(getattr(settings, SETTING, None), awaits)
        LAYERS[awaits] = Layer(choice, DjangoReader(awaits=awaits), DjangoRoutes())
    return LAYERS[awaits]


def sources_from_settings() -> Iterator[tuple[str, Any]]:
    """Return the policies and callables of the settings, and where they stand: for the checks.

    Of what is reloadable, its policy of the moment. Nothing where the settings are refused.
    """
    try:
        default = layer_from_settings(True).choice.default
    except PolicyError:
        return
    value = getattr(settings, SETTING)
    options: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    named, by_path = options.get("policies") or {}, options.get("paths") or ()
    found = [
        (SETTING, default),
        *((f"policies[{name!r}]", source) for name, source in named.items()),
        *((f"paths[{index}]", source) for index, (_, source) in enumerate(by_path)),
    ]
    yield from ((where, getattr(source, "current", source)) for where, source in found)


def _read(value: Any, awaits: bool) -> PolicyChoice:
    if isinstance(value, Mapping):
        # The handlers for WSGI and ASGI, and the checks, read the setting one after the other.
        fix = "write a list: an iterator can be read only once"
        once = [option for option in value.items() if isinstance(option[1], Iterator)]
        if once:
            raise PolicyError(tuple(Problem(*option, "is an iterator", fix) for option in once))
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
    if setting in (SETTING, "ROOT_URLCONF"):
        LAYERS.clear()
