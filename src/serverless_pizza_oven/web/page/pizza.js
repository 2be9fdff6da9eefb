// What a pizza looks like: drawn once for each kind, shape and doneness, then copied.

import { outline } from "./shape.js";

const DOUGH = ["#f2dfb6", "#e8c684", "#d9a353", "#c4873a"];
const RIM = ["#e3cb99", "#cfa25a", "#b57b32", "#935b22"];
const CHEESE = ["#fff0c4", "#fbdb87", "#f5c653", "#eeb23c"];
const SAUCE = "#c8442b";
const BURNT = { dough: "#4a3a30", rim: "#2e231c", cheese: "#5b4536", sauce: "#3b2219" };

// Each topping: where (distance from the middle and angle, in radii and turns), and how it is drawn.
const SIX = [[0.5, 0.02], [0.52, 0.19], [0.48, 0.36], [0.54, 0.53], [0.47, 0.69], [0.52, 0.86], [0.08, 0.4]];
const TOPPINGS = [
  { at: SIX.slice(0, 6), draw: basil, colour: "#3f7d3a" },
  { at: SIX, draw: disc(0.17), colour: "#b2321f" },
  { at: SIX, draw: mushroom, colour: "#b89b7a" },
  { at: SIX, draw: ring, colour: "#33283a" },
  { at: SIX, draw: strip, colour: "#5f9a3d" },
  { at: [[0.42, 0.1], [0.45, 0.44], [0.43, 0.77]], draw: disc(0.25), colour: "#fdf6e6" },
];
export const KINDS = TOPPINGS.length;
export const BURNED = -1;

const MOST_SPRITES = 400;
const sprites = new Map();

// The same id is always the same kind of pizza.
export function kindOf(id) {
  let hash = 7;
  for (const letter of id) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return hash % KINDS;
}

// Draws a pizza. It lies on the squares whose middles are the points of `path`. `doneness` is from 0 to 1.
export function drawPizza(context, path, radius, kind, doneness) {
  const left = Math.min(...path.map(({ x }) => x)) - radius;
  const top = Math.min(...path.map(({ y }) => y)) - radius;
  const own = path.map(({ x, y }) => ({ x: x - left, y: y - top }));
  const drawn = sprite(own, radius, kind, Math.min(3, Math.floor(doneness * 4)), context.getTransform().a);
  context.drawImage(drawn.canvas, left, top, drawn.width, drawn.height);
}

function sprite(path, radius, kind, stage, scale) {
  const points = path.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const key = `${kind} ${points} ${radius.toFixed(1)} ${stage} ${scale}`;
  let drawn = sprites.get(key);
  if (!drawn) {
    // Sizes change with the window and the oven: what is not used any more goes.
    if (sprites.size >= MOST_SPRITES) sprites.clear();
    drawn = bake(path, radius, kind, stage, scale);
    sprites.set(key, drawn);
  }
  return drawn;
}

function bake(path, radius, kind, stage, scale) {
  const width = Math.max(...path.map(({ x }) => x)) + radius;
  const height = Math.max(...path.map(({ y }) => y)) + radius;
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  const burned = kind === BURNED;
  const layer = (inset, colour) => {
    context.fillStyle = colour;
    context.fill(outline(path, radius - inset));
  };
  layer(0, burned ? BURNT.rim : RIM[stage]);
  layer(radius * 0.06, burned ? BURNT.dough : DOUGH[stage]);
  layer(radius * 0.2, burned ? BURNT.sauce : SAUCE);
  layer(radius * 0.26, burned ? BURNT.cheese : CHEESE[stage]);
  if (radius >= 5) for (const { x, y } of path) garnish(context, x, y, radius, kind, stage);
  return { canvas, width: canvas.width / scale, height: canvas.height / scale };
}

function garnish(context, x, y, radius, kind, stage) {
  const topping = kind === BURNED ? TOPPINGS[1] : TOPPINGS[kind];
  for (const [distance, turn] of topping.at) {
    const angle = turn * 2 * Math.PI;
    context.save();
    context.translate(x + Math.cos(angle) * distance * radius, y + Math.sin(angle) * distance * radius);
    context.rotate(angle * 1.7);
    context.fillStyle = context.strokeStyle = kind === BURNED ? "#2b1d16" : topping.colour;
    topping.draw(context, radius);
    context.restore();
  }
  if (kind !== BURNED && stage === 3) blister(context, x, y, radius);
}

function blister(context, x, y, radius) {
  context.fillStyle = "#5a341688";
  for (const turn of [0.08, 0.3, 0.47, 0.72, 0.9]) {
    const angle = turn * 2 * Math.PI;
    context.beginPath();
    context.arc(x + Math.cos(angle) * radius * 0.88, y + Math.sin(angle) * radius * 0.88, radius * 0.05, 0, 7);
    context.fill();
  }
}

function disc(size) {
  return (context, radius) => {
    context.beginPath();
    context.arc(0, 0, radius * size, 0, 7);
    context.fill();
  };
}

function basil(context, radius) {
  context.beginPath();
  context.ellipse(0, 0, radius * 0.2, radius * 0.1, 0, 0, 7);
  context.fill();
}

function mushroom(context, radius) {
  context.beginPath();
  context.arc(0, 0, radius * 0.16, Math.PI, 0);
  context.fill();
  context.fillRect(-radius * 0.05, 0, radius * 0.1, radius * 0.14);
}

function ring(context, radius) {
  context.lineWidth = radius * 0.07;
  context.beginPath();
  context.arc(0, 0, radius * 0.1, 0, 7);
  context.stroke();
}

function strip(context, radius) {
  context.fillRect(-radius * 0.2, -radius * 0.05, radius * 0.4, radius * 0.1);
}
