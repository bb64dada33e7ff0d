"""The peers' options, by their own lists: each has an answer for who carries a policy over."""

import inspect

import falcon
import pytest
from starlette.middleware.cors import CORSMiddleware

from cors_core.options.reading import PolicyOptions
from cors_core.options.unknown import not_an_option


@pytest.mark.peers
def test_every_option_of_the_peers_has_an_answer() -> None:
    """Read from the peers themselves, so that a new version's new option is noticed."""
    import flask_cors.core
    from corsheaders.conf import Settings

    names = {
        *flask_cors.core.CONFIG_OPTIONS,
        *flask_cors.core.CorsOptionsInput.__annotations__,
        *(name for name in vars(Settings) if name.isupper()),
        *inspect.signature(CORSMiddleware.__init__).parameters,
        *inspect.signature(falcon.CORSMiddleware.__init__).parameters,
    } - {"self", "app", *PolicyOptions.__annotations__}
    assert len(names) > 20
    for name in names:
        fix = not_an_option(name, None, PolicyOptions.__annotations__).fix
        assert not fix.startswith("the options are"), name
