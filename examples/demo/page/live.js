// The table, live: every situation in every framework, from this page or from its refused frame.

import { attempt } from "/attempt.js";

const $ = (selector) => document.querySelector(selector);
const frame = $("#refused");
const waiting = new Map(); // the frame's answers, by the id of the message that asked

async function start() {
  if (location.hostname !== "localhost") {
    location.hostname = "localhost"; // the origin that the policy lists
    return;
  }
  const table = await (await fetch("/table.json")).json();
  drawTable(table);
  $("#again").addEventListener("click", () => run(table).catch(fail));
  await openFrame(table.origins.refused);
  await run(table);
}

function fail(error) {
  document.body.dataset.state = "failed";
  $("#summary").className = "wrong";
  $("#summary").textContent = `The page itself failed: ${error}`;
}

async function run({ frameworks, situations, terminal }) {
  document.body.dataset.state = "running";
  $("#again").disabled = true;
  const cells = [];
  for (const framework of frameworks) {
    // One after the other: cookies know no ports, so all these servers share one jar.
    for (const situation of situations) {
      const said = terminal.find(
        (cell) => cell.framework === framework.name && cell.situation === situation.name,
      );
      const cell = { framework, situation, said, ...(await tryOut(framework, situation)) };
      cells.push(cell);
      drawCell(cell);
      drawSummary(cells, frameworks.length * situations.length);
    }
  }
  drawReasons(cells, situations);
  $("#again").disabled = false;
  document.body.dataset.state = "done";
}

async function tryOut(framework, situation) {
  const there = situation.from_refused_origin ? attemptInFrame : attempt;
  const seen = [];
  for (const fetch of situation.fetches) {
    seen.push(await there(framework.url + fetch.path, fetch));
  }
  const verdicts = new Set(seen.map((one) => one.verdict));
  const asExpected = verdicts.size === 1 && verdicts.has(situation.expected);
  if (asExpected && situation.counts_visits && !cookieCameBack(seen)) verdicts.add("no cookie");
  const verdict = [...verdicts].join(" / ");
  return { seen, verdict, ok: verdict === situation.expected };
}

function cookieCameBack(seen) {
  try {
    const counts = seen.map(({ body }) => JSON.parse(body).visits);
    return counts.length > 1 && counts.every((count, i) => count === counts[0] + i);
  } catch {
    return false;
  }
}

// The frame

function openFrame(origin) {
  return new Promise((resolve, reject) => {
    addEventListener("message", ({ data, origin: from }) => {
      if (from !== origin) return;
      if (data.ready) resolve();
      waiting.get(data.id)?.(data.seen);
      waiting.delete(data.id);
    });
    frame.src = `${origin}/refused.html`;
    setTimeout(() => reject(new Error(`no page at ${origin}`)), 10_000);
  });
}

function attemptInFrame(url, fetch) {
  const id = crypto.randomUUID();
  frame.contentWindow.postMessage({ id, url, fetch }, new URL(frame.src).origin);
  return new Promise((resolve) => waiting.set(id, resolve));
}

// The drawing

function drawTable({ origins, policy, frameworks, situations }) {
  $("#origin").textContent = origins.allowed;
  $("#policy").textContent = policy.slice(policy.indexOf("from "));
  const titles = situations.map(({ name }) => make("th", { scope: "col", textContent: name }));
  $("thead").replaceChildren(make("tr", {}, make("td"), ...titles));
  const rows = frameworks.map(({ name, server }) => {
    const head = make("th", { scope: "row" }, name, make("small", {}, server));
    const cells = situations.map((situation) => {
      const cell = make("td");
      Object.assign(cell.dataset, { framework: name, situation: situation.name });
      return cell;
    });
    return make("tr", {}, head, ...cells);
  });
  $("tbody").replaceChildren(...rows);
}

function drawCell(cell) {
  const { framework, situation, verdict, ok } = cell;
  const place = $(`td[data-framework="${framework.name}"][data-situation="${situation.name}"]`);
  Object.assign(place.dataset, { verdict, ok });
  const button = make("button", { type: "button", className: kindOf(verdict) }, verdict);
  button.setAttribute("aria-label", `${framework.name}, ${situation.name}: ${verdict}`);
  button.addEventListener("click", () => drawExchange(cell));
  place.replaceChildren(button);
}

function drawSummary(cells, all) {
  const wrong = cells.filter(({ ok }) => !ok).length;
  const differing = cells.filter(({ said, verdict }) => said.verdict !== verdict).length;
  const right = `${cells.length - wrong} of ${all} verdicts are as expected`;
  $("#summary").textContent = differing
    ? `${right}; ${differing} differ from the terminal's`
    : `${right}, the same as in the terminal`;
  $("#summary").className = wrong || differing ? "wrong" : cells.length === all ? "right" : "";
}

function drawReasons(cells, situations) {
  const entries = situations.flatMap((situation) => {
    const here = cells.filter((cell) => cell.situation === situation);
    const told = new Map(here.map((cell) => [cell.ok ? cell.said.reason : cell, cell]));
    return [
      make("dt", {}, situation.name),
      make("dd", {}, `${situation.story}.`),
      ...[...told.values()].map(({ framework, verdict, ok, said }) => {
        const wrong = ok ? "" : `${framework.name}: `;
        const word = make("strong", {}, `${wrong}${verdict}`);
        return make("dd", { className: ok ? "" : "wrong" }, word, ` ${reasonFor(verdict, said)}`);
      }),
    ];
  });
  $("#reasons").replaceChildren(...entries);
}

// A script is never told why; the terminal reads it from the headers, of the same fetch or not.
function reasonFor(verdict, said) {
  return verdict === said.verdict
    ? `${said.reason}.`
    : `where the terminal reached ${said.verdict}: ${said.reason}.`;
}

function drawExchange({ framework, situation, verdict, ok, said, seen }) {
  const mark = make("span", { className: `mark ${kindOf(verdict)}` }, verdict);
  mark.dataset.ok = ok;
  $("#title").replaceChildren(`${framework.name}, ${situation.name} `, mark);
  const wanted = ok ? "" : ` Expected: ${situation.expected}.`;
  $("#exchange").replaceChildren(
    make("p", {}, `${situation.story}.${wanted}`),
    make("p", {}, make("strong", {}, "Why: "), reasonFor(verdict, said)),
    make("h3", {}, "What the script saw, here"),
    ...seen.map((one, i) => drawSeen(framework, situation.fetches[i], one)),
    make("h3", {}, "What went over the wire, when the terminal did the same"),
    ...said.exchanges.map(({ request, response }) => drawWire(request, response)),
  );
  $("dialog").showModal();
  $("dialog").scrollTop = 0;
}

function drawSeen(framework, fetch, { status, headers, body, error }) {
  const told = status
    ? [`${status}\n`, ...headers.flatMap((header) => drawHeader(header)), `\n${body.trim()}`]
    : [error];
  return make("div", { className: "exchange" }, block(callOf(framework.url, fetch)), block(told));
}

function callOf(url, { method, path, headers, body, include_credentials }) {
  const options = { method };
  if (Object.keys(headers).length) options.headers = headers;
  if (body !== null) options.body = body;
  if (include_credentials) options.credentials = "include";
  return [`fetch("${url}${path}", ${JSON.stringify(options, null, 2)})`];
}

function drawWire(request, response) {
  const asked = [`${request.method} ${request.path}\n`, ...request.headers.flatMap(drawHeader)];
  const answered = [`${response.status}\n`, ...response.headers.flatMap(drawHeader)];
  if (request.body) asked.push(`\n${request.body}`);
  if (response.body) answered.push(`\n${response.body.trim()}`);
  return make("div", { className: "exchange" }, block(asked), block(answered));
}

function drawHeader([name, value]) {
  const decides = /^(origin|vary|cookie|set-cookie|access-control-.*)$/i.test(name);
  return [make(decides ? "b" : "span", {}, `${name}: ${value}`), "\n"];
}

function block(lines) {
  return make("pre", {}, ...lines);
}

function kindOf(verdict) {
  return verdict.startsWith("readable") ? "readable" : "blocked";
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

start().catch(fail);
