// SPDX-License-Identifier: BSD-3-Clause
// All boards as cards, with a search and filters.  Only what has changed is drawn again, not more than a page of it.
//
// Who needs a person, or is open, comes first.  While somebody is at the list (pointer or keys) nothing in it moves:
// newcomers are put at its end, and the order settles a moment later, around the card that has the focus.

import { byId, foreign, h, setAttribute, setText } from "./dom.js";
import { counted, minutes, resultWords, stateWords, when } from "./words.js";

const PAGE = 200;
const AT_IT_MS = 3000;
const AT_IT = ["pointermove", "pointerdown", "keydown", "focusin", "wheel"];

const NOBODY =
  "No board has been heard of yet. If there are some: is the base topic right, and may this user read what is below it?";

const KINDS = {
  all: () => true,
  open: (board) => board.isOpen,
  attention: (board) => board.needsAttention,
  pin: (board) => board.hasPinRequests,
  offline: (board) => board.isAway,
};

/** One board's card.  Its link is its name; the whole card can be clicked. */
class Card {
  constructor(board) {
    this.led = h("span", { class: "led", "aria-hidden": "true" }, h("span"));
    this.state = h("span", { class: "state" });
    this.left = h("span", { class: "left" });
    this.flag = h("p", { class: "flag" });
    this.facts = h("p", { class: "quiet" });
    this.link = h("a", { href: `#board/${encodeURIComponent(board.node)}` }, foreign(board.name));
    this.element = h(
      "li",
      { class: "card" },
      this.led,
      h("div", {}, h("h3", {}, this.link), h("p", {}, this.state, " ", this.left), this.flag, this.facts),
    );
  }

  show(board, isSelected) {
    setAttribute(this.led, "data-pattern", board.pattern);
    setAttribute(this.element, "data-pattern", board.pattern);
    setText(this.state, stateWords(board));
    setText(this.flag, board.hasPinRequests ? `${counted(board.state.pinRequests.length, "device")} waiting for a PIN` : "");
    setText(this.facts, facts(board));
    this.element.classList.toggle("away", board.isAway);
    this.element.classList.toggle("lost", board.isLost);
    if (isSelected) this.link.setAttribute("aria-current", "true");
    else this.link.removeAttribute("aria-current");
  }

  tick(board, now) {
    const left = board.isOpen && board.endsAt !== null ? `${minutes(board.endsAt - now)} left` : "";
    if (left !== this.shownLeft) setText(this.left, (this.shownLeft = left));
  }
}

/** Returns what came after it. */
function moveToEnd(list, element) {
  const next = element.nextSibling;
  list.append(element);
  return next;
}

function facts(board) {
  const state = board.state;
  if (state === null || board.isAway) return "";
  const parts = [];
  if (state.accessPoints.length > 0) parts.push(`${counted(board.deviceCount, "device")} connected`);
  const joined = state.stations.find((station) => station.ssid !== null);
  if (joined) parts.push(`in ${joined.ssid}`);
  const last = state.lastResult;
  // A result that is the state itself has been told: what is left to say is when it was.
  const isTold = !["idle", "active"].includes(state.state);
  if (last) parts.push([last.at !== null && when(last.at), !isTold && resultWords(last)].filter(Boolean).join(" "));
  return parts.filter(Boolean).join(" · ");
}

export class Overview {
  constructor() {
    this.cards = new Map();
    this.shown = [];
    this.limit = PAGE;
    this.selected = null;
    byId("search").addEventListener("input", () => this.narrow());
    byId("kinds").addEventListener("change", () => this.narrow());
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("show-more").addEventListener("click", () => this.more());
    this.onNarrow = () => {};
    this.settle = null; // a timer while somebody is at the list
    for (const name of AT_IT) byId("board-list").addEventListener(name, () => this.hold(), { passive: true });
  }

  get kind() {
    return byId("filters").elements.kind.value;
  }

  narrow() {
    this.limit = PAGE;
    this.release();
  }

  hold() {
    clearTimeout(this.settle);
    this.settle = setTimeout(() => this.release(), AT_IT_MS);
  }

  release() {
    clearTimeout(this.settle);
    this.settle = null;
    this.onNarrow();
  }

  more() {
    const next = this.shown.length;
    this.limit += PAGE;
    this.onNarrow();
    requestAnimationFrame(() => this.cards.get(this.shown[next]?.node)?.link.focus());
  }

  clear() {
    this.cards.clear();
    this.shown = [];
    byId("board-list").replaceChildren();
  }

  /** Draw the boards in question (a set), and the list if others are in it now. */
  draw(boards, changed, isOnline) {
    const search = byId("search").value.trim().toLowerCase();
    const isOfKind = KINDS[this.kind];
    const found = boards.all.filter((board) => isOfKind(board) && (!search || board.searchText.includes(search)));
    const shown = this.choose(found);
    const wasShown = new Set(this.shown);
    for (const board of shown) {
      const isNew = !this.cards.has(board.node);
      if (isNew) this.cards.set(board.node, new Card(board));
      if (isNew || !wasShown.has(board) || changed.has(board)) {
        this.cards.get(board.node).show(board, board.node === this.selected);
      }
    }
    this.arrange(shown);
    this.tick(Date.now());
    for (const node of this.cards.keys()) if (!boards.byNode.has(node)) this.cards.delete(node);
    this.count(boards, found, isOnline);
  }

  /** Which of them are shown, and in which order. */
  choose(found) {
    const ranks = new Map(found.map((board) => [board, board.rank]));
    const sorted = [...found].sort((a, b) => ranks.get(a) - ranks.get(b));
    const first = sorted.slice(0, this.limit);
    const isFocused = (board) => this.cards.get(board.node)?.element.contains(document.activeElement);
    const kept = this.shown.filter((board) => ranks.has(board) && (this.settle !== null || isFocused(board)));
    return [...new Set(this.settle !== null ? [...kept, ...first] : [...first, ...kept])];
  }

  /** Bring the list to what is to be shown.  The card that has the focus is never moved, or it would lose it. */
  arrange(shown) {
    const list = byId("board-list");
    const isSame = shown.length === this.shown.length && shown.every((board, i) => board === this.shown[i]);
    this.shown = shown;
    if (isSame) return;
    const wanted = new Set(shown.map((board) => this.cards.get(board.node).element));
    for (const element of [...list.children]) if (!wanted.has(element)) element.remove();
    const focused = document.activeElement.closest(".card");
    let place = list.firstChild;
    for (const element of wanted) {
      if (element === focused && element.parentElement === list) {
        while (place !== focused) place = moveToEnd(list, place);
      }
      if (element === place) place = place.nextSibling;
      else list.insertBefore(element, place);
    }
  }

  count(boards, found, isOnline) {
    const counts = Object.fromEntries(
      Object.entries(KINDS).map(([kind, is]) => [kind, boards.all.reduce((sum, board) => sum + is(board), 0)]),
    );
    for (const input of byId("kinds").querySelectorAll("input")) {
      setText(input.nextElementSibling.lastElementChild, String(counts[input.value]));
    }
    setText(byId("summary"), boards.all.length === 0 ? "" : `${boards.isCut ? "more than " : ""}${summary(counts)}`);
    const empty = boards.all.length > 0 ? "No board is like that." : isOnline ? NOBODY : "";
    setText(byId("no-boards"), found.length === 0 ? empty : "");
    const rest = found.length - this.shown.length;
    byId("show-more").hidden = rest === 0;
    setText(byId("show-more"), `Show ${Math.min(rest, PAGE)} more of ${rest}`);
  }

  tick(now) {
    for (const board of this.shown) this.cards.get(board.node).tick(board, now);
  }

  select(node) {
    this.cards.get(this.selected)?.link.removeAttribute("aria-current");
    this.selected = node;
    this.cards.get(node)?.link.setAttribute("aria-current", "true");
  }

  focus(node) {
    (this.cards.get(node)?.link ?? byId("boards")).focus();
  }
}

function summary(counts) {
  const parts = [counted(counts.all, "board")];
  if (counts.open) parts.push(`${counts.open} open`);
  if (counts.attention) parts.push(`${counts.attention} ${counts.attention === 1 ? "needs" : "need"} a look`);
  if (counts.offline) parts.push(`${counts.offline} offline`);
  return parts.join(", ");
}
