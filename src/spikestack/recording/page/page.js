"use strict";
// Everything below "pure" can run without a page; the rest draws it.

const GUTTER = 150, RIGHT = 16, INK = "#262626", FAINT = "#6b6b6b";
const TYPES = { u2: Uint16Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array };

// ---- pure ----

/** A typed array from its type and its little-endian bytes in base64. */
function decode(packed) {
  const text = atob(packed.b64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new TYPES[packed.type](bytes.buffer);
}

/** The first place in an ascending array whose value is not below `value`. */
function lowerBound(array, value) {
  let low = 0, high = array.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (array[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Round numbers from a to b, about `wanted` of them. */
function ticks(a, b, wanted) {
  if (!(b > a)) return [];
  const raw = (b - a) / Math.max(1, wanted), power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 5, 10].find((s) => s * power >= raw * 0.999) * power;
  const found = [];
  for (let k = Math.ceil(a / step - 1e-9); k * step <= b + 1e-9 * step; k++) found.push(k * step);
  return found;
}

/** A number with as many digits as its neighbours at distance `step` need. */
function format(value, step) {
  const digits = Math.max(0, Math.min(12, -Math.floor(Math.log10(Math.abs(step) || 1) + 1e-9)));
  return value.toFixed(digits);
}

/** The window [a, b] brought inside [low, high], no shorter than `least`. */
function clampView(a, b, low, high, least) {
  let length = Math.min(Math.max(b - a, least), high - low);
  const start = Math.min(Math.max(a + (b - a - length) / 2, low), high - length);
  return [start, start + length];
}

/** The window zoomed by `factor` about `centre`, which stays where it is. */
function zoomed(view, centre, factor) {
  return [centre - (centre - view[0]) * factor, centre + (view[1] - centre) * factor];
}

/** Bands of a raster: top and height of each population, larger ones higher, none too low. */
function bands(sizes, height, gap) {
  const room = height - gap * (sizes.length - 1), total = sizes.reduce((a, b) => a + b, 0) || 1;
  let shares = sizes.map((n) => Math.max(n / total, 0.55 / sizes.length));
  const sum = shares.reduce((a, b) => a + b, 0);
  let top = 0;
  return shares.map((share) => {
    const band = [top, (share / sum) * room];
    top += band[1] + gap;
    return band;
  });
}

/** "#rrggbb" as a pixel of ImageData. */
function pixel(color) {
  const n = parseInt(color.slice(1), 16);
  return (0xff000000 | ((n & 255) << 16) | (n & 0xff00) | (n >> 16)) >>> 0;
}

/** Put the spikes from place `first` to `last` into pixels; returns how many marks were set. */
function paint(pixels, width, height, spikes, first, last, place, mark, color) {
  const value = pixel(color);
  let drawn = 0;
  for (let i = first; i < last; i++) {
    const x = Math.round((spikes.times[i] - place.from) * place.scale + place.left - mark.w / 2);
    const y = Math.round(place.top + (spikes.rows[i] + 0.5) * place.row - mark.h / 2);
    for (let v = Math.max(y, 0); v < Math.min(y + mark.h, height); v++)
      for (let u = Math.max(x, place.left); u < Math.min(x + mark.w, place.right); u++)
        pixels[v * width + u] = value;
    drawn++;
  }
  return drawn;
}

/** How many fine bins to put into one so that about `wanted` of `width` fit into a view. */
function grouping(length, width, wanted) {
  const raw = Math.max(1, length / wanted / width), power = Math.pow(10, Math.floor(Math.log10(raw)));
  return [1, 2, 5, 10].find((s) => s * power >= raw * 0.999) * power;
}

/** Means of `group` values side by side, of those groups that reach into [first, last). */
function regrouped(values, group, first, last) {
  const from = Math.max(0, Math.floor(first / group)), found = [];
  for (let k = from; k * group < Math.min(last, values.length); k++) {
    const end = Math.min((k + 1) * group, values.length);
    let sum = 0;
    for (let i = k * group; i < end; i++) sum += values[i];
    found.push(sum / (end - k * group));
  }
  return { from, values: found };
}

/** Least and greatest finite number from place `first` to `last`. */
function extent(values, first, last) {
  let low = Infinity, high = -Infinity;
  for (let i = first; i < last; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high && values[i] < Infinity) high = values[i];
  }
  return low <= high ? [low, high] : [0, 1];
}

// ---- page ----

function start(document, window) {
  const data = JSON.parse(document.getElementById("data").textContent);
  const whole = [data.t_start, Math.max(data.t_stop, data.t_start + 1e-6)];
  const least = Math.min(10 * data.dt, whole[1] - whole[0]);
  let view = whole.slice(), hover = null, queued = false;

  const spikes = data.populations.map((p) => ({
    ...p, times: decode(p.times), rows: decode(p.rows), rate: decode(p.rate),
  }));
  const traces = data.traces.map((t) => ({
    ...t, lines: t.lines.map((l) => ({ id: l.id, times: decode(l.times), values: decode(l.values) })),
  }));
  const panels = [];
  const host = document.getElementById("panels");
  function panel(height, draw) {
    const canvas = document.createElement("canvas");
    host.appendChild(canvas);
    panels.push({ canvas, height, draw });
  }

  const x = (t, w) => GUTTER + ((t - view[0]) / (view[1] - view[0])) * (w - GUTTER - RIGHT);

  function text(ctx, words, left, top, color, align = "right", font = "12px system-ui, sans-serif") {
    ctx.fillStyle = color; ctx.textAlign = align; ctx.textBaseline = "middle"; ctx.font = font;
    ctx.fillText(words, left, top);
  }

  function fitted(ctx, words, room) {
    if (ctx.measureText(words).width <= room) return words;
    while (words.length > 1 && ctx.measureText(words + "…").width > room) words = words.slice(0, -1);
    return words + "…";
  }

  function frame(ctx, w, h, low, high, label, unit) {
    const marks = ticks(low, high, h / 28), step = marks.length > 1 ? marks[1] - marks[0] : 1;
    ctx.strokeStyle = INK; ctx.lineWidth = 1;
    ctx.beginPath(); ctx.moveTo(GUTTER - 0.5, 4); ctx.lineTo(GUTTER - 0.5, h - 4); ctx.stroke();
    for (const value of marks) {
      const y = h - 6 - ((value - low) / (high - low)) * (h - 14);
      ctx.beginPath(); ctx.moveTo(GUTTER - 4, y); ctx.lineTo(GUTTER, y); ctx.stroke();
      text(ctx, format(value, step), GUTTER - 7, y, INK, "right", "11px system-ui, sans-serif");
    }
    ctx.font = "12px system-ui, sans-serif";
    text(ctx, fitted(ctx, label, 100), 0, h / 2 - 8, INK, "left");
    text(ctx, unit, 0, h / 2 + 8, FAINT, "left", "11px system-ui, sans-serif");
  }

  function clipped(ctx, w, h, draw) {
    ctx.save(); ctx.beginPath(); ctx.rect(GUTTER, 0, w - GUTTER - RIGHT, h); ctx.clip();
    draw(); ctx.restore();
  }

  function line(ctx, w, h, times, values, low, high, color) {
    const first = Math.max(lowerBound(times, view[0]) - 1, 0);
    const last = Math.min(lowerBound(times, view[1]) + 1, times.length);
    ctx.strokeStyle = color; ctx.lineWidth = 1.2; ctx.lineJoin = "round"; ctx.beginPath();
    let pen = false;
    for (let i = first; i < last; i++) {
      if (!Number.isFinite(values[i])) { pen = false; continue; }
      const y = h - 6 - ((values[i] - low) / (high - low)) * (h - 14);
      if (pen) ctx.lineTo(x(times[i], w), y); else ctx.moveTo(x(times[i], w), y);
      pen = true;
    }
    ctx.stroke();
  }

  function drawRaster(ctx, w, h, ratio) {
    const places = bands(spikes.map((p) => p.shown), h - 10, 8);
    const W = Math.round(w * ratio), H = Math.round(h * ratio);
    const image = ctx.createImageData(W, H), pixels = new Uint32Array(image.data.buffer);
    const left = Math.round(GUTTER * ratio), right = W - Math.round(RIGHT * ratio);
    const scale = (right - left) / (view[1] - view[0]);
    let seen = 0;
    const ranges = spikes.map((p) => {
      const range = [lowerBound(p.times, (view[0] - p.origin) / p.tick),
        lowerBound(p.times, (view[1] - p.origin) / p.tick + 1e-9)];
      seen += range[1] - range[0];
      return range;
    });
    const dot = Math.max(1, Math.min(3, Math.round(0.45 * Math.sqrt(w * h / Math.max(seen, 1)))));
    spikes.forEach((p, k) => {
      const row = (places[k][1] * ratio) / Math.max(p.shown, 1), strokes = row >= 4 * ratio;
      const mark = strokes
        ? { w: Math.max(1, Math.round(1.5 * ratio)), h: Math.round(Math.min(row * 0.75, 14 * ratio)) }
        : { w: Math.round(dot * ratio), h: Math.round(dot * ratio) };
      const place = { from: (view[0] - p.origin) / p.tick, scale: scale * p.tick, left, right,
        top: places[k][0] * ratio, row };
      paint(pixels, W, H, p, ranges[k][0], ranges[k][1], place, mark, p.color);
    });
    ctx.putImageData(image, 0, 0);
    spikes.forEach((p, k) => {
      const [top, height] = places[k], middle = top + height / 2;
      ctx.fillStyle = p.color; ctx.fillRect(GUTTER - 10, top, 4, height);
      ctx.font = "bold 12px system-ui, sans-serif";
      const two = height >= 30, name = fitted(ctx, p.name, GUTTER - 20);
      text(ctx, name, GUTTER - 16, two ? middle - 8 : middle, p.color, "right", "bold 12px system-ui, sans-serif");
      const count = p.shown < p.of ? `${p.shown.toLocaleString("en")} of ${p.of.toLocaleString("en")}` : p.of.toLocaleString("en");
      if (two) text(ctx, count, GUTTER - 16, middle + 8, FAINT, "right", "11px system-ui, sans-serif");
    });
  }

  function drawRates(ctx, w, h) {
    const width = data.rate_bin, group = grouping(view[1] - view[0], width, 250);
    const first = Math.floor((view[0] - whole[0]) / width) - group;
    const last = Math.ceil((view[1] - whole[0]) / width) + group;
    const curves = spikes.map((p) => regrouped(p.rate, group, first, last));
    const high = Math.max(1e-9, ...curves.map((c) => extent(c.values, 0, c.values.length)[1])) * 1.05;
    frame(ctx, w, h, 0, high, "rate (Hz)", `bins of ${+(width * group).toPrecision(6)} ms`);
    clipped(ctx, w, h, () => spikes.forEach((p, k) => {
      const times = curves[k].values.map((_, i) => whole[0] + (curves[k].from + i + 0.5) * group * width);
      line(ctx, w, h, times, curves[k].values, 0, high, p.color);
    }));
  }

  function drawTrace(trace, k) {
    return (ctx, w, h) => {
      const one = trace.lines[k];
      const first = lowerBound(one.times, view[0]), last = lowerBound(one.times, view[1]);
      let [low, high] = extent(one.values, Math.max(first - 1, 0), Math.min(last + 1, one.values.length));
      if (high - low < 1e-12) { low -= 0.5; high += 0.5; }
      frame(ctx, w, h, low, high, `${trace.population} ${one.id}`, trace.label);
      clipped(ctx, w, h, () => line(ctx, w, h, one.times, one.values, low, high, trace.color));
    };
  }

  function drawAxis(ctx, w, h) {
    const seconds = view[1] - view[0] >= 10000, unit = seconds ? 1000 : 1;
    const marks = ticks(view[0] / unit, view[1] / unit, (w - GUTTER) / 90);
    const step = marks.length > 1 ? marks[1] - marks[0] : 1;
    ctx.strokeStyle = INK; ctx.lineWidth = 1;
    ctx.beginPath(); ctx.moveTo(GUTTER, 0.5); ctx.lineTo(w - RIGHT, 0.5); ctx.stroke();
    for (const value of marks) {
      const at = x(value * unit, w);
      ctx.beginPath(); ctx.moveTo(at, 0); ctx.lineTo(at, 5); ctx.stroke();
      text(ctx, format(value, step), at, 14, INK, "center", "11px system-ui, sans-serif");
    }
    text(ctx, seconds ? "time (s)" : "time (ms)", (GUTTER + w - RIGHT) / 2, 32, INK, "center");
  }

  function draw() {
    queued = false;
    const ratio = window.devicePixelRatio || 1, w = host.clientWidth;
    for (const p of panels) {
      const W = Math.round(w * ratio), H = Math.round(p.height * ratio);
      if (p.canvas.width !== W || p.canvas.height !== H) {
        p.canvas.width = W; p.canvas.height = H; p.canvas.style.height = `${p.height}px`;
      }
      const ctx = p.canvas.getContext("2d");
      ctx.setTransform(1, 0, 0, 1, 0, 0); ctx.clearRect(0, 0, W, H); ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      p.draw(ctx, w, p.height, ratio);
      if (hover !== null && hover > GUTTER && hover < w - RIGHT) {
        ctx.strokeStyle = "rgba(0,0,0,0.25)"; ctx.lineWidth = 1;
        ctx.beginPath(); ctx.moveTo(hover, 0); ctx.lineTo(hover, p.height); ctx.stroke();
      }
    }
    const step = (view[1] - view[0]) / 100;
    const at = hover === null ? "" : `, at ${format(time(hover), step)} ms`;
    document.getElementById("span").textContent =
      `${format(view[0], step)} to ${format(view[1], step)} ms${at}`;
  }

  function time(left) {
    return view[0] + ((left - GUTTER) / (host.clientWidth - GUTTER - RIGHT)) * (view[1] - view[0]);
  }

  function show(next) {
    view = clampView(next[0], next[1], whole[0], whole[1], least);
    redraw();
  }

  function redraw() {
    if (!queued) { queued = true; window.requestAnimationFrame(draw); }
  }

  if (spikes.length) {
    panel(Math.min(160 + 36 * spikes.length, 560), drawRaster);
    panel(120, drawRates);
  }
  traces.forEach((t) => t.lines.forEach((_, k) => panel(t.lines.length > 3 ? 70 : 100, drawTrace(t, k))));
  panel(42, drawAxis);

  let held = null;
  const left = (event) => event.clientX - host.getBoundingClientRect().left;
  host.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = (event.deltaX / (host.clientWidth - GUTTER)) * (view[1] - view[0]);
      show([view[0] + by, view[1] + by]);
    } else {
      const lines = event.deltaMode === 1 ? 30 : 1;
      show(zoomed(view, time(left(event)), Math.exp(Math.max(-300, Math.min(300, event.deltaY * lines)) * 0.002)));
    }
  }, { passive: false });
  host.addEventListener("pointerdown", (event) => {
    held = { left: left(event), view: view.slice() };
    host.setPointerCapture(event.pointerId); host.classList.add("held");
  });
  host.addEventListener("pointermove", (event) => {
    hover = left(event);
    if (held) {
      const by = ((held.left - hover) / (host.clientWidth - GUTTER - RIGHT)) * (held.view[1] - held.view[0]);
      show([held.view[0] + by, held.view[1] + by]);
    } else redraw();
  });
  for (const name of ["pointerup", "pointercancel"])
    host.addEventListener(name, () => { held = null; host.classList.remove("held"); });
  host.addEventListener("pointerleave", () => { hover = null; redraw(); });
  host.addEventListener("dblclick", () => show(whole));
  const middle = () => (view[0] + view[1]) / 2;
  const keys = {
    "+": () => show(zoomed(view, middle(), 0.5)), "=": () => show(zoomed(view, middle(), 0.5)),
    "-": () => show(zoomed(view, middle(), 2)), "0": () => show(whole),
    ArrowLeft: () => show(view.map((t) => t - 0.2 * (view[1] - view[0]))),
    ArrowRight: () => show(view.map((t) => t + 0.2 * (view[1] - view[0]))),
  };
  document.addEventListener("keydown", (event) => {
    if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) keys[event.key]();
  });
  document.getElementById("in").addEventListener("click", keys["+"]);
  document.getElementById("out").addEventListener("click", keys["-"]);
  document.getElementById("all").addEventListener("click", keys["0"]);
  window.addEventListener("resize", redraw);
  draw();
}

if (typeof module !== "undefined")
  module.exports = { decode, lowerBound, ticks, format, clampView, zoomed, bands, pixel, paint, extent,
    grouping, regrouped, start };
if (typeof document !== "undefined") start(document, window);
