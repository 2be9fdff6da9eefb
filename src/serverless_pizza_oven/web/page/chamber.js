// The inside of the oven: which item lies in which slots, and how that is drawn.

import { drawPizza, kindOf } from "./pizza.js";

const LARGEST_CELL = 240;
const GAP = 0.1; // of a cell, around a pizza
const OVERDUE = "#ff5b4d";
const RING = "#ffe9c7";
const TRACK = "#0007";
const STONE = "#ffffff12";
const STONE_EDGE = "#ffffff2e";

export class Chamber {
  constructor(canvas) {
    this.canvas = canvas;
    this.capacity = 0;
    this.slots = []; // the id in each slot, or undefined
    this.items = new Map(); // by id: { id, size, until, since, overdue, slots, shownAt }
    this.fit();
  }

  // Takes in what the oven holds now. Returns the items that came, and those that left, with their slots.
  update(capacity, items) {
    const present = new Set(items.map(([id]) => id));
    const left = [...this.items.values()].filter((item) => !present.has(item.id));
    for (const item of left) this.#free(item);
    this.capacity = capacity;
    const came = [];
    for (const [id, size, until, since, overdue] of items) {
      const known = this.items.get(id);
      if (known) Object.assign(known, { until, since, overdue });
      else came.push({ id, size, until, since, overdue, slots: [], shownAt: 0 });
    }
    this.#layOut();
    // The large ones first, while there is room for them in one piece.
    for (const item of came.toSorted((one, other) => other.size - one.size)) this.#place(item);
    this.#layOut();
    return { came, left };
  }

  // Where a slot is, in pixels of the canvas.
  place(slot) {
    const row = Math.floor(slot / this.columns);
    return { x: this.left + (slot % this.columns) * this.cell, y: this.top + row * this.cell };
  }

  // The item at a point of the canvas.
  itemAt(x, y) {
    const column = Math.floor((x - this.left) / this.cell);
    const row = Math.floor((y - this.top) / this.cell);
    if (column < 0 || column >= this.columns || row < 0) return undefined;
    return this.items.get(this.slots[row * this.columns + column]);
  }

  draw(now) {
    const context = fitted(this.canvas);
    for (let slot = 0; slot < this.slots.length; slot++) {
      if (this.slots[slot] === undefined) this.#drawStone(context, slot);
    }
    for (const item of this.items.values()) {
      if (now >= item.shownAt) this.#drawItem(context, item, now);
      else for (const slot of item.slots) this.#drawStone(context, slot);
    }
  }

  #place(item) {
    item.slots = this.#run(item.size) ?? this.#anyFree(item.size);
    for (const slot of item.slots) this.slots[slot] = item.id;
    this.items.set(item.id, item);
  }

  // Slots side by side, so that a pizza lies in one piece; in one row, if it can be.
  #run(size) {
    let fallback;
    for (let start = 0; start + size <= this.capacity; start++) {
      let length = 0;
      while (length < size && this.slots[start + length] === undefined) length++;
      if (length < size) {
        start += length;
        continue;
      }
      const run = Array.from({ length: size }, (_, n) => start + n);
      if ((start % this.columns) + size <= this.columns) return run;
      fallback ??= run;
    }
    return fallback;
  }

  // A lowered capacity drains: what is more than it still has a place.
  #anyFree(size) {
    const found = [];
    for (let slot = 0; found.length < size; slot++) if (this.slots[slot] === undefined) found.push(slot);
    return found;
  }

  #free(item) {
    for (const slot of item.slots) delete this.slots[slot];
    this.items.delete(item.id);
  }

  #layOut() {
    let last = this.slots.length;
    while (last > this.capacity && this.slots[last - 1] === undefined) last--;
    this.slots.length = Math.max(this.capacity, last);
    this.fit();
  }

  // The largest square cells with which all slots fit into the canvas.
  fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const margin = Math.min(24, width * 0.04);
    const [inner, tall] = [width - 2 * margin, height - 2 * margin];
    const count = Math.max(this.slots.length, 1);
    let best = 0;
    for (let columns = 1; columns <= count; columns++) {
      const cell = Math.min(inner / columns, tall / Math.ceil(count / columns), LARGEST_CELL);
      if (cell < best) continue;
      best = cell;
      this.columns = columns;
    }
    this.cell = best;
    this.left = (width - this.columns * best) / 2;
    this.top = (height - Math.ceil(count / this.columns) * best) / 2;
  }

  #drawStone(context, slot) {
    const { x, y } = this.place(slot);
    const radius = this.cell * (0.5 - GAP);
    context.fillStyle = STONE;
    context.strokeStyle = STONE_EDGE;
    context.lineWidth = 1;
    context.beginPath();
    context.arc(x + this.cell / 2, y + this.cell / 2, radius, 0, 7);
    context.fill();
    if (this.cell > 14) context.stroke();
  }

  #drawItem(context, item, now) {
    const whole = Math.max(item.until - item.since, 0.001);
    const rest = Math.min(Math.max((item.until - now) / whole, 0), 1);
    for (const [slot, length] of this.#pieces(item.slots)) {
      const { x, y } = this.place(slot);
      const inset = this.cell * GAP;
      const [width, height] = [length * this.cell - 2 * inset, this.cell - 2 * inset];
      drawPizza(context, x + inset, y + inset, width, height, kindOf(item.id), 1 - rest);
      this.#drawRing(context, x + inset, y + inset, width, height, rest, item.overdue);
      if (this.cell >= 44) this.#drawTime(context, x + (length * this.cell) / 2, y, item, now);
    }
  }

  // The item's slots as runs within a row: [first slot, length].
  #pieces(slots) {
    const pieces = [];
    for (const slot of slots) {
      const last = pieces.at(-1);
      if (last && slot === last[0] + last[1] && slot % this.columns) last[1]++;
      else pieces.push([slot, 1]);
    }
    return pieces;
  }

  #drawRing(context, x, y, width, height, rest, overdue) {
    const line = Math.max(1.5, this.cell * 0.06);
    const radius = height / 2;
    const [cx, cy] = [x + radius, y + radius];
    context.lineWidth = line;
    context.strokeStyle = overdue ? OVERDUE : TRACK;
    const round = width - height < 1;
    outline(context, round, x, y, width, height);
    context.stroke();
    if (overdue || rest <= 0) return;
    context.strokeStyle = RING;
    if (round) {
      context.beginPath();
      context.arc(cx, cy, radius, -Math.PI / 2, -Math.PI / 2 + rest * 2 * Math.PI);
      context.stroke();
      return;
    }
    const around = 2 * (width - height) + Math.PI * height;
    context.setLineDash([rest * around, around]);
    outline(context, round, x, y, width, height);
    context.stroke();
    context.setLineDash([]);
  }

  #drawTime(context, x, y, item, now) {
    const text = item.overdue ? "!" : shortTime(item.until - now);
    const size = Math.min(Math.max(this.cell * 0.2, 13), 22);
    context.font = `650 ${size}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const width = Math.max(context.measureText(text).width + size * 0.7, size * 1.4);
    const middle = y + this.cell / 2;
    context.fillStyle = item.overdue ? "#a61b1b" : "#1d0f09d9";
    context.beginPath();
    context.roundRect(x - width / 2, middle - size * 0.7, width, size * 1.4, size * 0.7);
    context.fill();
    context.fillStyle = "#fff";
    context.fillText(text, x, middle + size * 0.06);
  }
}

function outline(context, round, x, y, width, height) {
  context.beginPath();
  if (round) context.arc(x + width / 2, y + height / 2, height / 2, 0, 7);
  else context.roundRect(x, y, width, height, height / 2);
}

// The canvas emptied, its pixels those of the screen, its unit the pixel of the page.
export function fitted(canvas) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

// Seconds in two or three characters.
function shortTime(secs) {
  const rest = Math.max(Math.ceil(secs), 0);
  if (rest < 100) return `${rest}`;
  if (rest < 6000) return `${Math.ceil(rest / 60)}m`;
  if (rest < 360000) return `${Math.ceil(rest / 3600)}h`;
  return `${Math.ceil(rest / 86400)}d`;
}
