"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 50;
  const SEVERITIES = ["nothing found", "INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"];
  const CLASSES = ["clean", "info", "low", "medium", "high", "critical"];
  const byId = (id) => document.getElementById(id);
  const text = (index) => data.texts[index];
  const number = (value) => value.toLocaleString("en");

  // Names and tags are other people's: they reach the page as text nodes and never as markup.
  const make = (name, attributes, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
    node.append(...children.filter((child) => child !== null));
    return node;
  };

  const roles = data.roles.map((row, rank) => ({
    owner: null, boundary: null, exemption: null, told: null, used: null, denials: null, unused: null,
    ...row,
    rank,
    name: row.path.slice(row.path.lastIndexOf("/") + 1),
    found: row.breaches.map((index) => data.breaches[index]),
  }));
  const haystack = (role) => role.haystack ??= [
    role.path, role.owner === null ? "" : text(role.owner), ...role.names,
    ...role.found.flatMap((breach) => [breach.check, text(breach.summary)]),
  ].join("\n").toLowerCase();

  const SORTS = {
    name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    now: (a, b) => a.now - b.now || b.rank - a.rank,
    without: (a, b) => a.without - b.without || b.rank - a.rank,
    standing: (a, b) => a.standing - b.standing || b.rank - a.rank,
    functions: (a, b) => a.functions - b.functions || b.rank - a.rank,
    used: (a, b) => (a.used ?? 0) - (b.used ?? 0) || b.rank - a.rank,
  };
  const state = { key: "now", direction: -1, page: 0, shown: roles, open: new Set() };
  const controls = { search: byId("search"), severity: byId("severity"), standing: byId("standing"), change: byId("change"), exempt: byId("exempt") };

  const option = (value, label) => make("option", { value }, label);
  controls.severity.append(
    option("", "anything"), option("5", "CRITICAL"), option("4", "HIGH or worse"), option("3", "MEDIUM or worse"),
    option("held", "nothing HIGH, held back by the boundary"));
  controls.standing.append(option("", "any"), ...data.standings.map((label, index) => option(String(index), label)));
  controls.change.append(option("", "or not"), option("any", "in any way"), ...data.changes.map((label, index) => option(String(index), label)));
  controls.exempt.append(option("", "or not"), option("yes", "yes"), option("no", "no"));

  const matches = () => {
    const words = controls.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severity = controls.severity.value, standing = controls.standing.value;
    const change = controls.change.value, exempt = controls.exempt.value;
    return (role) =>
      (severity === "" || (severity === "held" ? role.now < 4 && role.without >= 4 : role.now >= Number(severity))) &&
      (standing === "" || role.standing === Number(standing)) &&
      (change === "" || (change === "any" ? role.changes.length > 0 : role.changes.includes(Number(change)))) &&
      (exempt === "" || (role.exemption !== null) === (exempt === "yes")) &&
      words.every((word) => haystack(role).includes(word));
  };

  const day = (seconds) => (seconds === null ? "never seen" : new Date(seconds * 1000).toISOString().slice(0, 10));
  const badge = (severity) => make("span", { class: `badge ${CLASSES[severity]}` }, SEVERITIES[severity]);
  const cell = (label, extra, ...children) => make("td", { role: "cell", "data-label": label, ...extra }, ...children);

  // A policy is named once, however many of its statements follow each other.
  const where = ([policy, statement, detail], before) => {
    if (text(statement) === "") return `Where: ${text(detail)}`;
    const place = before && before[0] === policy && text(before[1]) !== "" ? "and " : `Where: ${text(policy)}, `;
    return `${place}statement ${text(statement)}: ${text(detail)}`;
  };
  const breachItem = (breach) => make("li", { class: "breach" },
    badge(Math.max(breach.now, breach.now === 0 ? breach.without : 0)),
    make("p", {}, `${text(breach.summary)} `, make("code", {}, breach.check)),
    ...breach.evidence.map((at, index) => make("p", { class: "where" }, where(at, breach.evidence[index - 1]))),
    breach.more > 0 ? make("p", { class: "where" }, `Where: ${number(breach.more)} more places`) : null,
    make("p", { class: "todo" }, `To do: ${text(breach.remedy)}`));
  const breachList = (title, breaches, none) => [
    make("h3", {}, title),
    breaches.length === 0 ? make("p", {}, none) : make("ul", {}, ...breaches.map(breachItem)),
  ];
  const listed = (count, names) => names.map(text).join(", ") + (count > names.length ? ` and ${number(count - names.length)} more` : "");
  const unused = ({ at, allowed, long: [long, longNames], short: [short, shortNames], used, actions }) => [
    ["Unused for 90 days", long === 0 ? "no service" : `${number(long)} of ${number(allowed)} services: ${listed(long, longNames)}`],
    ...(short === 0 ? [] : [["For 30 days", listed(short, shortNames)]]),
    ["Used in that time", used.length === 0 ? "no service" : used.map(text).join(", ")],
    ...(actions.length === 0 ? [] : [["Unused actions", actions.map(text).join(", ")]]),
    ["As IAM reported", `${day(at)}; first make sure that no error path, disaster recovery or yearly job needs it`],
  ];
  const details = (role, id) => {
    const pairs = [
      ["ARN", data.prefix + role.path],
      ["Boundary", role.boundary === null ? "none" : `${text(role.boundary)} (${data.standings[role.standing]})`],
      ["Created", day(role.created)],
      ["Functions", role.functions === 0 ? "none known" : role.names.join(", ") + (role.functions > role.names.length ? ` and ${number(role.functions - role.names.length)} more` : "")],
      ...(role.exemption === null ? [] : [["Exempt", text(role.exemption)]]),
      ...(role.told === null ? [] : [["Last finding", text(role.told)]]),
      ...role.doubts.map((doubt) => ["Not understood", text(doubt)]),
      ...(role.denials === null ? [] : [["Denied calls", `${number(role.denials)} seen (calls on data are never seen)`]]),
      ...(role.unused === null ? [] : unused(role.unused)),
    ];
    const now = role.found.filter((breach) => breach.now > 0);
    const held = role.found.filter((breach) => breach.now === 0);
    return make("tr", { role: "row", class: "details", id },
      make("td", { role: "cell", colspan: "6" },
        ...breachList("What it can do now", now, "Nothing that Ringfence objects to."),
        ...breachList("What only the boundary prevents", held, role.boundary === null ? "It has no boundary." : "Nothing."),
        make("dl", { class: "pairs" }, ...pairs.flatMap(([key, value]) => [make("dt", {}, key), make("dd", {}, value)]))));
  };
  const rows = (role) => {
    const id = `role-${role.rank}`, isOpen = state.open.has(role.rank);
    const marks = [...role.changes.map((change) => data.changes[change]), ...(role.exemption === null ? [] : ["exempt"])];
    const row = make("tr", { role: "row" },
      make("th", { role: "rowheader", scope: "row" },
        make("button", { type: "button", class: "open", "aria-expanded": String(isOpen), "aria-controls": id, "data-rank": String(role.rank) }, role.name),
        role.owner === null ? null : make("span", { class: "owner" }, text(role.owner)),
        marks.length === 0 ? null : make("span", { class: "marks" }, ...marks.map((mark) => make("span", { class: "mark" }, mark)))),
      cell("Can do now", {}, badge(role.now)),
      cell("Without boundary", {}, badge(role.without)),
      cell("Boundary", {}, data.standings[role.standing]),
      cell("Functions", { class: "count-cell" }, number(role.functions)),
      cell("Last used", { class: "day" }, day(role.used)));
    return isOpen ? [row, details(role, id)] : [row];
  };

  const draw = () => {
    const first = state.page * PAGE, shown = state.shown.slice(first, first + PAGE), all = state.shown.length;
    byId("rows").replaceChildren(...shown.flatMap(rows));
    byId("count").textContent = all === 0
      ? `None of ${number(roles.length)} roles matches.`
      : `Roles ${number(first + 1)} to ${number(first + shown.length)} of ${number(all)}${all === roles.length ? "" : `, out of ${number(roles.length)}`}.`;
    const pages = Math.max(1, Math.ceil(all / PAGE));
    byId("pages").hidden = pages === 1;
    byId("page").textContent = `Page ${number(state.page + 1)} of ${number(pages)}`;
    byId("back").disabled = state.page === 0;
    byId("forth").disabled = state.page + 1 >= pages;
  };
  const refresh = () => {
    const compare = SORTS[state.key];
    state.shown = roles.filter(matches()).sort((a, b) => compare(a, b) * state.direction || a.rank - b.rank);
    state.page = 0;
    draw();
  };

  for (const header of document.querySelectorAll("th[data-key]")) {
    const button = make("button", { type: "button" }, header.textContent);
    header.replaceChildren(button);
    button.addEventListener("click", () => {
      const key = header.dataset.key;
      state.direction = state.key === key ? -state.direction : key === "name" || key === "standing" ? 1 : -1;
      state.key = key;
      for (const other of document.querySelectorAll("th[data-key]")) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", state.direction === 1 ? "ascending" : "descending");
      refresh();
    });
  }
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("reset", () => setTimeout(refresh));
  for (const control of Object.values(controls)) control.addEventListener("input", refresh);
  const turn = (by) => {
    state.page += by;
    draw();
    byId("roles").scrollIntoView({ block: "start" });
  };
  byId("back").addEventListener("click", () => turn(-1));
  byId("forth").addEventListener("click", () => turn(1));
  byId("rows").addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    if (!button) return;
    const rank = Number(button.dataset.rank), id = button.getAttribute("aria-controls");
    const isOpen = state.open.delete(rank);
    if (isOpen) byId(id).remove();
    else {
      state.open.add(rank);
      button.closest("tr").after(details(roles[rank], id));
    }
    button.setAttribute("aria-expanded", String(!isOpen));
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const buttons = [...document.querySelectorAll("button.open")];
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && (at >= 0 || document.activeElement === controls.search)) {
      event.preventDefault();
      buttons[Math.min(at + 1, buttons.length - 1)]?.focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (at === 0 ? controls.search : buttons[at - 1]).focus();
    } else if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      controls.search.focus();
    }
  });
  byId("filters").hidden = false;
  draw();
})();
