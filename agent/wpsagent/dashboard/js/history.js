// SPDX-License-Identifier: BSD-3-Clause
// Presses and what came of them over time: three lanes of marks, told apart by shape as well as by colour.

import { byId, setText } from "./dom.js";
import { counted, when } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const LANES = [
  { name: "pressed", label: "Pressed", y: 22 },
  { name: "admitted", label: "Let in", y: 52 },
  { name: "failed", label: "Failed", y: 82 },
];
const LEFT = 66;
const RIGHT = 14;
const AXIS = 102;
const HEIGHT = 124;
const MOST_MARKS = 1500;
const hours = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

function svg(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Circle, diamond or cross. */
function mark({ lane, at, name }, x, y) {
  const shapes = {
    pressed: `M${x - 5} ${y}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0`,
    admitted: `M${x} ${y - 7}l7 7l-7 7l-7 -7z`,
    failed: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10`,
  };
  const path = svg("path", { d: shapes[lane], class: `mark ${lane}` });
  path.append(svg("title", {}, `${name}, ${when(at)}`));
  return path;
}

/** Draw the marks ({at, lane}) of the last so many seconds. */
export function draw(marks, seconds, now, whose) {
  const plot = byId("plot");
  const width = Math.max(240, Math.round(plot.parentElement.clientWidth));
  const from = now - seconds * 1000;
  const x = (at) => Math.round(LEFT + ((Math.min(at, now) - from) / (seconds * 1000)) * (width - LEFT - RIGHT));
  const shown = marks.filter((one) => one.at >= from).slice(-MOST_MARKS);
  const parts = [];
  for (const { label, y } of LANES) {
    parts.push(svg("line", { x1: LEFT, x2: width - RIGHT, y1: y, y2: y, class: "lane" }));
    parts.push(svg("text", { x: LEFT - 12, y: y + 4, "text-anchor": "end" }, label));
  }
  const steps = width < 420 ? 2 : 4;
  for (let i = 0; i <= steps; i += 1) {
    const at = from + (seconds * 1000 * i) / steps;
    const anchor = i === steps ? "end" : "middle";
    parts.push(svg("line", { x1: x(at), x2: x(at), y1: 8, y2: AXIS, class: "tick" }));
    parts.push(svg("text", { x: x(at) + (i === steps ? RIGHT : 0), y: HEIGHT - 6, "text-anchor": anchor }, i === steps ? "now" : hours.format(at)));
  }
  for (const { name, y } of LANES) {
    parts.push(...shown.filter((one) => one.lane === name).map((one) => mark(one, x(one.at), y)));
  }
  plot.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  plot.setAttribute("height", HEIGHT);
  plot.replaceChildren(...parts);
  setText(byId("plot-words"), words(shown, seconds, whose));
}

function words(marks, seconds, whose) {
  const count = (lane) => marks.filter((one) => one.lane === lane).length;
  const span = seconds < 3600 ? `${seconds / 60} minutes` : seconds === 3600 ? "hour" : `${seconds / 3600} hours`;
  if (marks.length === 0) return `No press ${whose} in the last ${span}, as far as this page has seen.`;
  return `In the last ${span} ${whose}: ${counted(count("pressed"), "press", "presses")}, ${count("admitted")} let in, ${count("failed")} failed.`;
}
