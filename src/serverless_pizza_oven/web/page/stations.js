// The queues around the oven, and the pizzas on their way between them.

import { fitted } from "./chamber.js";
import { BURNED, KINDS, drawPizza } from "./pizza.js";

const PITCH = 26;
const SIZE = 22;
export const FLIGHT_MS = 650;

// A queue: so many pizzas as there is room for, the head of the line first.
export class Station {
  constructor(element, look) {
    this.canvas = element.querySelector("canvas");
    this.look = look; // (number) => [kind, doneness]
    this.count = 0;
    this.passed = 0; // how many have left, so that the others keep their looks as they move up
  }

  update(count) {
    if (count === this.count) return;
    if (count < this.count) this.passed += this.count - count;
    this.count = count;
    this.draw();
  }

  draw() {
    const context = fitted(this.canvas);
    const columns = this.#columns();
    const rows = Math.floor(this.canvas.clientHeight / PITCH);
    for (let n = 0; n < Math.min(this.count, columns * rows); n++) {
      const { x, y } = this.#spot(n, columns);
      drawPizza(context, round(x, y, SIZE), SIZE / 2, ...this.look(n + this.passed));
    }
  }

  // Where the first one is, on the screen.
  head() {
    const box = this.canvas.getBoundingClientRect();
    return { x: box.left, y: box.top, size: SIZE };
  }

  #columns() {
    return Math.max(1, Math.floor((this.canvas.clientWidth + PITCH - SIZE) / PITCH));
  }

  // A snake, so that who moves up never jumps.
  #spot(n, columns) {
    const row = Math.floor(n / columns);
    const column = row % 2 ? columns - 1 - (n % columns) : n % columns;
    return { x: column * PITCH, y: row * PITCH };
  }
}

// The path of a pizza of one slot in a square.
function round(x, y, size) {
  return [{ x: x + size / 2, y: y + size / 2 }];
}

export const LOOKS = {
  raw: (number) => [number % KINDS, 0],
  golden: (number) => [number % KINDS, 0.99],
  burned: () => [BURNED, 0],
};

// Pizzas in the air. There are never more than some: in a rush, nobody could follow them all.
export class Flights {
  constructor(element) {
    this.element = element;
    this.idle = [];
    this.inFlight = 0;
  }

  // Fly from one square of the screen to another, `delay` ms from now, unless `most` are in the air.
  // Returns whether it does.
  fly(from, to, kind, doneness, { delay, most, easing }) {
    if (this.inFlight >= most) return false;
    this.inFlight++;
    const plane = this.idle.pop() ?? this.#newPlane();
    const box = this.element.getBoundingClientRect();
    const largest = Math.max(from.size, to.size);
    plane.style.width = plane.style.height = `${largest}px`;
    drawPizza(fitted(plane), round(0, 0, largest), largest / 2, kind, doneness);
    const at = ({ x, y, size }) => `translate(${x - box.left}px, ${y - box.top}px) scale(${size / largest})`;
    const flight = plane.animate(
      [
        { transform: at(from), opacity: 1 },
        { transform: at(to), opacity: 1 },
      ],
      { duration: FLIGHT_MS, delay, easing },
    );
    flight.finished.finally(() => {
      this.inFlight--;
      this.idle.push(plane);
    });
    return true;
  }

  #newPlane() {
    const plane = document.createElement("canvas");
    this.element.append(plane);
    return plane;
  }
}
