"use strict";
// Compares any two results of compare.html. The rules are those of compare.py, which works out all that one result decides.
const figures = {}; // by period, filled by the scripts in compare/
const catalogue = JSON.parse(document.getElementById("catalogue").textContent);
const choice = document.getElementById("compare");
const body = document.querySelector("#differences tbody");
const product = lists => lists.reduce((found, list) => found.flatMap(head => list.map(each => [...head, each])), [[]]);

const cells = catalogue.benchmarks.flatMap((benchmark, row) => product(benchmark.params).map((params, column) => {
    const name = params.join(", ");
    return { ...benchmark, name, row, column, where: `${benchmark.scenario} ${name}`, part: benchmark.scenario.split(".")[0] };
}));

const measured = Object.entries(catalogue.measured).flatMap(([period, rows]) => rows.map(
    ([name, hash, seconds, subject, environment, machine], place) => ({ name, hash, seconds, subject, environment, machine, period, place }),
));

function load(period) {
    return new Promise((resolve, reject) => {
        if (figures[period]) return resolve();
        const script = document.createElement("script");
        script.src = `compare/${period}.js`;
        script.onload = resolve;
        script.onerror = () => reject(new Error(`compare/${period}.js could not be loaded`));
        document.head.append(script);
    });
}

// A result's figures, by what each before it in the file left as it was.
function read(side) {
    const rows = { values: {}, open: {}, least: {} };
    for (const moved of figures[side.period].slice(0, side.place + 1)) {
        for (const name of Object.keys(rows)) Object.assign(rows[name], moved[name]);
    }
    const at = (name, cell) => rows[name][cell.row]?.[cell.column] ?? NaN;
    return cells.map(cell => ({ value: at("values", cell), open: at("open", cell), least: at("least", cell) }));
}

const isMeasured = value => value === "n/a" || Number.isFinite(value);

function relative(before, after) {
    if (before === "n/a" || after === "n/a") return NaN;
    return before ? after / before - 1 : after ? Infinity : 0;
}

function resolution(cell, a, b, drifted, alike) {
    if (cell.rule === "exact") return 0;
    if (!(a.value > 0 && b.value > 0)) return NaN;
    if (cell.rule === "anchor") return Math.max(Math.hypot(a.open / a.value, b.open / b.value), a.least, b.least);
    if (!alike) return NaN;
    const open = Math.hypot(a.open, b.open) / a.value;
    if (cell.rule === "cost") return Math.max(catalogue.finest, open);
    return cell.rule === "machine" ? (1 + drifted) * (1 + (open || 0)) - 1 : NaN;
}

// By how much the floors of two results of one machine differ at most, NaN where that is not known.
function drift(base, head, a, b) {
    const pairs = catalogue.floors.map(floor => [a[floor].value, b[floor].value]).filter(pair => pair.every(each => each > 0));
    return base.machine === head.machine && pairs.length
        ? Math.max(...pairs.map(([old, now]) => Math.max(old, now) / Math.min(old, now) - 1)) : NaN;
}

function differences(base, head) {
    const [a, b] = [read(base), read(head)];
    const drifted = drift(base, head, a, b);
    const waits = {};
    cells.forEach((cell, n) => {
        if (cell.kind === "waits") waits[cell.where] = (waits[cell.where] ?? 0) + (b[n].value - a[n].value || 0);
    });
    const found = [];
    cells.forEach((cell, n) => {
        const [before, after] = [a[n].value, b[n].value];
        if (!isMeasured(before) || !isMeasured(after) || before === "n/a" && after === "n/a") return;
        const move = relative(before, after), known = resolution(cell, a[n], b[n], drifted, base.machine === head.machine);
        const beyond = before !== after && !Number.isNaN(known) && !(Math.abs(move) <= known);
        const total = cell.kind === "waits" ? waits[cell.where] : cell.kind === "counts" ? 0 : move;
        const judged = beyond && move * total > 0;
        const verdict = judged ? (move > 0 ? "worse" : "better") : beyond ? "changed" : "same";
        found.push({ ...cell, number: n, before, after, relative: move, resolution: known, verdict });
    });
    const size = each => Number.isNaN(each.relative) ? Infinity : Math.abs(each.relative);
    const judged = each => each.verdict === "worse" || each.verdict === "better";
    const compare = (x, y) => x < y ? -1 : x > y ? 1 : 0;
    return found.sort((x, y) => judged(y) - judged(x) || compare(size(y), size(x)) || x.number - y.number);
}

// Three digits, as asv writes times and bytes.
function digits(value, zeros) {
    const text = value >= 99.95 ? String(Math.round(value)) : value.toPrecision(3);
    return zeros ? text : String(Number(text));
}

function shown(cell, value) {
    if (value === "n/a" || value === 0) return String(value);
    if (cell.unit === "seconds") {
        const [name, scale] = [["s", 1], ["ms", 1e-3], ["μs", 1e-6], ["ns", 1e-9]].find(([, size]) => value >= size) ?? ["ns", 1e-9];
        return digits(value / scale, true) + name;
    }
    if (cell.unit === "bytes") {
        const power = Math.max(0, Math.floor(Math.log(value) / Math.log(1000)));
        return digits(value / 1000 ** power, false) + ["", "k", "M", "G", "T"][power];
    }
    if (cell.kind === "cost") return `${Math.round(value / 1000).toLocaleString("en")}k`;
    return String(Number(value.toPrecision(cell.rule === "exact" ? 6 : 3)));
}

function percent(part) {
    const places = Math.abs(part) >= 0.1 ? 0 : Math.abs(part) >= 0.001 ? 1 : 2;
    return `${part < 0 ? "" : "+"}${(part * 100).toFixed(places)}%`;
}

function change({ before, after, relative, rule }) {
    if (Number.isNaN(relative)) return after === "n/a" ? "n/a now" : "n/a before";
    if (rule === "exact") return `${after < before ? "" : "+"}${Number((after - before).toPrecision(6))}`;
    return Number.isFinite(relative) ? percent(relative) : "from 0";
}

function texts(each) {
    const known = Number.isFinite(each.resolution) ? percent(each.resolution).slice(1) : "unknown";
    const sign = { worse: "▲ ", better: "▼ " }[each.verdict];
    return [shown(each, each.before), shown(each, each.after), sign ? `${sign}${change(each)} ${each.verdict}` : change(each),
        each.rule === "exact" ? "" : `resolution ${known}`];
}

function line(each) {
    const row = document.createElement("tr");
    row.className = each.verdict;
    const head = document.createElement("th");
    head.scope = "row";
    const link = document.createElement("a");
    link.href = `scenarios/${each.scenario}.html`;
    link.textContent = each.scenario;
    head.append(link, ` ${[each.name, each.metric].filter(Boolean).join(", ")}`);
    row.append(head);
    const [before, after, moved, known] = texts(each);
    for (const text of [before, after, moved]) row.insertCell().textContent = text;
    if (known) {
        const small = document.createElement("span");
        small.className = "change";
        small.textContent = known;
        row.lastChild.append(" ", small);
    }
    return row;
}

function describe(side, place) {
    const link = document.createElement(catalogue.commit_url ? "a" : "span");
    if (catalogue.commit_url) link.href = catalogue.commit_url + side.hash;
    link.textContent = side.name;
    const day = new Date(side.seconds * 1000).toISOString().slice(0, 10);
    document.getElementById(place).replaceChildren(link, ` ${side.subject} (${day})`);
}

function conditions(base, head) {
    const [old, now] = [base, head].map(each => `${catalogue.machines[each.machine]}; ${catalogue.environments[each.environment]}`);
    return old === now ? `Both on ${now}.` : `Base on ${old}. Head on ${now}. So not all that differs is by what is compared.`;
}

const isShown = {
    changed: each => each.verdict !== "same", all: () => true,
    relevant: each => each.verdict === "worse" || each.verdict === "better",
    worse: each => each.verdict === "worse", better: each => each.verdict === "better",
};

const title = (base, head) => `${catalogue.project} ${base.name} → ${head.name}`;
const escaped = text => text.replaceAll("|", "\\|");

function markdown(rows, base, head) {
    const table = rows.map(each => [`${each.scenario} ${each.name}`.trim(), each.metric, ...texts(each)].map(escaped));
    const lines = [["cell", "metric", base.name, head.name, "change", ""], ["---", "---", "--:", "--:", "--:", "---"], ...table];
    const where = catalogue.environments[head.environment];
    return `${title(base, head)}, ${where}\n\n${lines.map(each => `| ${each.join(" | ")} |`).join("\n")}\n`;
}

function csv(rows) {
    const quoted = value => /[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value;
    const known = value => Number.isFinite(value) ? Number(value.toPrecision(7)) : "";
    const table = rows.map(each => [each.scenario, each.name, each.metric, each.unit, each.before, each.after,
        known(each.relative), known(each.resolution), each.verdict]);
    const names = ["scenario", "cell", "metric", "unit", "base", "head", "relative change", "resolution", "verdict"];
    return [names, ...table].map(row => `${row.map(quoted).join(",")}\n`).join("");
}

// What stands in the field can be copied by hand where the browser gives no clipboard.
async function copy(name, text) {
    const field = document.getElementById("copied");
    field.hidden = false;
    field.value = text;
    field.select();
    const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    document.getElementById("told").value = done ? `Copied as ${name}.` : `Select and copy the ${name} below.`;
}

let current = { rows: [] };

async function update() {
    const chosen = Object.fromEntries(new FormData(choice));
    const [base, head] = [chosen.base, chosen.head].map(number => measured[number]);
    const told = document.getElementById("told");
    try {
        await Promise.all([load(base.period), load(head.period)]);
    } catch (problem) {
        told.value = problem.message;
        return;
    }
    const found = differences(base, head)
        .filter(({ part, kind }) => (!chosen.part || chosen.part === part) && (!chosen.kind || chosen.kind === kind));
    const rows = found.filter(isShown[chosen.show]);
    current = { rows, base, head };
    const count = name => found.filter(({ verdict }) => verdict === name).length;
    told.value = `${count("worse")} worse, ${count("better")} better, ${count("changed")} changed otherwise, ${count("same")} show no change.`;
    document.querySelectorAll("#differences thead th").forEach((each, index) => {
        if (index === 1) each.textContent = base.name;
        if (index === 2) each.textContent = head.name;
    });
    body.replaceChildren(...rows.map(line));
    describe(base, "base");
    describe(head, "head");
    document.getElementById("conditions").textContent = conditions(base, head);
    const state = { ...chosen, base: base.name, head: head.name };
    if (state.show === choice.elements.show.options[0].value) delete state.show;
    history.replaceState(null, "", `?${new URLSearchParams(Object.entries(state).filter(([, value]) => value))}${location.hash}`);
    document.title = `${title(base, head)}: what changed`;
    body.parentElement.dataset.pair = `${base.name} ${head.name}`;
}

// A result by its name, a commit also by the first digits of its hash, in whatever environment comes first.
function find(name) {
    const tests = [each => each.name === name, each => each.name.split(", ")[0] === name,
        each => name.length > 6 && (name.startsWith(each.hash) || each.hash.startsWith(name))];
    return tests.map(test => measured.findIndex(test)).find(place => place >= 0);
}

for (const side of ["base", "head"]) {
    const groups = new Map();
    for (const [place, each] of [...measured.entries()].reverse()) {
        if (!groups.has(each.period)) groups.set(each.period, document.createElement("optgroup")).get(each.period).label = each.period;
        groups.get(each.period).append(new Option(`${each.name} ${each.period === "releases" ? "" : each.subject}`.trim().slice(0, 80), place));
    }
    const { releases, ...months } = Object.fromEntries(groups);
    choice.elements[side].append(...[releases].filter(Boolean), ...Object.values(months));
}
const asked = new URLSearchParams(location.search);
for (const side of ["base", "head"]) {
    choice.elements[side].value = find(asked.get(side) ?? "") ?? find(choice.dataset[side]);
}
for (const name of ["show", "part", "kind"]) {
    const select = choice.elements[name];
    if ([...select.options].some(({ value }) => value === asked.get(name))) select.value = asked.get(name);
}
choice.addEventListener("change", update);
choice.addEventListener("submit", event => event.preventDefault());
document.getElementById("swap").addEventListener("click", () => {
    const { base, head } = choice.elements;
    [base.value, head.value] = [head.value, base.value];
    update();
});
document.getElementById("markdown").addEventListener("click", () => copy("Markdown", markdown(current.rows, current.base, current.head)));
document.getElementById("csv").addEventListener("click", () => copy("CSV", csv(current.rows)));
update();
