"use strict";
// Reads the data block and builds the page. Text is set as text, never as markup.
(() => {
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

  // ---------------------------------------------------------------- the run as a timeline

  // `marks` maps the index of an event to the words of its marks. `touch` is told of the event that has the focus.
  function timeline(run, marks, touch) {
    const list = el("ol", { class: "timeline" });
    const several = new Set(run.moments.map((event) => event.r)).size > 1;
    let last = -1;
    let part;
    for (const event of run.moments) {
      if (event.i > last + 1) list.append(gap(event.i - last - 1));
      if (several && event.r !== part) list.append(el("li", { class: "part" }, own(event.r || "no run")));
      part = event.r;
      last = event.i;
      list.append(moment(event, marks.get(event.i) || [], touch));
    }
    if (run.events > last + 1) list.append(gap(run.events - last - 1));
    return list;
  }

  const gap = (left) => el("li", { class: "gap" }, `${count(left, "event")} left out`);

  function moment(event, marks, touch) {
    const shown = [["s", ""], ["a", "by "], ["g", "in "]].filter(([key]) => event[key]);
    const head = el("div", { class: "what" }, el("span", { class: "kind" }, event.k),
      shown.map(([key, word]) => el("span", { class: key === "s" ? "subject" : "aside" }, word, own(event[key]))),
      marks.map(([kind, text]) => el("span", { class: `badge ${kind}` }, text)));
    const values = (event.v || []).map(([key, clip]) => el("div", {}, el("dt", {}, own(key)), el("dd", {}, value(clip))));
    if (event.more) values.push(el("div", {}, el("dt", {}, "…"), el("dd", {}, `${count(event.more, "value")} more`)));
    const where = [event.t, event.at].filter(Boolean).map((text) => own(short(text)));
    return el("li", { class: `event ${marks.map(([kind]) => kind).join(" ")}`, tabindex: "-1", "data-event": event.i,
      on: { focusin: () => touch(event), mouseenter: () => touch(event), mouseleave: () => touch(null) } },
      el("span", { class: "index" }, String(event.i)),
      el("div", { class: "body" }, head, values.length ? el("dl", {}, values) : null,
        where.length ? el("div", { class: "where" }, where.flatMap((text, n) => (n ? [" · ", text] : [text]))) : null));
  }

  function jump(root, index) {
    const button = el("button", { type: "button", class: "jump" }, `event ${index}`);
    button.addEventListener("click", () => {
      const target = root().querySelector(`[data-event="${Number(index)}"]`);
      if (target) {
        target.scrollIntoView({ block: "center" });
        target.focus({ preventScroll: true });
      }
    });
    return button;
  }

  // ---------------------------------------------------------------- the graph

  function graph(number, scenery, pick) {
    const template = document.getElementById(`dag-${Number(number)}`);
    const drawn = template.content.firstElementChild.cloneNode(true);
    const here = (pairs) => (pairs || []).filter(([g]) => g === number).map(([, n]) => n);
    const set = (selector, numbers, kind) => numbers.forEach((n) => drawn.querySelectorAll(`[${selector}="${Number(n)}"]`).forEach((node) => node.classList.add(kind)));
    set("data-node", here(scenery.perhaps), "perhaps");
    set("data-node", here(scenery.seen), "seen");
    set("data-line", here(scenery.way), "seen");
    set("data-node", here(scenery.red), "red");
    set("data-line", here(scenery.redWay), "red");
    for (const kind of ["seen", "red"]) drawn.querySelectorAll(`.line.${kind}`).forEach((line) => line.parentNode.insertBefore(line, drawn.querySelector("g.node")));
    drawn.addEventListener("click", (event) => {
      const node = event.target.closest("[data-node]");
      if (node) pick(number, Number(node.getAttribute("data-node")));
    });
    drawn.addEventListener("mouseover", (event) => {
      const node = event.target.closest("g[data-node]");
      drawn.querySelectorAll(".near").forEach((line) => line.classList.remove("near"));
      const n = node && Number(node.getAttribute("data-node"));
      if (node) drawn.querySelectorAll(`[data-from="${n}"], [data-to="${n}"]`).forEach((line) => line.classList.add("near"));
    });
    const wide = Number(drawn.getAttribute("width"));
    const high = Number(drawn.getAttribute("height"));
    let scale = 1;
    const zoom = (by) => {
      scale = by === 0 ? Math.min(1, (frame.clientWidth - 8) / wide) : Math.min(3, Math.max(0.1, scale * by));
      drawn.setAttribute("width", String(Math.round(wide * scale)));
      drawn.setAttribute("height", String(Math.round(high * scale)));
    };
    const tool = (text, by, label) => el("button", { type: "button", "aria-label": label, title: label, on: { click: () => zoom(by) } }, text);
    const frame = el("div", { class: "canvas", tabindex: "0", role: "group", "aria-label": "drawing; scrolls" }, drawn);
    const tools = el("span", { class: "tools" }, tool("−", 0.8, "smaller"), tool("+", 1.25, "larger"), tool("fit", 0, "fit the width"));
    const box = el("figure", { class: "graph" }, el("figcaption", {}, el("span", {}, "Workflow ", el("code", {}, own(data.graphs[number]))), tools), frame);
    return { box, drawn, number, center: () => {
      if (wide > frame.clientWidth && wide < frame.clientWidth * 1.4) zoom(0);
      const red = drawn.querySelector(".node.red");
      if (red) {
        const place = red.getBoundingClientRect();
        const around = frame.getBoundingClientRect();
        frame.scrollTop = Math.max(0, place.top - around.top - frame.clientHeight / 2);
        frame.scrollLeft = Math.max(0, place.left - around.left - frame.clientWidth / 2);
      }
    } };
  }

  function legend(run, red) {
    if (!run && !red) return null;
    const entry = (kind, text) => el("span", {}, el("i", { class: `key ${kind}` }), text);
    return el("p", { class: "legend" }, run ? entry("seen", "passed by the run") : null, red ? entry("red", "where it goes wrong") : null,
      run && run.perhaps && run.perhaps.length ? entry("perhaps", "perhaps passed: the record does not tell") : null,
      run ? el("span", { class: "aside" }, "steps without an event of their own stay plain") : null);
  }

  // Timeline and graphs side by side, each pointing into the other.
  function stage(run, scenery, marks) {
    const graphs = (scenery && scenery.g ? scenery.g : []).map((number) => graph(number, scenery, pick));
    const nodes = new Map((run ? run.moments : []).map((event) => [event.i, event.p || []]));
    function touch(event) {
      for (const { drawn, number } of graphs) {
        drawn.querySelectorAll(".at").forEach((node) => node.classList.remove("at"));
        for (const [g, n] of event ? nodes.get(event.i) : [])
          if (g === number) drawn.querySelectorAll(`[data-node="${Number(n)}"]`).forEach((node) => node.classList.add("at"));
      }
    }
    function pick(number, node) {
      const found = [...nodes].find(([, places]) => places.some(([g, n]) => g === number && n === node));
      const target = found && left.querySelector(`[data-event="${found[0]}"]`);
      if (target) {
        target.scrollIntoView({ block: "nearest" });
        target.focus({ preventScroll: true });
      }
    }
    const left = el("div", { class: "time" }, run ? [el("h4", {}, "The run"), timeline(run, marks, touch)] : null);
    const right = graphs.length ? el("div", { class: "graphs" }, legend(run ? scenery : null, scenery.red && scenery.red.length), graphs.map(({ box }) => box)) : null;
    const box = el("div", { class: `stage ${run && right ? "two" : ""}` }, run ? left : null, right);
    requestAnimationFrame(() => graphs.forEach(({ center }) => center()));
    return box;
  }

  // Errors come first, and what has nothing in it is left out.
  const broken = data.diagnostics.some((found) => found.severity === "error");
  const nothing = !(data.results || data.traces).length;
  const listedOr = (section) => (nothing && broken ? [] : section);
  const bar = (filters, search) => (nothing ? [] : el("form", { class: "filters", "aria-label": "filters", on: { submit: (event) => event.preventDefault() } }, Object.values(filters).map(({ box }) => box), search.box));

  // ---------------------------------------------------------------- a check

  function checkPage() {
    const distinct = (key) => [...new Set(data.results.map((result) => result[key]).filter(Boolean))].sort();
    const order = data.summary.map(([, verdict]) => verdict);
    const filters = {
      verdict: choose("Verdict", "all verdicts", order, change),
      severity: choose("Severity", "all severities", distinct("severity"), change),
      file: choose("File", "all files", distinct("file"), change),
      workflow: choose("Workflow", "all workflows", distinct("workflow"), change),
    };
    const search = seek("Rule, reason or text", change);
    const words = data.results.map((result) => JSON.stringify([result.rule, result.doc, result.reason, result.source && result.source.rows, result.tags]).toLowerCase());
    data.results.forEach((result, n) => (result.number = n));
    const weight = { bad: 0, open: 1, good: 2, idle: 3 };
    const sorted = [...data.results].sort((a, b) => weight[a.group] - weight[b.group] || a.number - b.number);
    const found = listing("Results", "result", sorted, checkRow, (result) =>
      Object.entries(filters).every(([key, { input }]) => !input.value || result[key] === input.value) &&
      words[result.number].includes(search.input.value.toLowerCase()));
    function change() {
      found.filter();
    }
    put(
      broken ? diagnostics() : [],
      chips(data.summary.map(([group, verdict, number]) => [group, `${NUMBER.format(number)} ${verdict.toLowerCase()}`])),
      bar(filters, search),
      listedOr(found.section), groups(), coverage(), broken ? [] : diagnostics());
    openFirst(found.section);
  }

  function openFirst(section) {
    const first = section.querySelector("details.bad, details.open");
    if (first) first.open = true;
  }

  const chips = (all) => el("p", { class: "chips" }, all.map(([group, text]) => chip(group, text)));

  function checkRow(result) {
    return fold(result.group, [chip(result.group, result.verdict), el("span", { class: "name" }, own(result.rule)),
      el("span", { class: "aside" }, own(result.workflow || "")), el("span", { class: "aside end" }, own(result.severity)),
      result.known ? el("span", { class: "tag" }, "known") : null, result.heuristic ? el("span", { class: "tag" }, "heuristic") : null],
      () => checkDetail(result));
  }

  function checkDetail(result) {
    const marks = new Map(result.run ? [[result.run.index, [["manifestation", "breaks the rule"]]]] : []);
    const path = (result.path || []).map((step) => el("li", {}, el("span", { class: "kind" }, step.edge), " ", prose(step.text), " ", el("span", { class: "where" }, own(step.at))));
    const box = el("div", { class: "detail" },
      result.doc ? el("p", { class: "doc" }, prose(result.doc)) : null, code(result.source), tags(result),
      told("Reason", result.reason),
      path.length ? [el("h4", {}, result.path[0].edge === "source" ? "From source to sink" : "The way there"), el("ol", { class: "path" }, path)] : null,
      result.assumptions ? el("p", { class: "told" }, el("b", {}, "Rests on"), " ", named(result.assumptions)) : null,
      listed("Enough alone", (result.cores || []).map((core) => (core.length ? named(core) : ["nothing: it holds whatever else fails"])).map((core) => el("span", {}, core))),
      result.depth ? told("Defence depth", String(result.depth)) : null,
      told("Certificate", result.certificate),
      (result.notes || []).map((note) => told("Note", note)), told("Help", result.help),
      result.run ? el("p", { class: "told" }, el("b", {}, "A run that breaks it, at"), " ", jump(() => box, result.run.index)) : null,
      stage(result.run, result.dag, marks));
    return box;
  }

  function coverage() {
    const found = data.coverage;
    if (!found) return [];
    const rows = found.dropped.map(([kind, text, at, noticed]) => [kind, text, at, noticed || "no rule"]);
    return [table("What can be dropped", ["kind", "text", "place", "noticed by"], rows),
      table("What can be said more strictly", ["rule", "text", "place"], found.stronger),
      found.left ? el("p", {}, `${count(found.left, "part")} not tried: time was up`) : null];
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

  // ---------------------------------------------------------------- a replay

  function replayPage() {
    const rules = data.rules.map((rule, n) => [n, rule.name]);
    const filters = {
      verdict: choose("Verdict", "all verdicts", Object.entries(VERDICTS).filter(([letter]) => data.traces.some((trace) => trace.v.includes(letter))), change),
      rule: choose("Rule", "all rules", rules, change),
      cause: choose("Cause", "all causes", data.causes.map(([rule, cause], n) => [n, `${data.rules[rule].name}: ${cause}`.slice(0, 120)]), change),
      fault: choose("Fault", "own and inherited", data.traces.some((trace) => (trace.r || []).some((result) => result.inherited)) ? [["own", "own fault"], ["inherited", "inherited fault"]] : [], change),
      sure: choose("Evidence", "all evidence", data.rules.some((rule) => rule.heuristic) ? [["sure", "without heuristics"], ["heuristic", "heuristic"]] : [], change),
      more: choose("Also", "anything", [["near", "near misses"], ["left", "left the workflow"]].filter(([key]) => data.traces.some((trace) => trace[key])), change, 1),
    };
    const search = seek("Name or text of the run", change);
    const traces = data.traces;
    const texts = new Map();
    const weight = (trace) => (trace.v.includes("v") ? 0 : trace.v.includes("i") ? 1 : trace.near || trace.left ? 2 : 3);
    const sorted = traces.map((trace, n) => [weight(trace), n, trace]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, , trace]) => trace);
    const found = listing("Runs", "run", sorted, replayRow, matches);
    function change() {
      found.filter();
    }
    function matches(trace) {
      const want = Object.fromEntries(Object.entries(filters).map(([key, { input }]) => [key, input.value]));
      if (want.more && !trace[want.more]) return false;
      if (!says(trace, search.input.value.toLowerCase())) return false;
      return Object.values(want).every((value) => !value) || [...trace.v].some((letter, rule) => fits(trace, letter, rule, want));
    }
    // One rule of the run has to fit all filters about rules.
    function fits(trace, letter, rule, want) {
      if (letter === "-" || (want.verdict && letter !== want.verdict) || (want.rule && rule !== Number(want.rule))) return false;
      if (want.sure && Boolean(data.rules[rule].heuristic) !== (want.sure === "heuristic")) return false;
      if (!want.cause && !want.fault) return true;
      return (trace.r || []).some((result) => result.rule === rule && result.v === "v" && (!want.cause || result.c === Number(want.cause)) &&
        (!want.fault || Boolean(result.inherited) === (want.fault === "inherited")));
    }
    function says(trace, words) {
      if (!words) return true;
      if (!texts.has(trace)) texts.set(trace, [trace.n, ...(trace.run ? trace.run.moments : []).flatMap((event) => [event.s || "", ...(event.v || []).map(([, clip]) => (Array.isArray(clip) ? clip[0] : clip))])].join("\n").toLowerCase());
      return texts.get(trace).includes(words);
    }
    const causes = data.causes.map(([rule, cause, number, first, ...fresh], n) => {
      const button = el("button", { type: "button", class: "jump", title: "show these runs" }, prose(cause));
      button.addEventListener("click", () => {
        filters.cause.input.value = String(n);
        change();
        found.section.scrollIntoView({ block: "start" });
      });
      return [data.rules[rule].name, button, number, short(first), ...fresh];
    });
    const s = data.summary;
    put(broken ? diagnostics() : [], chips([["bad", `${NUMBER.format(s.violated)} violated`], ["open", `${NUMBER.format(s.insufficient)} insufficient data`], ["good", `${NUMBER.format(s.holds)} hold`],
      ["idle", `${NUMBER.format(s.not_applicable)} not applicable`]].filter(([, text]) => !text.startsWith("0 "))),
      el("p", { class: "aside" }, [s.near_misses && count(s.near_misses, "near miss").replace("misss", "misses"), s.departures && count(s.departures, "departure"), data.undeclared.length && count(data.undeclared.length, "undeclared tool"),
        s.skipped && `${s.skipped} skipped`, data.provenance.length && `provenance by ${data.provenance.join(", ")}`, folder && `in ${folder}`].filter(Boolean).join(" · ")),
      listed("wfcheck failed at some runs, which are not among the results", data.defects.map((text) => own(text))),
      table("Causes", ["rule", "cause", "runs", "first seen in", "new?"].slice(0, causes.length ? causes[0].length : 0), causes, 20),
      bar(filters, search),
      listedOr(found.section),
      data.more ? el("p", { class: "aside" }, `${count(data.more, "run")} not listed; those in which something went wrong come first`) : null,
      groups(),
      table("Records that disagree", ["run", "what", "trace", "other record"], data.disagreements.map(([trace, what, at, other]) => [short(trace), prose(what), short(at), other])),
      table("Tools that the spec does not declare", ["tool", "calls", "runs", "first in", "at"], data.undeclared.map(([tool, calls, runs, first, mark]) => [tool, calls, runs, short(first), short(mark[1]) || `event ${mark[0]}`])),
      table("Skipped", ["place", "pointer", "code", "reason"], data.skipped),
      broken ? [] : diagnostics());
    if (sorted.length <= 20) openFirst(found.section);
  }

  function replayRow(trace) {
    const letters = ["v", "i", "h", "n"].map((letter) => [letter, [...trace.v].filter((other) => other === letter).length]).filter(([, n]) => n);
    const first = (trace.r || []).find((result) => result.blame);
    const group = letters.length ? GROUPS[letters[0][0]] : "idle";
    return fold(group, [chip(group, letters.length ? VERDICTS[letters[0][0]] : "no rule"), el("span", { class: "name", title: trace.n }, own(short(trace.n))),
      el("span", { class: "aside" }, letters.map(([letter, n]) => `${n} ${VERDICTS[letter]}`).join(", ")),
      trace.near ? el("span", { class: "tag" }, count(trace.near.length, "near miss").replace("misss", "misses")) : null,
      trace.left ? el("span", { class: "tag" }, "left the workflow") : null,
      first ? el("span", { class: "aside full" }, own(data.rules[first.rule].name), ": ", prose(first.blame.why)) : null],
      () => replayDetail(trace));
  }

  function replayDetail(trace) {
    const broken = (trace.r || []).filter((result) => result.v === "v");
    const others = (trace.r || []).filter((result) => result.v !== "v");
    const place = el("div", {});
    const cards = broken.map((result) => card(result, () => select(result), () => place, Boolean(trace.run)));
    function select(result) {
      cards.forEach(({ pressed }, n) => pressed(broken[n] === result));
      const run = trace.run;
      const scenery = run && { ...run, red: result && result.red, redWay: result && result.redWay };
      place.replaceChildren(...(run ? [stage(run, scenery, marksOf(result))] : []));
    }
    const box = el("div", { class: "detail" }, cards.map(({ node }) => node),
      others.map((result) => el("p", { class: "told" }, chip(GROUPS[result.v], VERDICTS[result.v]), " ", el("code", {}, own(data.rules[result.rule].name)), " ", prose(result.reason || ""))),
      listed("Near misses: an assumption broke, and the rule held", (trace.near || []).map(([event, assumption, rule, layers]) => el("span", {}, jump(() => box, event), " ", el("code", {}, own(assumption)), rule ? [" under ", el("code", {}, own(rule)), layers === 0 ? ", no layer is left" : `, ${count(layers, "layer")} left`] : null))),
      listed("Where it left the workflow", (trace.left || []).map(([event, why, assumption, greyed]) => el("span", { class: greyed ? "greyed" : "" }, jump(() => box, event), " ", prose(why), assumption ? [" (breaks ", el("code", {}, own(assumption)), ")"] : null, greyed ? " (no rule minds)" : null))),
      trace.run && trace.run.w && trace.run.w.length > 1 ? el("p", { class: "told" }, "It may be a run of any of ", named(trace.run.w)) : null,
      trace.run && trace.run.lost ? el("p", { class: "told" }, `From event ${trace.run.lost[0]} on it is not followed through the workflow: `, prose(trace.run.lost[1])) : null,
      trace.run ? null : el("p", { class: "aside" }, broken.length || others.length ? "The events of this run are not part of this report." : "Nothing went wrong here."),
      place);
    select(broken[0] || null);
    return box;
  }

  function marksOf(result) {
    const marks = new Map();
    const add = (mark, kind, text) => {
      if (!mark) return;
      const here = marks.get(mark[0]) || [];
      marks.set(mark[0], [...here, [kind, text]]);
    };
    if (!result) return marks;
    if (result.blame) {
      add(result.blame.cause, "cause", "cause");
      add(result.blame.at, "blame", "blame");
    }
    add(result.turn, "turn", "point of no return");
    add(result.shown, "manifestation", "manifestation");
    for (const index of result.breaks || []) if (!marks.has(index)) marks.set(index, [["again", "broken again"]]);
    return marks;
  }

  function card(result, choose_, root, selectable) {
    const rule = data.rules[result.rule];
    const blame = result.blame || {};
    const line = (word, mark, text) => (mark ? el("div", {}, el("dt", {}, word), el("dd", {}, jump(root, mark[0]), " ", text || "", " ", el("span", { class: "where" }, own(short(mark[1] || ""))))) : null);
    const why = blame.why ? el("span", {}, prose(blame.why), blame.assumption ? [" (breaks ", el("code", {}, own(blame.assumption)), ")"] : null) : null;
    const button = selectable ? el("button", { type: "button", "aria-pressed": "false", on: { click: choose_ } }, "show in the run") : null;
    const node = el("article", { class: "card" }, el("h3", {}, chip("bad", "violated"), " ", own(rule.name), " ", el("span", { class: "aside" }, own(rule.severity || "")),
      result.inherited ? el("span", { class: "tag" }, "inherited from an earlier run") : el("span", { class: "tag" }, "own fault"), result.heuristic ? el("span", { class: "tag" }, "heuristic") : null,
      el("span", { class: "tag" }, `provenance by ${result.by}`), button),
      rule.doc ? el("p", { class: "doc" }, prose(rule.doc)) : null,
      el("dl", { class: "marks" }, line("cause", blame.cause, "what brought the value in"), line("blame", blame.at, why), line("point of no return", result.turn), line("manifestation", result.shown),
        blame.value ? el("div", {}, el("dt", {}, blame.invented ? "invented value" : "value"), el("dd", {}, value(blame.value))) : null,
        result.total > 1 ? el("div", {}, el("dt", {}, "broken"), el("dd", {}, `${NUMBER.format(result.total)} times`)) : null),
      rule.source ? el("details", { class: "rule" }, el("summary", {}, "the rule"), code(rule.source), tags(rule)) : null);
    return { node, pressed: (yes) => { if (button) button.setAttribute("aria-pressed", String(yes)); node.classList.toggle("chosen", yes && selectable); } };
  }

  if (data.page === "check") checkPage();
  else replayPage();
  main.append(el("footer", {}, `wfcheck ${data.version}`));
})();
