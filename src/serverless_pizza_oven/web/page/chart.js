// The last minutes, as three small charts over one axis of time.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const TOP = 24;
const HEIGHT = 48;
const SPANS = [
  [60, "The last minute"],
  [120, "The last two minutes"],
  [300, "The last five minutes"],
];
const LONGEST_SECS = SPANS.at(-1)[0];
const MOST_POINTS = 400;
const OUT_STEP_SECS = 10;
const LONGEST_GAP_SECS = 15;

const number = new Intl.NumberFormat("en");

export class Chart {
  constructor(element, title) {
    this.element = element;
    this.title = title;
    this.points = []; // { at, occupied, capacity, waiting, out }, the oldest first
    this.rows = {
      occupied: new Row(element, "occupied", "Slots taken"),
      waiting: new Row(element, "waiting", "Pizzas in line"),
      out: new Row(element, "out", `Baked in ${OUT_STEP_SECS} s`),
    };
    this.describedAt = 0;
  }

  begin(points) {
    this.points = points.slice(-MOST_POINTS);
  }

  add(point) {
    if (point.at <= this.points.at(-1)?.at) return; // the last look comes again to who connects anew
    this.points.push(point);
    const oldest = point.at - LONGEST_SECS;
    while (this.points.length > MOST_POINTS || this.points[0].at < oldest) this.points.shift();
  }

  draw() {
    const now = this.points.at(-1)?.at;
    if (now === undefined) return;
    const [span, title] = SPANS.find(([secs]) => secs >= now - this.points[0].at) ?? SPANS.at(-1);
    if (this.title.textContent !== title) this.title.textContent = title;
    const of = (value) => this.points.map((point) => [point.at - now, point[value]]);
    this.rows.occupied.draw(span, of("occupied"), this.points.at(-1).capacity);
    this.rows.waiting.draw(span, of("waiting"));
    this.rows.out.draw(span, this.#outs(now, span));
    // Not each second: who listens to it wants to come to its end.
    if (now - this.describedAt < 10) return;
    this.describedAt = now;
    this.element.setAttribute("aria-label", this.#words(title));
  }

  // How many came out in each step, as a line of stairs.
  #outs(now, span) {
    const steps = new Map();
    for (const { at, out } of this.points) {
      const step = Math.floor(at / OUT_STEP_SECS);
      steps.set(step, (steps.get(step) ?? 0) + out);
    }
    return [...steps].flatMap(([step, out]) => [
      [Math.max(step * OUT_STEP_SECS - now, -span), out],
      [Math.min((step + 1) * OUT_STEP_SECS - now, 0), out],
    ]);
  }

  #words(title) {
    const last = this.points.at(-1);
    const most = (value) => Math.max(...this.points.map((point) => point[value]));
    const out = this.points.reduce((sum, point) => sum + point.out, 0);
    return (
      `${title}: ${last.occupied} of ${last.capacity} slots taken now, at most ${most("occupied")}; ` +
      `${last.waiting} in line now, at most ${most("waiting")}; ${out} seen to come out.`
    );
  }
}

class Row {
  constructor(element, kind, name) {
    const svg = element.appendChild(make("svg", { class: kind, "aria-hidden": "true" }));
    svg.append(
      make("text", { class: "name", x: 0, y: 14 }, name),
      (this.top = make("text", { x: "100%", y: 14, "text-anchor": "end" })),
    );
    const inner = svg.appendChild(
      make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", y: TOP, height: HEIGHT }),
    );
    this.area = inner.appendChild(make("path", { class: "area" }));
    this.line = inner.appendChild(make("path", { class: "line" }));
    this.ceiling = inner.appendChild(make("path", { class: "ceiling" }));
    inner.append(make("path", { class: "floor", d: `M0 ${HEIGHT - 1}H${WIDTH}` }));
  }

  // Points are [seconds from now, value]. A `ceiling` is drawn, and is the top if nothing is above it.
  draw(span, points, ceiling = 0) {
    const most = Math.max(...points.map(([, value]) => value));
    const top = Math.max(1, ceiling, most);
    const x = (secs) => (((secs + span) / span) * WIDTH).toFixed(1);
    const y = (value) => (HEIGHT - 1 - (value / top) * (HEIGHT - 3)).toFixed(1);
    let [line, area] = ["", ""];
    for (const run of runs(points)) {
      const along = run.map(([secs, value]) => `${x(secs)} ${y(value)}`).join("L");
      line += `M${along}`;
      area += `M${x(run[0][0])} ${HEIGHT}L${along}L${x(run.at(-1)[0])} ${HEIGHT}Z`;
    }
    this.line.setAttribute("d", line);
    this.area.setAttribute("d", area);
    this.ceiling.setAttribute("d", ceiling ? `M0 ${y(ceiling)}H${WIDTH}` : "");
    this.top.textContent = ceiling ? `of ${number.format(ceiling)}` : `at most ${number.format(most)}`;
  }
}

// Where nobody looked, there is a gap.
function runs(points) {
  const found = [];
  for (const point of points) {
    const run = found.at(-1);
    if (run && point[0] - run.at(-1)[0] <= LONGEST_GAP_SECS) run.push(point);
    else found.push([point]);
  }
  return found;
}

function make(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  return element;
}
