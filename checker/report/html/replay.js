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
