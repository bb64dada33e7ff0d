"""An MCP server that web pages may call: `uvicorn examples.fastmcp.app:app`, from the root.

FastMCP checks the origin as well, on a loopback address and wherever it is told which ones to
allow: it answers all others with a 403. Both take theirs from one policy.
"""

from fastmcp import FastMCP

from cors_core import Policy
from cors_core.asgi import CORSMiddleware

policy = Policy(
    allow_origins=["https://app.example.com"],
    allow_methods=["GET", "POST", "DELETE"],
    allow_headers=[
        "Authorization",
        "Last-Event-ID",
        "MCP-Protocol-Version",
        "MCP-Session-Id",
        "Mcp-Method",
        "Mcp-Name",
    ],
    expose_headers=["MCP-Session-Id", "WWW-Authenticate"],
)

mcp = FastMCP("Sums")


@mcp.tool
def add(one: int, other: int) -> int:
    """Return the sum of two numbers."""
    return one + other


app = CORSMiddleware(mcp.http_app(allowed_origins=[*policy.allow_origins]), policy=policy)
