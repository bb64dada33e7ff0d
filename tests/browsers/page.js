// What runs in the page. Evaluates to a function of the jobs, each a list of steps to fetch one
// after another, that returns what the page saw of every step.
async (jobs, sandboxed) => {
  const run = async (jobs) => {
    const IN_FLIGHT = 12;
    const TIMEOUT = 60000;

    const fetched = async (step) => {
      let request;
      try {
        request = new Request(step.url, { ...step.init, signal: AbortSignal.timeout(TIMEOUT) });
      } catch (error) {
        return { type: "error", error: `not made: ${error}` };
      }
      const response = await fetch(request);
      const { type, status } = response;
      const body = step.streamed ? await chunkByChunk(response) : await response.text();
      return { type, status, headers: Object.fromEntries(response.headers), body };
    };

    const chunkByChunk = async (response) => {
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return text;
        text += decoder.decode(value, { stream: true });
      }
    };

    const seen = async (step) => {
      await new Promise((resolve) => setTimeout(resolve, step.wait));
      try {
        return await fetched(step);
      } catch (error) {
        return { type: error.name === "TimeoutError" ? "timeout" : "error", error: String(error) };
      }
    };

    const results = [];
    const pending = [...jobs.entries()];
    const worker = async () => {
      while (pending.length) {
        const [index, steps] = pending.shift();
        results[index] = [];
        for (const step of steps) results[index].push(await seen(step));
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    return { origin: self.origin, results };
  };

  const runInSandbox = (jobs) =>
    new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.sandbox = "allow-scripts";
      frame.srcdoc = `<script>
        addEventListener("message", async ({ data }) =>
          parent.postMessage(await (${run})(data), "*"));
        parent.postMessage("ready", "*");
      </script>`;
      addEventListener("message", ({ data }) =>
        data === "ready" ? frame.contentWindow.postMessage(jobs, "*") : resolve(data));
      document.body.append(frame);
    });

  return sandboxed ? runInSandbox(jobs) : run(jobs);
}
