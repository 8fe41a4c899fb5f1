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
