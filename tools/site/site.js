"use strict";
// Okabe and Ito's colours, which colour-blind people can tell, and a mark and a dash for each series.
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#a08000"];
const marks = ["circle", "rect", "triangle", "rectRot", "star", "cross", "crossRot", "dash"];
const dashes = [[], [6, 3], [2, 2], [8, 3, 2, 3]];
const pick = (list, index) => list[index % list.length];

function figure(value, unit) {
    if (value === null) return "n/a";
    if (value === 0) return "0";
    if (unit === "seconds") {
        const units = [["s", 1], ["ms", 1e-3], ["μs", 1e-6], ["ns", 1e-9]];
        const [name, scale] = units.find(([, size]) => Math.abs(value) >= size) ?? units[3];
        return `${Number((value / scale).toPrecision(4))} ${name}`;
    }
    return (Number.isInteger(value) ? value : Number(value.toPrecision(6))).toLocaleString("en");
}
const day = seconds => new Date(seconds * 1000).toISOString().slice(0, 10);

function place(chart, x) {
    if (chart.x.type === "category") return chart.x.labels[x];
    return chart.x.type === "date" ? day(x) : String(x);
}

function datasets(chart, series) {
    return series.map(({ name, points }, index) => ({
        label: name,
        data: chart.x.type === "category"
            ? chart.x.labels.map((_, x) => points.find(point => point[0] === x)?.[1] ?? null)
            : points.map(([x, y]) => ({ x, y })),
        borderColor: pick(colours, index), backgroundColor: pick(colours, index), pointStyle: pick(marks, index),
        borderDash: chart.kind === "line" ? pick(dashes, index) : [], borderWidth: chart.kind === "line" ? 2 : 0,
        pointRadius: points.length > 40 ? 1.5 : 4, stepped: chart.stepped ? "after" : false,
    }));
}

function options(chart, lines) {
    const stacked = chart.kind === "stacked";
    const values = {
        stacked, beginAtZero: true, title: { display: true, text: chart.y.title },
        type: chart.logarithmic ? "logarithmic" : "linear",
        ticks: {
            callback: value => figure(value, chart.y.unit), maxTicksLimit: 6,
            precision: ["seconds", "bytes"].includes(chart.y.unit) ? undefined : 0,
        },
    };
    const places = {
        stacked, title: { display: !!chart.x.title, text: chart.x.title },
        type: { date: "linear", log: "logarithmic", category: "category" }[chart.x.type],
        ticks: { maxRotation: 60, autoSkip: true, maxTicksLimit: 12 },
    };
    if (chart.x.type === "date") {
        places.ticks.callback = day;
        places.ticks.maxTicksLimit = 6;
    }
    if (chart.x.type === "log") {
        const loads = new Set(lines.flatMap(({ points }) => points.map(([x]) => x)));
        places.afterBuildTicks = axis => { axis.ticks = [...loads].map(value => ({ value })); };
        places.ticks.callback = value => value;
    }
    return {
        maintainAspectRatio: false, indexAxis: stacked ? "y" : "x",
        scales: stacked ? { y: places, x: values } : { x: places, y: values },
        plugins: {
            legend: { display: lines.length > 1, position: "bottom", labels: { usePointStyle: true } },
            tooltip: { callbacks: {
                title: ([item]) => item && place(chart, stacked || chart.x.type === "category" ? item.dataIndex : item.parsed.x),
                label: item => `${item.dataset.label}: ${figure(stacked ? item.parsed.x : item.parsed.y, chart.y.unit)}`,
            } },
        },
    };
}

function table(chart, series) {
    const region = document.createElement("div");
    region.className = "table";
    region.tabIndex = 0;
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", `Figures: ${chart.title}`);
    const body = document.createElement("table");
    region.append(body);
    const row = (name, texts, kind) => {
        const line = body.insertRow();
        [name, ...texts].forEach((text, index) => {
            const cell = document.createElement(kind === "th" || index === 0 ? "th" : "td");
            if (cell.tagName === "TH") cell.scope = kind === "th" ? "col" : "row";
            cell.textContent = text;
            line.append(cell);
        });
    };
    row(chart.x.title || "cell", series.map(({ name }) => name), "th");
    const columns = series.map(({ points }) => new Map(points));
    const places = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
    for (const x of places) {
        row(place(chart, x), columns.map(column => column.has(x) ? figure(column.get(x), chart.y.unit) : ""));
    }
    return region;
}

function draw(charts) {
    const drawn = [];
    const group = number => {
        const select = document.querySelector(`select[data-variant="${number}"]`);
        return charts[number].groups ? charts[number].groups[select ? select.value : 0].series : charts[number].series;
    };
    for (const canvas of document.querySelectorAll("canvas[data-chart]")) {
        const number = canvas.dataset.chart, chart = charts[number];
        const fill = details => details.replaceChildren(details.querySelector("summary"), table(chart, group(number)));
        const details = document.querySelector(`details[data-table="${number}"]`);
        details.addEventListener("toggle", () => details.open && fill(details));
        const made = new Chart(canvas, {
            type: chart.kind === "stacked" ? "bar" : "line",
            data: { labels: chart.x.labels, datasets: datasets(chart, group(number)) }, options: options(chart, group(number)),
        });
        drawn.push(made);
        document.querySelector(`select[data-variant="${number}"]`)?.addEventListener("change", () => {
            made.data.datasets = datasets(chart, group(number));
            made.update();
            if (details.open) fill(details);
        });
    }
    return drawn;
}

const onPaper = matchMedia("print");

function theme(paper = onPaper.matches) {
    Chart.defaults.color = paper ? "#1b1b1b" : getComputedStyle(document.body).color;
    Chart.defaults.borderColor = "#80808050";
}

// The links of hundreds of rows, to themselves and to asv's graphs, are made when an entry is opened.
function link(entry) {
    for (const row of entry.querySelectorAll("li:not(:has(.anchor))")) {
        const links = row.dataset.graph ? [["graph", "graph", row.dataset.graph]] : [];
        for (const [kind, text, place] of [...links, ["anchor", "#", `#${row.id}`]]) {
            const made = Object.assign(document.createElement("a"), { className: kind, textContent: text });
            made.setAttribute("href", place);
            made.setAttribute("aria-label", `${kind === "graph" ? "Graph of" : "Link to"} ${row.id}`);
            row.append(" ", made);
        }
    }
}

function filter(form) {
    const entries = [...document.querySelectorAll(".entry")];
    for (const entry of entries) entry.querySelector("details").addEventListener("toggle", () => link(entry));
    const newest = [...entries].sort((one, other) => other.dataset.seconds - one.dataset.seconds);
    const apply = () => {
        const chosen = Object.fromEntries(new FormData(form));
        const picky = !!(chosen.part || chosen.kind || chosen.interface);
        let commits = 0;
        for (const entry of chosen.order ? newest : entries) {
            let rows = 0;
            entry.parentElement.append(entry);
            for (const row of entry.querySelectorAll("li")) {
                const { part, kind, interface: interfaces } = row.dataset;
                row.hidden = !!(chosen.part && chosen.part !== part) || !!(chosen.kind && chosen.kind !== kind)
                    || !!(chosen.interface && !interfaces.split(" ").includes(chosen.interface));
                rows += !row.hidden;
            }
            entry.hidden = !rows || !!(chosen.verdict && chosen.verdict !== entry.dataset.verdict);
            entry.querySelector("details").open = picky;
            commits += !entry.hidden;
        }
        for (const group of document.querySelectorAll(".group")) group.hidden = !group.querySelector(".entry:not([hidden])");
        form.querySelector("output").value = `${commits} of ${entries.length} shown`;
        const query = new URLSearchParams(Object.entries(chosen).filter(([, value]) => value)).toString();
        history.replaceState(null, "", (query ? `?${query}` : location.pathname) + location.hash);
        for (const link of document.querySelectorAll(".pages a")) link.search = query;
    };
    for (const [name, value] of new URLSearchParams(location.search)) {
        if (form.elements[name]) form.elements[name].value = value;
    }
    form.addEventListener("change", apply);
    form.addEventListener("submit", event => event.preventDefault());
    apply();
}

function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target?.closest("details") ?? (target?.matches(".entry") ? target.querySelector("details") : null);
    if (!details) return;
    details.open = true;
    target.scrollIntoView();
}

const data = document.getElementById("charts");
if (data) {
    Chart.defaults.animation = false;
    theme();
    const charts = JSON.parse(data.textContent);
    let drawn = draw(charts);
    const again = paper => {
        theme(paper);
        drawn.forEach(chart => chart.destroy());
        drawn = draw(charts);
    };
    for (const query of [onPaper, matchMedia("(prefers-color-scheme: dark)")]) {
        query.addEventListener("change", () => again());
    }
    addEventListener("beforeprint", () => again(true));
    addEventListener("afterprint", () => again(false));
}
// What serves a view that waits so long: the rows that were chosen, and in a sentence how the best of both views compare.
function choose(form) {
    const offered = JSON.parse(document.getElementById("offered").textContent);
    const body = document.querySelector("#choices tbody");
    const names = ["wait", "connections", "workers"];
    const rate = ({ measured, modelled }) => measured ?? modelled ?? 0;
    const told = each => `${Math.round(rate(each)).toLocaleString("en")} requests/s ${each.measured === null ? "by the model" : "measured"}`;
    const line = each => {
        const row = document.createElement("tr");
        const head = Object.assign(document.createElement("th"), { scope: "row", textContent: `${each.server} ${each.view}` });
        const whole = value => value === null ? "not measured" : Math.round(value).toLocaleString("en");
        row.append(head);
        for (const text of [`${each.wait} ms`, each.connections, each.workers, whole(each.measured),
            each.p95 === null ? "" : `${Math.round(each.p95 * 1000)} ms`, each.modelled === null ? "" : whole(each.modelled)]) {
            row.insertCell().textContent = text;
        }
        return row;
    };
    const apply = () => {
        const chosen = Object.fromEntries(new FormData(form));
        const rows = offered.filter(each => names.every(name => String(each[name]) === chosen[name]))
            .sort((one, other) => rate(other) - rate(one));
        body.replaceChildren(...rows.map(line));
        const [best] = rows;
        const other = rows.find(({ view }) => view !== best.view);
        const alike = other && rate(best) < (1 + Math.max(best.repeats, other.repeats)) * rate(other);
        form.querySelector("output").value = !best ? "Nobody measured that."
            : alike ? `No difference: ${best.server} ${best.view} serves ${told(best)}, ${other.server} ${other.view} ${told(other)}.` : `${best.server} with ${best.view === "sync" ? "a sync" : "an async"} view serves most, ${told(best)}`
            + (other ? `: ${(rate(best) / rate(other)).toFixed(1)} times what ${other.server} does with ${other.view === "sync" ? "a sync" : "an async"} one, ${told(other)}.` : ".");
        history.replaceState(null, "", `?${new URLSearchParams(chosen)}${location.hash}`);
    };
    for (const [name, value] of new URLSearchParams(location.search)) {
        const select = form.elements[name];
        if (select && [...select.options].some(option => option.value === value)) select.value = value;
    }
    form.addEventListener("change", apply);
    form.addEventListener("submit", event => event.preventDefault());
    body.parentElement.className = "chosen";
    apply();
}

function search(form) {
    const entries = [...document.querySelectorAll("#found li")].map(row => [row, row.textContent.toLowerCase()]);
    const apply = () => {
        const words = form.elements.q.value.toLowerCase().split(/\s+/);
        for (const [row, text] of entries) row.hidden = !words.every(word => text.includes(word));
        form.querySelector("output").value = `${entries.filter(([row]) => !row.hidden).length} found`;
        const query = new URLSearchParams(form.elements.q.value ? { q: form.elements.q.value } : {}).toString();
        history.replaceState(null, "", query ? `?${query}` : location.pathname);
    };
    form.elements.q.value = new URLSearchParams(location.search).get("q") ?? "";
    form.addEventListener("input", apply);
    form.addEventListener("submit", event => event.preventDefault());
    apply();
}

const searched = document.getElementById("search");
if (searched) search(searched);
const choosing = document.getElementById("choose");
if (choosing) choose(choosing);
const form = document.getElementById("filters");
if (form) filter(form);
reveal();
addEventListener("hashchange", reveal);
document.documentElement.dataset.ready = "";
performance.mark("ready");
