// SPDX-License-Identifier: BSD-3-Clause
// Puts the page together: the broker's messages go into the boards, what has changed is drawn once a frame.

import { Boards } from "./boards.js";
import { Broker } from "./broker.js";
import { Detail } from "./detail.js";
import { announce, byId, fill, foreign, h, setAttribute, setText } from "./dom.js";
import { Flow } from "./flow.js";
import { draw as drawHistory } from "./history.js";
import { Overview } from "./overview.js";
import { kept, SettingsDialog, suggestion } from "./settings.js";
import { save } from "./table.js";
import { eventWords, TOLD, when } from "./words.js";

const TICK_MS = 250;
const HISTORY_EVERY_MS = 15_000;
const SHOWN_EVENTS = 60;
const REST = 4; // so much longer than a drawing takes it is not drawn again: of 2,000 boards somebody always tells something
const LONGEST_REST_MS = 100;

class Page {
  constructor() {
    this.boards = new Boards("wps-agent");
    this.changed = new Set();
    this.isDrawing = false;
    this.isHistoryDue = true;
    this.drawAgainAt = 0;
    this.drawPastAgainAt = 0;
    this.selected = null;
    this.lastHeard = null;
    this.broker = new Broker(
      (status) => this.statusChanged(status),
      (topic, octets, isRetained) => this.received(topic, octets, isRetained),
    );
    this.flow = new Flow(this.broker);
    this.detail = new Detail(this.broker, this.flow);
    this.overview = new Overview();
    this.overview.onNarrow = () => this.drawSoon();
    this.settings = new SettingsDialog((settings) => this.connect(settings));
  }

  async start() {
    const { broker, base_topic: topic, version } = await suggestion();
    setText(byId("version"), version === null ? "" : `wps-agent ${version}.`);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const suggested = {
      url: broker ?? `${scheme}://${location.hostname || "localhost"}:9001`,
      user: "",
      password: "",
      topic,
    };
    const known = kept();
    this.settings.fill(known ?? suggested);
    addEventListener("hashchange", () => this.route());
    byId("span").addEventListener("change", () => this.drawHistorySoon());
    byId("save").addEventListener("click", () => save((this.board ?? this.boards).events));
    new ResizeObserver(() => this.drawHistorySoon()).observe(byId("plot").parentElement);
    setInterval(() => this.tick(), TICK_MS);
    setInterval(() => this.drawHistorySoon(), HISTORY_EVERY_MS);
    this.route();
    this.drawSoon();
    if (known !== null || broker !== null) this.connect(known ?? suggested);
    else this.settings.open();
  }

  connect(settings) {
    this.boards = new Boards(settings.topic);
    this.overview.clear();
    this.broker.connect(settings);
    this.route();
    this.drawHistorySoon();
  }

  // ---- what comes in

  statusChanged({ kind, text, isOfUser = false }) {
    const wasOnline = byId("connection-sign").dataset.kind === "online";
    setAttribute(byId("connection-sign"), "data-kind", kind);
    setText(byId("connection"), text);
    const isStale = kind !== "online" && this.lastHeard !== null;
    if (wasOnline && kind !== "online") {
      setText(byId("stale"), `No connection to the broker: what you see is as it was at ${when(Date.now())}.`);
    }
    byId("stale").hidden = !isStale;
    document.body.classList.toggle("stale", isStale);
    this.flow.connectionChanged();
    if (kind === "refused") this.settings.open(text, isOfUser);
    this.drawSoon();
  }

  received(topic, octets, isRetained) {
    const now = Date.now();
    const news = this.boards.receive(topic, octets, isRetained, now);
    if (news === null) return;
    this.lastHeard = now;
    const { board, kind, event, reply, isPast } = news;
    this.changed.add(board);
    if (isPast) this.isHistoryDue = true;
    if (kind === "response") this.broker.replied(board.node, reply);
    if (kind === "event" && event) this.happened(board, event);
    if (kind === "state" || kind === "availability") this.flow.boardChanged(board);
    if (board.node === this.selected && this.detail.board !== board) this.route();
    this.drawSoon();
  }

  happened(board, event) {
    this.flow.happened(board, event);
    this.isHistoryDue = true;
    const isLookedAt = this.selected === null || this.selected === board.node;
    if (isLookedAt && TOLD.has(event.type)) announce(`${board.name}: ${eventWords(event)}`);
  }

  // ---- where we are: all boards, or one of them (#board/<node>)

  route() {
    const match = /^#board\/(.+)$/.exec(location.hash);
    let node = null;
    try {
      node = match && decodeURIComponent(match[1]);
    } catch {
      node = null; // somebody has typed it
    }
    const before = this.selected;
    this.selected = node;
    const board = node === null ? null : (this.boards.byNode.get(node) ?? null);
    this.overview.select(node);
    document.body.classList.toggle("with-board", board !== null);
    byId("board").hidden = board === null;
    this.detail.show(board);
    this.isHistoryDue = true;
    this.draw();
    if (node !== null && board !== null && this.focused !== node) {
      byId("board-name").focus();
      this.focused = node;
    } else if (node === null && before !== null) {
      this.overview.focus(before);
      this.focused = null;
    }
  }

  get board() {
    return this.selected === null ? null : (this.boards.byNode.get(this.selected) ?? null);
  }

  // ---- what is shown

  drawSoon() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    const draw = () => {
      this.isDrawing = false;
      const began = performance.now();
      this.draw();
      const ended = performance.now();
      this.drawAgainAt = ended + Math.min(LONGEST_REST_MS, REST * (ended - began));
    };
    const rest = this.drawAgainAt - performance.now();
    if (rest > 0) setTimeout(() => requestAnimationFrame(draw), rest);
    else requestAnimationFrame(draw);
  }

  drawHistorySoon() {
    this.isHistoryDue = true;
    this.drawSoon();
  }

  draw() {
    const { changed } = this;
    this.changed = new Set();
    this.overview.draw(this.boards, changed, this.broker.isOnline);
    const { board } = this;
    if (this.detail.board !== null && board === null) this.route(); // forgotten by the broker
    this.detail.draw();
    const began = performance.now();
    if (this.isHistoryDue && began >= this.drawPastAgainAt) {
      this.drawPast();
      this.drawPastAgainAt = performance.now() + 10 * REST * (performance.now() - began);
    }
    this.drawTitle();
  }

  /** Also while the page is hidden, where nothing else is drawn. */
  drawTitle() {
    const open = this.boards.all.filter((one) => one.isOpen).length;
    setText(document.querySelector("title"), open > 0 ? `(${open} open) wps-agent` : "wps-agent");
  }

  drawPast() {
    this.isHistoryDue = false;
    const { board } = this;
    const marks = board === null ? this.boards.marks : board.marks;
    setText(byId("past-title"), board === null ? "Presses on all boards" : "Presses");
    drawHistory(marks, Number(byId("span").value), Date.now(), board === null ? "on all boards" : "here");
    const { events } = board ?? this.boards;
    byId("save").hidden = events.length === 0;
    this.drawEvents(events.slice(0, SHOWN_EVENTS), board === null);
  }

  drawEvents(events, withBoard) {
    fill(byId("event-list"), [withBoard, events.map((event) => event.order)], () =>
      events.length === 0
        ? [h("li", { class: "quiet", text: "Nothing since this page was opened." })]
        : events.map((event) =>
            h(
              "li",
              {},
              h("time", { datetime: new Date(event.at).toISOString(), text: when(event.at) }),
              h("span", {}, withBoard && foreign(event.name, { class: "who" }), withBoard && " ", foreign(eventWords(event))),
            ),
          ),
    );
  }

  tick() {
    const now = Date.now();
    this.overview.tick(now);
    this.detail.tick(now);
    this.flow.tick(now);
    this.drawTitle();
    if (this.isHistoryDue) this.drawSoon();
  }
}

new Page().start();
