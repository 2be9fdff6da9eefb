// Listens to the looks that the server takes, and shows them.

import { Chamber } from "./chamber.js";
import { Chart } from "./chart.js";
import { kindOf } from "./pizza.js";
import { FLIGHT_MS, Flights, LOOKS, Station } from "./stations.js";

const STALE_MS = 5000; // looks come each second
const UNSEEN_MS = 60_000; // a page that nobody sees for so long asks for nothing
const REOPEN_MS = 3000;
const MOST_ROWS = 100;

// How pizzas fly: how many at once, within what time they start, and how smoothly. The more slots, the less one
// sees of a single pizza, and each frame that moves costs as much as all of them.
const CROWD = 200; // slots
const ROOMY = { most: 24, spreadMs: 700, easing: "cubic-bezier(.4, 0, .3, 1)" };
const CROWDED = { most: 4, spreadMs: 0, easing: "steps(8)" };

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const still = matchMedia("(prefers-reduced-motion: reduce)");

const chamber = new Chamber($("oven"));
const chart = new Chart($("chart"), $("chart-title"));
const flights = new Flights($("flights"));
const stations = {
  new: new Station($("new-station"), LOOKS.raw),
  line: new Station($("line-station"), LOOKS.raw),
  baked: new Station($("baked-station"), LOOKS.golden),
  dead: new Station($("dead-station"), LOOKS.burned),
};

let source; // the stream of looks
let last; // the last look
let lag = 0; // what to add to this machine's clock, in ms, to have the server's
let lettersSeen = "[]";
let reopenTimer;
let sending = false;
let staleTimer;
let unseenTimer;
let redrawTimer;

const now = () => (performance.timeOrigin + performance.now() + lag) / 1000;

// What the server tells

function listen() {
  clearTimeout(reopenTimer);
  source?.close();
  source = new EventSource("looks");
  source.addEventListener("hello", (event) => greet(JSON.parse(event.data)));
  source.addEventListener("look", (event) => show(JSON.parse(event.data)));
  source.addEventListener("trouble", (event) => lose(JSON.parse(event.data).said));
  source.addEventListener("error", () => lose("The oven command that serves this page ended or cannot be reached."));
}

function greet(told) {
  document.title = `${told.stack}: pizza oven`;
  $("which").textContent = `${told.stack} ${told.where}`;
  $("cost").textContent = told.cost;
  $("send").hidden = !told.sends;
  if (!told.sends) $("sent").textContent = told.whyNot;
  chart.begin(told.history);
}

function show(look) {
  lag = look.at * 1000 - (performance.timeOrigin + performance.now());
  setState(look.paused ? "paused" : "live", look.paused ? "Paused" : "Live");
  tell(noteOn(look));
  clearTimeout(staleTimer);
  staleTimer = setTimeout(() => lose("The oven has not answered for some seconds."), STALE_MS);

  showNumbers(look);
  const before = last;
  last = look;
  const { came, left } = chamber.update(look.capacity, look.items);
  if (before && !still.matches && !document.hidden) move(came, left, before, look);
  stations.new.update(look.new);
  stations.line.update(look.waiting);
  stations.baked.update(look.baked);
  stations.dead.update(look.dead);
  showLetters(look);
  chart.add(look);
  chart.draw();
  showItems();
  redraw();
}

function lose(said) {
  clearTimeout(staleTimer);
  // A browser gives up on a stream that was refused.
  if (source.readyState === EventSource.CLOSED) reopenTimer = setTimeout(listen, REOPEN_MS);
  setState("gone", "No contact");
  const asOf = last ? `This page shows the oven as of ${new Date(last.at * 1000).toLocaleTimeString()}. ` : "";
  tell(asOf + said, "alarm");
  clearTimeout(redrawTimer);
}

function tell(said, tone = "") {
  const element = $("note");
  element.hidden = !said;
  element.className = `note ${tone}`;
  if (element.textContent !== said) element.textContent = said;
}

function noteOn(look) {
  return [admissionInWords(look), ...look.throttled.map((said) => `${said}.`)].filter(Boolean).join(" ");
}

function admissionInWords({ paused, occupied, capacity }) {
  if (paused) return "Paused: no item is admitted. Items in the oven bake on and come out. Items that fail keep their slots until the oven is resumed.";
  if (occupied <= capacity) return "";
  return "The capacity was lowered. Items in the oven bake on. No item is admitted until enough slots are free.";
}

function headInWords({ tooFewSlots }) {
  return tooFewSlots ? `${tooFewSlots} free, the first in line needs more` : "";
}

function setState(state, text) {
  const element = $("state");
  document.body.classList.toggle("is-stale", state === "gone");
  element.dataset.state = state;
  // It is read aloud when it changes, so it changes only then.
  if (element.textContent !== text) element.textContent = text;
}

// Numbers and words

function showNumbers(look) {
  $("occupied").textContent = number.format(look.occupied);
  $("capacity").textContent = number.format(look.capacity);
  $("fullness").style.transform = `scaleX(${Math.min(look.occupied / look.capacity, 1)})`;
  $("waiting").textContent = number.format(look.waiting);
  $("slots").textContent = look.capacity === 1 ? "slot" : "slots";
  $("waiting-unit").textContent = look.waiting === 1 ? "pizza" : "pizzas";
  $("head").textContent = headInWords(look);
  $("rate").textContent = look.bakedAMinute === null ? "–" : number.format(Math.round(look.bakedAMinute));
  $("wait").textContent = look.waitSecs === null ? "–" : longTime(look.waitSecs);
  $("new").textContent = number.format(look.new);
  $("in-line").textContent = number.format(look.waiting);
  $("baked").textContent = number.format(look.baked);
  $("dead").textContent = number.format(look.dead);
  $("dead").classList.toggle("some", look.dead > 0);
  $("oven").setAttribute("aria-label", ovenInWords(look));
}

function ovenInWords(look) {
  const overdue = look.items.filter(([, , , , isOverdue]) => isOverdue).length;
  const free = Math.max(look.capacity - look.occupied, 0);
  const words = [`The oven: ${look.occupied} of ${look.capacity} slots taken, ${free} free`];
  const baking = look.items.filter(([, , , , , extensions]) => extensions === undefined);
  const held = look.items.length - baking.length;
  if (look.items.length) words.push(`${look.items.length} ${look.items.length === 1 ? "item" : "items"}`);
  if (baking.length) {
    const next = Math.max(Math.ceil(Math.min(...baking.map(([, , until]) => until)) - look.at), 0);
    words[words.length - 1] += `, the next out in ${next} seconds`;
  }
  if (held) words.push(`${held} held`);
  if (look.tooFewSlots) words.push("the first in line needs more slots than are free");
  if (overdue) words.push(`${overdue} overdue`);
  return `${words.join("; ")}.`;
}

function longTime(secs) {
  const rest = Math.max(Math.ceil(secs), 0);
  if (rest < 100) return `${rest} s`;
  if (rest < 6000) return `${Math.ceil(rest / 60)} min`;
  if (rest < 360000) return `${Math.ceil(rest / 3600)} h`;
  return `${number.format(Math.ceil(rest / 86400))} days`;
}

function showLetters({ letters, letterNote }) {
  const seen = JSON.stringify(letters);
  $("no-letters").textContent = letterNote;
  $("no-letters").hidden = !letterNote;
  if (seen === lettersSeen) return;
  lettersSeen = seen;
  // Dead letters hold anything: text it is, and text it stays.
  $("letters").replaceChildren(
    ...letters.map(({ id, reason }) => {
      const entry = document.createElement("li");
      const name = document.createElement("b");
      name.textContent = id;
      entry.append(name, reason);
      return entry;
    }),
  );
}

function restInWords({ until, overdue, extensions, holder }, prefix = "") {
  if (extensions === undefined) return overdue ? `overdue by ${longTime(now() - until)}` : prefix + longTime(until - now());
  const ago = now() - until;
  const lease = ago >= 0 ? `its lease ended ${longTime(ago)} ago` : `its lease ends in ${longTime(-ago)}`;
  const times = extensions ? `, extended ${number.format(extensions)} ${extensions === 1 ? "time" : "times"}` : "";
  return `held${holder ? ` by ${holder}` : ""}, ${lease}${times}`;
}

function showItems() {
  if (!$("items").open || !last) return;
  const rows = $("item-rows").rows;
  const shown = last.items.slice(0, MOST_ROWS);
  while (rows.length > shown.length) rows[rows.length - 1].remove();
  while (rows.length < shown.length) {
    const row = $("item-rows").insertRow();
    for (let n = 0; n < 3; n++) row.insertCell();
  }
  for (const [n, [id, size, until, , overdue, extensions, holder]] of shown.entries()) {
    rows[n].className = overdue ? "overdue" : extensions === undefined ? "" : "held";
    const rest = restInWords({ until, overdue, extensions, holder });
    for (const [m, text] of [id, size, rest].entries()) rows[n].cells[m].textContent = text;
  }
  const more = last.items.length - shown.length;
  $("more-items").textContent = more > 0 ? `and ${number.format(more)} more, which come out later` : "";
}

// Motion

function move(came, left, before, look) {
  const { most, spreadMs, easing } = chamber.slots.length > CROWD ? CROWDED : ROOMY;
  const from = before.waiting ? stations.line.head() : stations.new.head();
  came.forEach((item, n) => {
    const delay = (spreadMs * n) / came.length;
    const how = { delay, easing, most: most / 2 }; // the other half are on their way out
    const flies = flights.fly(from, onScreen(item), kindOf(item.id), 0, how);
    if (flies) item.shownAt = now() + (delay + FLIGHT_MS) / 1000;
  });
  left.forEach((item, n) => {
    const early = look.at < item.until - 1;
    const held = item.extensions !== undefined;
    // A held item comes out nowhere: it is released, or becomes a dead letter when its lease ends.
    if (held && early) return;
    const to = (early || held ? stations.dead : stations.baked).head();
    const how = { delay: (spreadMs * n) / left.length, easing, most };
    flights.fly(onScreen(item), to, kindOf(item.id), early ? 0.3 : 0.99, how);
  });
}

function onScreen(item) {
  const box = $("oven").getBoundingClientRect();
  const { x, y } = chamber.place(item.slots[0]);
  const gap = chamber.cell * 0.1;
  return { x: box.left + x + gap, y: box.top + y + gap, size: chamber.cell - 2 * gap };
}

function frameMs() {
  const count = chamber.slots.length;
  if (still.matches || count > 1000) return 1000;
  return count > CROWD ? 500 : count > 60 ? 250 : 150;
}

function redraw() {
  clearTimeout(redrawTimer);
  if (document.hidden) return;
  chamber.draw(now());
  redrawTimer = setTimeout(redraw, chamber.items.size ? frameMs() : 1000);
}

function redrawAll() {
  chamber.fit();
  for (const station of Object.values(stations)) station.draw();
  redraw();
}

// What the visitor does

function point(event) {
  const box = $("oven").getBoundingClientRect();
  const item = chamber.itemAt(event.clientX - box.left, event.clientY - box.top);
  const tip = $("tip");
  tip.hidden = !item;
  if (!item) return;
  const size = item.size > 1 ? `, ${item.size} slots` : "";
  tip.textContent = `${item.id}${size}, ${restInWords(item, "out in ")}`;
  const right = event.clientX - box.left > box.width / 2;
  const x = event.clientX - box.left + $("oven").offsetLeft;
  tip.style.left = right ? "" : `${x + 14}px`;
  tip.style.right = right ? `${tip.parentElement.clientWidth - x + 14}px` : "";
  tip.style.top = `${event.clientY - box.top + 30}px`;
}

async function send(event) {
  event.preventDefault();
  if (sending) return;
  sending = true;
  try {
    const fields = [...new FormData($("send"))];
    const wanted = Object.fromEntries(fields.map(([name, value]) => [name, Number(value)]));
    const answer = await fetch("pizzas", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wanted),
    });
    tellSent((await answer.json()).said, !answer.ok);
  } catch {
    tellSent("Not sent: the oven command that serves this page does not answer.", true);
  }
  sending = false;
}

function tellSent(said, refused) {
  $("sent").textContent = said;
  $("sent").classList.toggle("refused", refused);
}

function see() {
  clearTimeout(unseenTimer);
  if (document.hidden) {
    unseenTimer = setTimeout(doze, UNSEEN_MS);
  } else {
    if (source.readyState === EventSource.CLOSED) listen();
    redrawAll();
  }
}

function doze() {
  source.close();
  clearTimeout(staleTimer);
  clearTimeout(reopenTimer);
}

$("oven").addEventListener("pointermove", point);
$("oven").addEventListener("pointerleave", () => ($("tip").hidden = true));
$("items").addEventListener("toggle", showItems);
$("send").addEventListener("submit", send);
document.addEventListener("visibilitychange", see);
addEventListener("resize", redrawAll);
listen();
