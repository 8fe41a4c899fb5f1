"use strict";
// Reads the data block and builds the page. Text is set as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const main = document.getElementById("main");
const PAGE = 50;
const PREVIEW = 240;
const VERDICTS = { v: "violated", i: "insufficient data", h: "holds", n: "not applicable" };
const GROUPS = { v: "bad", i: "open", h: "good", n: "idle" };
const NUMBER = new Intl.NumberFormat("en");

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "class") made.className = value;
    else if (key === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const count = (number, word) => `${NUMBER.format(number)} ${word}${number === 1 ? "" : "s"}`;
const chip = (group, text) => el("span", { class: `chip ${group}` }, text);
const put = (...parts) => main.append(...parts.flat().filter(Boolean));
const own = (text, kind = "") => el("span", { class: `own ${kind}` }, text);

// The folder that all runs are in is said once.
const folder = common(data.traces ? data.traces.map((trace) => trace.n) : []);
const short = (name) => (folder && name.startsWith(folder) ? name.slice(folder.length) : name);
function common(names) {
  if (names.length < 2) return "";
  let shared = names[0];
  for (const name of names) while (!name.startsWith(shared)) shared = shared.slice(0, -1);
  return shared.slice(0, shared.lastIndexOf("/") + 1);
}

// Words of the report itself, with names in back-quotes set as code.
function prose(text) {
  return el("span", { class: "own" }, text.split(/`([^`\n]*)`/).map((part, n) => (n % 2 ? el("code", {}, own(part)) : part)));
}

// ---------------------------------------------------------------- filters and rows

function options(values, all) {
  const listed = values.map((value) => {
    const [key, label] = Array.isArray(value) ? value : [value, value];
    return el("option", { value: String(key) }, label);
  });
  return [el("option", { value: "" }, all), ...listed];
}

function choose(label, all, values, changed, least = 2) {
  const select = el("select", { on: { change: changed } }, options(values, all));
  return { box: el("label", { class: "filter", hidden: values.length < least ? "" : null }, el("span", {}, label), select), input: select };
}

function seek(label, changed) {
  let waiting = 0;
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(changed, 120);
  };
  const input = el("input", { type: "search", autocomplete: "off", spellcheck: "false", on: { input: later } });
  return { box: el("label", { class: "filter wide" }, el("span", {}, label), input), input };
}

// Rows of `items`, fifty at a time; `row` makes one, `matches` is asked of each whenever a filter changes.
function listing(heading, noun, items, row, matches) {
  const said = el("p", { class: "count", role: "status" });
  const rows = el("div", { class: "rows" });
  const pages = el("nav", { class: "pages", "aria-label": `pages of ${noun}s` });
  let found = items;
  let at = 0;
  function show() {
    const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
    at = Math.min(at, last);
    const from = at * PAGE;
    const here = found.slice(from, from + PAGE);
    rows.replaceChildren(...here.map(row));
    const part = found.length > PAGE ? `, ${NUMBER.format(from + 1)} to ${NUMBER.format(from + here.length)} shown` : "";
    said.textContent = `${NUMBER.format(found.length)} of ${count(items.length, noun)}${part}`;
    const step = (by, text) =>
      el("button", { type: "button", disabled: at + by < 0 || at + by > last ? "" : null, on: { click: () => turn(by) } }, text);
    pages.replaceChildren(...(last > 0 ? [step(-at, "First"), step(-1, "Previous"), own(`${at + 1} / ${last + 1}`), step(1, "Next"), step(last - at, "Last")] : []));
    if (last > 0) {
      pages.firstChild.disabled = at === 0;
      pages.lastChild.disabled = at === last;
    }
  }
  function turn(by) {
    at += by;
    show();
    section.scrollIntoView({ block: "start" });
  }
  function filter() {
    found = items.filter(matches);
    at = 0;
    show();
  }
  const section = el("section", { class: "listing" }, el("h2", {}, heading), said, rows, pages);
  show();
  return { section, filter };
}

// A row that is filled when it is first opened.
function fold(group, summary, fill) {
  const details = el("details", { class: `row ${group}` }, el("summary", {}, summary));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(fill());
  });
  return details;
}

// ---------------------------------------------------------------- pieces of text

function value(clip) {
  const [text, length] = Array.isArray(clip) ? clip : [clip, undefined];
  const cut = length === undefined ? "" : length === null ? " (cut off)" : ` (the first of ${count(length, "character")})`;
  if (!text) return el("span", { class: "aside" }, "empty");
  if (text.length <= PREVIEW && text.split("\n").length <= 4) return el("span", { class: "value" }, own(text), cut);
  const shown = own(preview(text));
  const button = el("button", { type: "button", class: "more", "aria-expanded": "false" }, "show more");
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "show less" : "show more";
    shown.textContent = open ? text : preview(text);
    note.textContent = open ? cut : "";
  });
  const note = el("span", { class: "aside" });
  return el("span", { class: "value" }, shown, note, " ", button);
}

const preview = (text) => text.split("\n").slice(0, 4).join("\n").slice(0, PREVIEW) + " …";

function code(source) {
  if (!source) return null;
  const lines = source.rows.map((row, n) => el("div", {}, el("span", { class: "line" }, String(source.line + n)), own(row)));
  return el("figure", { class: "code" }, el("figcaption", {}, own(source.at)), el("pre", {}, lines));
}

const listed = (heading, items) => (items && items.length ? [el("h4", {}, heading), el("ul", {}, items.map((item) => el("li", {}, item)))] : []);
const named = (names) => names.flatMap((name, n) => [n ? ", " : "", el("code", {}, own(name))]);
const told = (word, text) => (text ? el("p", { class: "told" }, el("b", {}, word), " ", prose(text)) : null);

function tags(result) {
  return (result.tags || []).flatMap(([axis, values]) => values.map((text) => el("span", { class: "tag" }, `${axis} `, own(text))));
}

// ---------------------------------------------------------------- tables of small things

function table(heading, columns, rows, most = 200) {
  if (!rows || !rows.length) return "";
  const body = el("tbody", {});
  const fill = (limit) => body.replaceChildren(...rows.slice(0, limit).map((row) => el("tr", {}, row.map((cell) =>
    el("td", { class: typeof cell === "number" ? "number" : "" }, cell instanceof Node ? cell : own(typeof cell === "number" ? NUMBER.format(cell) : cell || ""))))));
  fill(most);
  const all = el("button", { type: "button" }, `show all ${NUMBER.format(rows.length)}`);
  all.addEventListener("click", () => {
    fill(rows.length);
    all.remove();
  });
  return el("section", {}, el("h2", {}, heading), el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": heading },
    el("table", {}, el("thead", {}, el("tr", {}, columns.map((text) => el("th", { scope: "col" }, text)))), body)), rows.length > most ? all : null);
}

const groups = () => table("By risk, failure and harm", ["of", "value", "results", "look at"], data.groups);

function diagnostics() {
  if (!data.diagnostics.length) return "";
  const weight = { error: 0, warning: 1 };
  const sorted = [...data.diagnostics].sort((a, b) => (weight[a.severity] ?? 2) - (weight[b.severity] ?? 2));
  const rows = el("div", { class: "rows" }, sorted.slice(0, 20).map(diagnostic));
  const all = el("button", { type: "button" }, `show all ${NUMBER.format(sorted.length)}`);
  all.addEventListener("click", () => {
    rows.append(...sorted.slice(20).map(diagnostic));
    all.remove();
  });
  return el("section", {}, el("h2", {}, "Diagnostics"), rows, sorted.length > 20 ? all : null);
}

function diagnostic(found) {
  return fold(
    found.severity === "error" ? "bad" : "open",
    [chip(found.severity === "error" ? "bad" : "open", found.severity), el("code", {}, found.code), el("span", { class: "name plain" }, prose(found.message)), el("span", { class: "aside end" }, own(found.at))],
    () => el("div", { class: "detail" }, code(found.source), (found.labels || []).map((label) => told("See", label)), (found.notes || []).map((note) => told("Note", note)), told("Help", found.help)));
}
