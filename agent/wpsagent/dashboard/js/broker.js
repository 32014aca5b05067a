// SPDX-License-Identifier: BSD-3-Clause
// The connection to the broker: one mqtt.js client a try, tried again until it is told to stop.
//
// Commands go with QoS 0 and only while connected: one that waited somewhere would open a network minutes later, when
// nobody expects it.  The agent's reply says that it has arrived.
//
// A broker leaves out retained messages beyond its limits and does not say so (mosquitto: max_queued_messages, 1,000).
// What should have come and has not is asked for by name, in portions.

import mqtt from "../mqtt/mqtt.esm.js";
import { rollCall } from "./roll_call.js";

const CONNECT_TIME_MS = 10_000;
const KEEPALIVE_S = 120; // browsers let a hidden page's timers run once a minute only
const LONGEST_WAIT_MS = 30_000;
const STABLE_TIME_MS = 10_000;
const NO_ANSWER_MS = 10_000;
const QUIET_MS = 300; // without a new topic: what is retained is in
const LOOK_MS = 30;
const ANSWER_TO_PING_MS = 5000;
const WATCH_MS = 5000;
const SLEPT_MS = 20_000; // so late is a timer only after a sleep
const MOST_TOPICS = 50_000;
const PORTION = 400; // topics that are asked for by name at once
const RETAINED = ["availability", "state"];

/** What CONNACK says (MQTT 3.1.1, 3.2.2.3) and trying again would not change. */
const REFUSALS = {
  1: "The broker does not speak MQTT 3.1.1.",
  2: "The broker does not want this client’s name.",
};
const UNKNOWN_USER = [4, 5]; // brokers differ in which one a wrong password is

/** Somebody asked for something that the board, or the way to it, did not do; the message is for people. */
class CommandError extends Error {}

export class Broker {
  /** onStatus({kind, text}): none, connecting, online, waiting or refused.  onMessage(topic, octets, isRetained). */
  constructor(onStatus, onMessage) {
    this.onStatus = onStatus;
    this.onMessage = onMessage;
    this.settings = null;
    this.client = null;
    this.retry = null;
    this.failures = 0;
    this.seen = new Set(); // topics, since it is connected
    this.lastNew = 0;
    this.replies = new Map();
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    this.watched = Date.now();
    setInterval(() => this.watch(), WATCH_MS);
  }

  get isOnline() {
    return this.client?.connected === true;
  }

  /** settings: {url, user, password, topic}. */
  connect(settings) {
    this.close();
    this.settings = settings;
    this.failures = 0;
    this.open();
  }

  close() {
    clearTimeout(this.retry);
    this.retry = null;
    const client = this.client;
    this.client = null;
    client?.end(true);
    this.failReplies("the connection to the broker was closed");
  }

  /** The network is back, or somebody looks: do not wait for the next try, nor believe in an old connection. */
  hurry() {
    if (this.isOnline) this.probe(this.client);
    if (this.retry === null) return;
    clearTimeout(this.retry);
    this.open();
  }

  /** Has the computer slept? */
  watch() {
    const before = this.watched;
    this.watched = Date.now();
    if (this.watched - before > SLEPT_MS && !document.hidden) this.hurry();
  }

  /** Whoever has slept does not know that the other side has gone. */
  probe(client) {
    const timer = setTimeout(() => this.isStill(client) && this.lost(client, null, true), ANSWER_TO_PING_MS);
    client.once("packetreceive", () => clearTimeout(timer));
    client.sendPing();
  }

  open() {
    this.retry = null;
    this.onStatus({ kind: "connecting", text: "Connecting …" });
    let client;
    try {
      client = mqtt.connect(this.settings.url, this.options());
    } catch (error) {
      this.onStatus({ kind: "refused", text: `This address does not work: ${error.message}` });
      return;
    }
    this.client = client;
    const own = (handler) => (...values) => this.client === client && handler(...values);
    let connectedAt = null;
    let refusal = null;
    client.on("connect", own(() => {
      connectedAt = Date.now();
      this.seen.clear();
      this.subscribe(client);
    }));
    client.on("message", own((topic, payload, packet) => {
      if (!this.seen.has(topic)) this.lastNew = Date.now();
      if (this.seen.size < MOST_TOPICS) this.seen.add(topic);
      this.onMessage(topic, payload, packet.retain);
    }));
    client.on("error", own((error) => (refusal = this.refusal(error.code) ?? refusal)));
    client.on("close", own(() => {
      if (connectedAt !== null && Date.now() - connectedAt >= STABLE_TIME_MS) this.failures = 0;
      this.lost(client, refusal, connectedAt !== null);
    }));
  }

  /** What there is to say to a person of CONNACK's code, or null. */
  refusal(code) {
    if (!UNKNOWN_USER.includes(code)) return code in REFUSALS ? { text: REFUSALS[code], isOfUser: false } : null;
    const text = this.settings.user
      ? "The broker does not let this user in: is the password right?"
      : "The broker does not let everybody in: it wants a user and a password.";
    return { text, isOfUser: true };
  }

  options() {
    const { user, password } = this.settings;
    return {
      clientId: `wps-dashboard-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`,
      username: user || undefined,
      password: user ? password : undefined,
      protocolVersion: 4,
      clean: true,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_TIME_MS,
      reconnectPeriod: 0, // we try again ourselves, later and later
      queueQoSZero: false,
      timerVariant: "native", // its workers would need a hole in the page's security policy
    };
  }

  subscribe(client) {
    const topics = [...RETAINED, "event", "response"].map((name) => `${this.settings.topic}/+/${name}`);
    client.subscribe(topics, { qos: 1 }, (error, granted) => {
      if (!this.isStill(client)) return;
      if (error || granted.some((one) => one.qos === 128)) {
        this.close();
        const text = `The broker does not let this user read ${this.settings.topic}/#.`;
        this.onStatus({ kind: "refused", text });
      } else {
        this.onStatus({ kind: "online", text: this.connected });
        this.complete(client);
      }
    });
  }

  get connected() {
    return `Connected to ${new URL(this.settings.url).host}`;
  }

  isStill(client) {
    return this.client === client && client.connected;
  }

  // ---- what the broker has left out

  async complete(client) {
    await this.arrived(client, () => false);
    const missing = this.missing();
    if (missing.length === 0 || !this.isStill(client)) return;
    await this.ask(client, missing);
    if (!this.isStill(client)) return;
    const names = await rollCall(this.settings.url, this.options(), `${this.settings.topic}/+/availability`);
    if (!this.isStill(client)) return;
    if (names === null) {
      const text = `${this.connected}, which may leave out boards: its limit of queued messages is too low`;
      this.onStatus({ kind: "online", text });
      return;
    }
    await this.ask(client, this.missing(names));
  }

  /** Topics of boards of whom only half has come, or, of those called by name, nothing. */
  missing(names = new Set()) {
    const isRetained = (topic) => RETAINED.includes(topic.slice(topic.lastIndexOf("/") + 1));
    const known = [...this.seen, ...names].filter(isRetained);
    const boards = new Set(known.map((topic) => topic.slice(0, topic.lastIndexOf("/"))));
    const wanted = [...boards].flatMap((board) => RETAINED.map((name) => `${board}/${name}`));
    return wanted.filter((topic) => !this.seen.has(topic));
  }

  async ask(client, topics) {
    for (let start = 0; start < topics.length && this.isStill(client); start += PORTION) {
      const portion = topics.slice(start, start + PORTION);
      await new Promise((resolve) => client.subscribe(portion, { qos: 1 }, resolve));
      await this.arrived(client, () => portion.every((topic) => this.seen.has(topic)));
      if (this.isStill(client)) client.unsubscribe(portion);
    }
  }

  /** Until all is there, or nothing new has come for a while. */
  async arrived(client, isAll) {
    this.lastNew = Date.now();
    while (this.isStill(client) && !isAll() && Date.now() - this.lastNew < QUIET_MS) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  lost(client, refusal, wasConnected) {
    this.client = null;
    client.end(true);
    this.failReplies("the connection to the broker broke");
    if (refusal !== null) {
      this.onStatus({ kind: "refused", ...refusal });
      return;
    }
    const longest = Math.min(1000 * 2 ** this.failures, LONGEST_WAIT_MS);
    this.failures += 1;
    this.retry = setTimeout(() => this.open(), longest * (0.5 + Math.random() / 2));
    const doubt = !wasConnected && this.settings.url.startsWith("wss:") ? " (does this browser trust its certificate?)" : "";
    this.onStatus({ kind: "waiting", text: `No connection to the broker; trying again${doubt}` });
  }

  // ---- commands

  /** Ask a board; resolves when it has agreed, or raises CommandError with its own words, or ours. */
  command(node, name, values) {
    if (!this.isOnline) return Promise.reject(new CommandError("There is no connection to the broker now."));
    const id = [...crypto.getRandomValues(new Uint8Array(12))].map((n) => n.toString(16).padStart(2, "0")).join("");
    const payload = JSON.stringify({ ...values, id });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.replies.delete(id);
        const text = "The board did not answer. It may be away, or the broker may not let you send commands.";
        reject(new CommandError(text));
      }, NO_ANSWER_MS);
      this.replies.set(id, { node, resolve, reject, timer });
      this.client.publish(`${this.settings.topic}/${node}/cmd/${name}`, payload, { qos: 0, retain: false });
    });
  }

  /** A board has replied: {id, ok, error}.  A refusal without an id is of all that it has been asked: too much. */
  replied(node, reply) {
    for (const [id, waiting] of this.replies) {
      const isMeant = reply.id === null ? !reply.ok : reply.id === id;
      if (waiting.node !== node || !isMeant) continue;
      this.replies.delete(id);
      clearTimeout(waiting.timer);
      if (reply.ok) waiting.resolve();
      else waiting.reject(new CommandError(reply.error || "The board refused, without a reason."));
    }
  }

  failReplies(why) {
    for (const { reject, timer } of this.replies.values()) {
      clearTimeout(timer);
      reject(new CommandError(`No answer: ${why}. Look at the board’s state before you try again.`));
    }
    this.replies.clear();
  }
}
