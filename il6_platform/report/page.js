// The page's own script: nothing is fetched, and all that is said is readable without it.
"use strict";
document.documentElement.classList.add("js");
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const NS = "http://www.w3.org/2000/svg";
const short = (value, digits = 3) => value === null || value === undefined ? "not estimable" : String(Number(value.toPrecision(digits)));

// contents: which section is read, and a search in what sections hold
const links = all("nav a");
const parts = new Map(links.map(link => [link, document.getElementById(link.hash.slice(1))]));
const words = heading => {
  let text = heading.textContent;
  for (let next = heading.nextElementSibling; next && next.tagName !== "H2"; next = next.nextElementSibling) text += " " + next.textContent;
  return text.toLowerCase();
};
// on a phone the answer comes first
const contents = document.querySelector(".contents"), narrow = matchMedia("(max-width: 1079px)");
const fold = () => { contents.open = !narrow.matches; };
narrow.addEventListener("change", fold);
fold();
const search = document.getElementById("search");
search.addEventListener("input", () => {
  const wanted = search.value.trim().toLowerCase();
  contents.open ||= wanted !== "";
  let left = 0;
  for (const [link, heading] of parts) {
    const found = !wanted || words(heading).includes(wanted);
    link.parentElement.hidden = !found;
    left += found;
  }
  document.getElementById("found").textContent = wanted ? `${left} of ${parts.size} sections` : "";
});
const reading = new IntersectionObserver(entries => {
  const seen = entries.find(entry => entry.isIntersecting);
  if (seen) for (const link of links) link.hash === "#" + seen.target.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
}, { rootMargin: "0px 0px -70% 0px" });
for (const heading of parts.values()) if (heading) reading.observe(heading);

// one figure, several views
for (const views of all(".views")) {
  const figures = all("figure", views);
  const show = name => { for (const figure of figures) figure.hidden = figure.id !== name; };
  for (const input of all("input[type=radio]", views)) input.addEventListener("change", () => show(input.value));
  show(figures[0].id);
}
const reveal = () => {
  const target = document.getElementById(location.hash.slice(1));
  const input = target && document.querySelector(`.views input[value="${CSS.escape(target.id)}"]`);
  if (input) { input.checked = true; input.dispatchEvent(new Event("change")); target.scrollIntoView(); }
};
addEventListener("hashchange", reveal);
reveal();

// values on hover, by touch and by the arrow keys
const at = (curve, x, steps) => {
  let low = -1;
  for (let i = 0; i < curve.x.length && curve.x[i] <= x + 1e-9; i++) low = i;
  if (low < 0 || (!steps && x > curve.x.at(-1))) return null;
  if (!steps && low + 1 < curve.x.length && x - curve.x[low] > curve.x[low + 1] - x) low += 1;
  return low;
};
for (const drawing of all(".drawing[data-plot]")) {
  const plot = JSON.parse(drawing.dataset.plot), svg = drawing.querySelector("svg");
  const readout = drawing.parentElement.querySelector(".readout");
  const [left, top, right, bottom] = plot.box, [from, to] = plot.x;
  const toX = px => plot.log ? from * (to / from) ** px : from + (to - from) * px;
  const toShare = x => plot.log ? Math.log(x / from) / Math.log(to / from) : (x - from) / (to - from);
  const line = document.createElementNS(NS, "line");
  line.setAttribute("class", "cross");
  line.setAttribute("y1", top); line.setAttribute("y2", bottom);
  line.style.visibility = "hidden";
  svg.append(line);
  const write = plot.steps ? value => `${Math.round(value * 100)}%` : value => short(value, 2);
  const say = share => {
    const x = toX(Math.min(Math.max(share, 0), 1));
    drawing.dataset.x = x;
    for (const end of ["x1", "x2"]) line.setAttribute(end, left + toShare(x) * (right - left));
    line.style.visibility = "visible";
    const said = plot.curves.map(curve => {
      const i = at(curve, x, plot.steps);
      if (i === null || curve.y[i] === null) return `${curve.name}: none`;
      const limits = curve.lo[i] === null ? "" : ` (${write(curve.lo[i])}\u2013${write(curve.hi[i])})`;
      let next = i;
      if (plot.steps && curve.x[i] < x) next = i + 1;
      const n = curve.n && plot.steps ? `, ${next < curve.n.length ? (curve.n[next] ?? "few") : 0} at risk` : "";
      return `${curve.name}: ${write(curve.y[i])}${limits}${n}`;
    });
    readout.textContent = `${plot.label} ${short(x)} \u2014 ${said.join("; ")}`;
  };
  const share = event => {
    const box = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
    return ((event.clientX - box.left) / box.width * view.width - left) / (right - left);
  };
  drawing.tabIndex = 0;
  drawing.addEventListener("pointermove", event => say(share(event)));
  drawing.addEventListener("pointerdown", event => say(share(event)));
  drawing.addEventListener("pointerleave", () => { line.style.visibility = "hidden"; readout.textContent = ""; });
  drawing.addEventListener("keydown", event => {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
    if (!step) return;
    event.preventDefault();
    say((drawing.dataset.x ? toShare(Number(drawing.dataset.x)) : 0) + step);
  });
  drawing.mark = x => {
    for (const end of ["x1", "x2"]) line.setAttribute(end, left + toShare(x) * (right - left));
    line.style.visibility = "visible";
  };
}

// every cut-off: a slider over the scan
for (const slider of all(".slider")) {
  const scan = JSON.parse(slider.dataset.scan), input = slider.querySelector("input");
  const output = slider.querySelector("output"), drawing = slider.closest("figure").querySelector(".drawing");
  const say = () => {
    const row = scan.rows[input.value];
    const told = scan.marks.filter(mark => mark.at === row.at).map(mark => mark.name);
    const figures = row.said.map(one => `${one.name} ${one.text}`);
    output.textContent = `${scan.label} ${short(row.at)}${told.length ? ` (${told.join(", ")})` : ""}: ${figures.join("; ")}.`;
    input.setAttribute("aria-valuetext", `${scan.label} ${short(row.at)}`);
    if (drawing.mark) drawing.mark(row.at);
  };
  input.addEventListener("input", say);
  for (const button of all("button", slider)) button.addEventListener("click", () => { input.value = button.value; say(); });
  say();
}

// downloads
const save = (name, blob) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
const source = figure => {
  const svg = figure.querySelector("svg").cloneNode(true);
  for (const line of all(".cross", svg)) line.remove();
  svg.setAttribute("xmlns", NS);
  return new XMLSerializer().serializeToString(svg).replace(/var\(--[a-z0-9]+, ?(#[0-9a-f]{6})\)/g, "$1");
};
const cell = text => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
const csv = table => all("tr", table).map(row => all("th, td", row).map(one => cell(one.textContent.trim())).join(",")).join("\n") + "\n";
for (const tools of all(".tools")) {
  const figure = tools.closest("figure"), name = figure.id;
  const act = {
    svg: () => save(`${name}.svg`, new Blob([source(figure)], { type: "image/svg+xml" })),
    csv: () => save(`${name}.csv`, new Blob(["\ufeff" + csv(figure.querySelector("details table"))], { type: "text/csv" })),
    png: () => {
      const picture = new Image(), view = figure.querySelector("svg").viewBox.baseVal;
      picture.onload = () => {
        const canvas = document.createElement("canvas"), scale = 300 / 72;
        canvas.width = view.width * scale; canvas.height = view.height * scale;
        const pen = canvas.getContext("2d");
        pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height);
        pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
        canvas.toBlob(blob => save(`${name}.png`, blob));
      };
      picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(source(figure));
    },
  };
  for (const button of all("button", tools)) button.addEventListener("click", act[button.value]);
}

// tables: sorted by a click on a head; long ones filtered
const number = text => { const found = text.replaceAll("\u2212", "-").match(/-?\d+(\.\d+)?/); return found ? Number(found[0]) : null; };
for (const table of all("table")) {
  const body = table.tBodies[0], rows = [...body.rows];
  if (rows.length < 3 || rows.some(row => [...row.cells].some(one => one.colSpan > 1)) || table.classList.contains("fixed")) continue;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const text = row => row.cells[column] ? row.cells[column].textContent.trim() : "";
      const numeric = rows.filter(row => number(text(row)) !== null).length > rows.length / 2 && head.classList.contains("n");
      const key = row => numeric ? number(text(row)) : text(row).toLowerCase();
      const empty = value => value === null || value === "";
      body.append(...[...rows].sort((a, b) => {
        const [one, other] = [key(a), key(b)];
        if (empty(one) || empty(other)) return empty(one) - empty(other);
        return (one < other ? -1 : one > other ? 1 : 0) * (up ? 1 : -1);
      }));
    });
  });
  if (rows.length < 12) continue;
  const label = document.createElement("label"), input = document.createElement("input");
  label.className = "scripted";
  label.textContent = "Show what contains ";
  input.type = "search";
  label.append(input);
  table.closest(".scroll").before(label);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
