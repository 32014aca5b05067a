// SPDX-License-Identifier: BSD-3-Clause
// The few steps to the document that everything here takes.  Text is always text: nothing is ever parsed as HTML.

export const byId = (id) => document.getElementById(id);

/** An element with properties (class, text, data-…, on…) and children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Somebody else's text: kept apart from ours, whatever its direction of writing. */
export const foreign = (text, properties = {}) => h("bdi", { ...properties, text });

/** Change a text only if it is another one: screen readers and selections are left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Fill a list anew if what it shows has changed.  The focus stays on what has the same data-key. */
export function fill(list, signature, make) {
  const key = JSON.stringify(signature);
  if (list.dataset.signature === key) return;
  list.dataset.signature = key;
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  list.replaceChildren(...make());
  if (focused) [...list.querySelectorAll("[data-key]")].find((item) => item.dataset.key === focused)?.focus();
}

let said = [];
let timer = null;

/** Tell a screen reader; what comes within a second or so is told together. */
export function announce(text) {
  said.push(text);
  timer ??= setTimeout(() => {
    byId("announcer").textContent = said.length > 4 ? `${said.length} things happened` : said.join(". ");
    said = [];
    timer = null;
  }, 800);
}
