// The inside of the oven: which item lies in which slots, and how that is drawn.

import { drawPizza, kindOf } from "./pizza.js";
import { edgeLength, middle, outline } from "./shape.js";

const LARGEST_CELL = 240;
const GAP = 0.1; // of a cell, around a pizza
const HELD_DONENESS = 0.3; // a held pizza does not bake
const LOCKED_CELL = 16; // the smallest cell with a lock
const OVERDUE = "#ff5b4d";
const RING = "#ffe9c7";
const HELD_RING = "#9fd0ff";
const TRACK = "#0007";
const STONE = "#ffffff12";
const STONE_EDGE = "#ffffff2e";

export class Chamber {
  constructor(canvas) {
    this.canvas = canvas;
    this.capacity = 0;
    this.slots = []; // the id in each slot, or undefined
    this.items = new Map(); // by id: { id, size, until, since, overdue, extensions, holder, slots, shownAt }
    this.fit();
  }

  // Takes in what the oven holds now. Returns the items that came, and those that left, with their slots.
  update(capacity, items) {
    const present = new Set(items.map(([id]) => id));
    const left = [...this.items.values()].filter((item) => !present.has(item.id));
    for (const item of left) this.#free(item);
    this.capacity = capacity;
    const came = [];
    // Only a held item has extensions, and a holder if that is known.
    for (const [id, size, until, since, overdue, extensions, holder] of items) {
      const known = this.items.get(id);
      if (known) Object.assign(known, { until, since, overdue, extensions, holder });
      else came.push({ id, size, until, since, overdue, extensions, holder, slots: [], shownAt: 0 });
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
    const column = this.#snake(row, slot % this.columns);
    return { x: this.left + column * this.cell, y: this.top + row * this.cell };
  }

  // The item at a point of the canvas.
  itemAt(x, y) {
    const column = Math.floor((x - this.left) / this.cell);
    const row = Math.floor((y - this.top) / this.cell);
    if (column < 0 || column >= this.columns || row < 0) return undefined;
    return this.items.get(this.slots[row * this.columns + this.#snake(row, column)]);
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

  // Every other row goes from right to left, so that each slot is beside the next.
  #snake(row, column) {
    return row % 2 ? this.columns - 1 - column : column;
  }

  #place(item) {
    const run = this.#run(item.size);
    this.items.set(item.id, item);
    if (run) this.#lay(item, run);
    else this.#closeGaps();
  }

  #lay(item, slots) {
    item.slots = slots;
    for (const slot of slots) this.slots[slot] = item.id;
  }

  // Moves the pizzas together, so that each lies in one piece. A lowered capacity drains: what is more than it
  // still has a place, at the end.
  #closeGaps() {
    const first = (item) => item.slots[0] ?? Infinity;
    this.slots = [];
    let next = 0;
    for (const item of [...this.items.values()].toSorted((one, other) => first(one) - first(other))) {
      this.#lay(item, sequence(next, item.size));
      next += item.size;
    }
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
      const run = sequence(start, size);
      if ((start % this.columns) + size <= this.columns) return run;
      fallback ??= run;
    }
    return fallback;
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
    const path = item.slots.map((slot) => this.#middle(slot));
    const radius = this.cell * (0.5 - GAP);
    const held = item.extensions !== undefined;
    drawPizza(context, path, radius, kindOf(item.id), held ? HELD_DONENESS : 1 - rest);
    this.#drawRing(context, path, radius, rest, item.overdue, held ? HELD_RING : RING);
    if (held && this.cell >= LOCKED_CELL) this.#drawLock(context, path[0], radius);
    if (this.cell >= 44) this.#drawTime(context, middle(path), item, now);
  }

  #middle(slot) {
    const { x, y } = this.place(slot);
    return { x: x + this.cell / 2, y: y + this.cell / 2 };
  }

  #drawRing(context, path, radius, rest, overdue, colour) {
    const edge = outline(path, radius);
    context.lineWidth = Math.max(1.5, this.cell * 0.06);
    context.strokeStyle = overdue ? OVERDUE : TRACK;
    context.stroke(edge);
    if (overdue || rest <= 0) return;
    const around = edgeLength(path, radius);
    context.strokeStyle = colour;
    context.setLineDash([rest * around, around]);
    context.stroke(edge);
    context.setLineDash([]);
  }

  // A padlock at the upper right of the first slot.
  #drawLock(context, { x, y }, radius) {
    const [left, top, size] = [x + radius * 0.6, y - radius * 0.6, radius * 0.3];
    context.fillStyle = "#10243a";
    context.beginPath();
    context.arc(left, top, size * 1.15, 0, 7);
    context.fill();
    context.fillStyle = context.strokeStyle = HELD_RING;
    context.fillRect(left - size * 0.55, top - size * 0.15, size * 1.1, size * 0.8);
    context.lineWidth = size * 0.22;
    context.beginPath();
    context.arc(left, top - size * 0.15, size * 0.36, Math.PI, 0);
    context.stroke();
  }

  #drawTime(context, { x, y }, item, now) {
    const text = item.overdue ? "!" : shortTime(item.until - now);
    const size = Math.min(Math.max(this.cell * 0.2, 13), 22);
    context.font = `650 ${size}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const width = Math.max(context.measureText(text).width + size * 0.7, size * 1.4);
    context.fillStyle = item.overdue ? "#a61b1b" : "#1d0f09d9";
    context.beginPath();
    context.roundRect(x - width / 2, y - size * 0.7, width, size * 1.4, size * 0.7);
    context.fill();
    context.fillStyle = "#fff";
    context.fillText(text, x, y + size * 0.06);
  }
}

function sequence(first, length) {
  return Array.from({ length }, (_, n) => first + n);
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
