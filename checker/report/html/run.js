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
