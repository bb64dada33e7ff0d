"""The policies that the apps serve and the test expects, and where each applies.

/fixed/    one policy, never changed
/swap/     a ReloadablePolicy that `/control/swap` replaces: the one of `?to=`
/file/     a ReloadablePolicy that follows the file named by LOAD_FILE
/lookup/   origins that the database at the port LOAD_DATABASE knows
"""

from cors_core import Policy

FIXED_ORIGIN = "https://fixed.example"
TENANT = "https://tenant.example"
"""What the database knows."""


def policy_of(*origins: str) -> Policy:
    """Return a policy for these origins, with what a preflight may ask for."""
    return Policy(
        allow_origins=list(origins),
        allow_methods=["GET", "PUT"],
        allow_headers=["X-Token"],
        max_age=60,
    )


def swap_origin(number: int) -> str:
    """Return the origin that only one of the policies to swap allows."""
    return f"https://swap-{number}.example"


def file_origin(number: int) -> str:
    """Return the origin that the file allows only after so many changes."""
    return f"https://file-{number}.example"


FIXED = policy_of(FIXED_ORIGIN, "https://*.fixed.example")
SWAPPED = [policy_of(FIXED_ORIGIN, swap_origin(number)) for number in range(4)]


def in_file(number: int) -> Policy:
    """Return the policy that the file holds after so many changes."""
    return policy_of(FIXED_ORIGIN, file_origin(number))


def file_text(number: int) -> str:
    """Return the file after so many changes, as TOML: valid after each of its lines."""
    origins = f'["{FIXED_ORIGIN}", "{file_origin(number)}"]'
    lines = [
        f"allow_origins = {origins}",
        'allow_methods = ["GET", "PUT"]',
        'allow_headers = ["X-Token"]',
        "max_age = 60",
    ]
    return "\n".join([*lines, ""])
