"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const half = .37;
const side = Math.ceil(Math.sqrt(data.tile));
const made = (name, attributes) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};
const text = (tag, words, kind) => {
  const element = document.createElement(tag);
  element.textContent = words;
  if (kind) element.className = kind;
  return element;
};
const number = value => Math.abs(value) >= 1000 || Number.isInteger(value)
  ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(3)).toString();
const joules = value => {
  for (const [size, unit] of [[1, "J"], [1e-3, "mJ"], [1e-6, "uJ"], [1e-9, "nJ"], [1e-12, "pJ"]])
    if (Math.abs(value) >= size) return Number((value / size).toPrecision(3)) + " " + unit;
  return "0 J";
};
const shown = (by, value) => value === null ? "not known"
  : by === "energy" ? joules(value) : by === "occupancy" ? number(100 * value) + " %" : number(value);
const heat = share => {
  const stops = [[255, 255, 204], [254, 178, 76], [240, 59, 32], [128, 0, 38]];
  const at = Math.min(Math.max(share, 0), 1) * 3, k = Math.min(Math.floor(at), 2);
  return "rgb(" + stops[k].map((c, i) => Math.round(c + (at - k) * (stops[k + 1][i] - c))) + ")";
};

let by = "load", chosen = null;
const squares = [];

function draw() {
  const used = [...data.cores.map(core => core.chip), ...data.links.map(link => link[0])];
  const chips = [...new Set(used)].sort((a, b) => a - b);
  const most = Math.max(1, ...data.links.map(link => link[5]));
  for (const chip of chips) {
    if (chips.length > 1) document.getElementById("chips").append(text("p", "chip " + chip, "faint"));
    const svg = made("svg", { viewBox: `-.6 -.6 ${data.width + .2} ${data.height + .2}`, role: "img",
      "aria-label": "cores of the chip" });
    for (let y = 0; y < data.height; y++)
      for (let x = 0; x < data.width; x++)
        svg.append(made("rect", { x: x - half, y: y - half, width: 2 * half, height: 2 * half, fill: "#f1f1f1" }));
    data.cores.forEach((core, k) => {
      if (core.chip !== chip) return;
      const size = 2 * half / side, place = at => Math.floor(at) - half + (at % 1) * 2 * half + .01;
      const square = made("rect", { x: place(core.x), y: place(core.y), width: size - .02, height: size - .02,
        class: "core", tabindex: 0 });
      square.append(made("title", {}));
      square.addEventListener("click", () => choose(k));
      square.addEventListener("keydown", event => { if (event.key === "Enter") choose(k); });
      squares[k] = square;
      svg.append(square);
    });
    for (const [on, x0, y0, x1, y1, packets] of data.links) {
      if (on !== chip || Math.abs(x0 - x1) > 1 || Math.abs(y0 - y1) > 1) continue;
      const dx = half * (x1 - x0), dy = half * (y1 - y0);
      const line = made("line", { x1: x0 + dx, y1: y0 + dy, x2: x1 - dx, y2: y1 - dy, stroke: "#0072B2",
        "stroke-width": .02 + .3 * packets / most, "stroke-opacity": .8, "pointer-events": "stroke" });
      line.append(made("title", {}));
      line.firstChild.textContent = number(packets) + " packets";
      svg.append(line);
    }
    document.getElementById("chips").append(svg);
  }
}

function colour() {
  const top = Math.max(...data.cores.map(core => core[by] || 0)) || 1;
  data.cores.forEach((core, k) => {
    squares[k].setAttribute("fill", core[by] === null ? "#ddd" : heat(core[by] / top));
    squares[k].firstChild.textContent = "core " + core.place + ": " + shown(by, core[by]);
  });
  const left = data.left_out ? `; ${number(data.left_out)} less busy cores are not drawn` : "";
  document.getElementById("legend").textContent =
    `${data.colourings[by]}, from 0 (yellow) to ${shown(by, top)} (dark red); links in blue, `
    + `the wider the more packets${left}`;
  for (const button of document.querySelectorAll("#by button"))
    button.setAttribute("aria-pressed", String(button.textContent === by));
}

function rows(head, entries) {
  if (!entries.length) return [];
  const table = document.createElement("table");
  const top = table.insertRow();
  head.forEach(words => top.append(text("th", words)));
  for (const cells of entries) {
    const row = table.insertRow();
    cells.forEach(words => row.append(text("td", words)));
  }
  return [table];
}

function choose(k) {
  if (chosen !== null) squares[chosen].classList.remove("chosen");
  chosen = k;
  squares[k].classList.add("chosen");
  const core = data.cores[k], panel = document.getElementById("core");
  const other = ([c, n]) => [c < 0 ? "outside" : "core " + c, number(n)];
  panel.replaceChildren(
    text("h2", "Core " + core.place),
    ...rows(["neurons", "", "from", "to"], Object.entries(core.neurons)
      .map(([name, [n, a, b]]) => [name, number(n), String(a), String(b)])),
    ...rows(["holds", ""], Object.entries(core.used).map(([name, n]) => [name, number(n)])),
    ...rows(["did", ""], [...Object.entries(core.counts).map(([name, n]) => [name, number(n)]),
      ["energy", shown("energy", core.energy)]]),
    ...rows(["packets from", ""], core.from.map(other)),
    ...rows(["packets to", ""], core.to.map(other)));
}

for (const name of Object.keys(data.colourings)) {
  const button = text("button", name);
  button.addEventListener("click", () => { by = name; colour(); });
  document.getElementById("by").append(button);
}
draw();
colour();
