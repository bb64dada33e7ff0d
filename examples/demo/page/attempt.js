// One fetch, and all that a page is told of it: for the page and for its frame on another origin.

const PATIENCE = 10_000;

export async function attempt(url, { method, headers, body, include_credentials }) {
  try {
    const response = await fetch(url, {
      method,
      headers,
      body,
      credentials: include_credentials ? "include" : "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
    return {
      verdict: `readable ${response.status}`,
      status: response.status,
      headers: [...response.headers],
      body: await response.text(),
    };
  } catch (error) {
    return { verdict: await blockedOrDead(url), error: String(error) };
  }
}

// A page gets the same TypeError from a response that it may not read and from a dead server.
// An opaque response tells them apart: it needs no leave from the policy.
async function blockedOrDead(url) {
  try {
    await fetch(new URL("/note", url), { mode: "no-cors", signal: AbortSignal.timeout(PATIENCE) });
    return "blocked";
  } catch {
    return "no answer";
  }
}
