// SPDX-License-Identifier: BSD-3-Clause
// What the boards have told: their topics read into plain values, once, with everything foreign checked and cut.
//
//   <base>/<node>/availability   "online", "offline"; empty: the board is forgotten
//   <base>/<node>/state          the whole state, one JSON object
//   <base>/<node>/event          one JSON object for each thing that happens
//   <base>/<node>/response       the answer to a command

const LONGEST_PAYLOAD = 256 * 1024;
const LONGEST_TEXT = 200;
const LONGEST_LIST = 256;
const EVENTS_OF_A_BOARD = 60;
const EVENTS_OF_ALL = 1000;
const MARKS_OF_A_BOARD = 500;
const JOINED_OF_A_BOARD = 20;
const SAME_PRESS_MS = 1500;
const SAME_RESULT_MS = 3000;
const A_DAY_MS = 86_400_000;
const MOST_BOARDS = 20_000; // whoever may publish can make up boards
const PASSING = ["station_connected", "station_disconnected"]; // of all boards too many to read; each board lists its own

const decoder = new TextDecoder();
const collator = new Intl.Collator(undefined, { numeric: true });

// Control characters, and those that turn the direction of writing for all that follows.  Joiners may stay: Persian
// words and families of emoji are written with them.
const UNSEEN = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

const text = (value) => (typeof value === "string" && value !== "" ? clean(value) : null);
const clean = (value) => value.replace(UNSEEN, "\ufffd").slice(0, LONGEST_TEXT);
const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const list = (value) => (Array.isArray(value) ? value.slice(0, LONGEST_LIST) : []);
const objects = (value) => list(value).filter((item) => item !== null && typeof item === "object");
const texts = (value) => list(value).map(text).filter((item) => item !== null);
const time = (value) => (typeof value === "string" ? Date.parse(value) || null : null);

/** The one JSON object of a payload, or null. */
function readObject(octets) {
  if (octets.length > LONGEST_PAYLOAD) return null;
  try {
    const value = JSON.parse(decoder.decode(octets));
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function readResult(value) {
  if (value === null || typeof value !== "object") return null;
  return {
    result: text(value.result) ?? "unknown",
    reason: text(value.reason),
    station: text(value.station),
    deviceName: text(value.device_name),
    at: time(value.at),
  };
}

function readState(value) {
  return {
    version: text(value.version),
    agent: text(value.agent),
    state: text(value.state) ?? "unknown",
    method: text(value.method),
    group: text(value.group),
    endsAt: time(value.ends_at),
    secondsLeft: number(value.seconds_left),
    lastResult: readResult(value.last_result),
    accessPoints: objects(value.access_points).map((ap) => ({
      interface: text(ap.interface) ?? "?",
      group: text(ap.group),
      ssid: text(ap.ssid) ?? "?",
      channel: number(ap.channel),
      state: text(ap.state) ?? "unknown",
      reason: text(ap.reason),
      isLocked: ap.setup_locked === true,
      stations: texts(ap.stations),
    })),
    stations: objects(value.stations).map((station) => ({
      interface: text(station.interface) ?? "?",
      state: text(station.state) ?? "unknown",
      reason: text(station.reason),
      ssid: text(station.ssid),
      bssid: text(station.bssid),
    })),
    commands: texts(value.commands),
    pinRequests: objects(value.pin_requests).map((request) => ({
      uuid: text(request.uuid) ?? "",
      station: text(request.station),
      deviceName: text(request.device_name),
      at: time(request.at),
    })),
  };
}

/** A time of a board's that ours agrees with: one without a clock of its own may tell of 1970. */
const isPlausible = (at, now) => at !== null && at < now + 60_000 && at > now - A_DAY_MS;

/** A board, and what has been seen of it since the page was opened. */
class Board {
  constructor(node) {
    this.node = node;
    this.name = clean(node);
    this.isOnline = null;
    this.state = null;
    this.endsAt = null; // on this computer's clock
    this.windowSeconds = 120;
    this.events = [];
    this.marks = [];
    this.joined = [];
  }

  get isAway() {
    return this.isOnline === false;
  }

  /** It went without a goodbye. */
  get isLost() {
    return this.isAway && this.state?.agent !== "stopping";
  }

  get isOpen() {
    return !this.isAway && this.state?.state === "active";
  }

  /** What is wrong and a person could mend. */
  get needsAttention() {
    const state = this.state;
    if (this.isLost) return true;
    if (this.isAway || state === null) return false;
    return (
      ["error", "overlap", "timeout"].includes(state.state) ||
      this.isAnythingDown ||
      state.accessPoints.some((ap) => ap.isLocked) ||
      state.pinRequests.length > 0
    );
  }

  get isAnythingDown() {
    const isDown = (one) => one.state === "failed" || one.state === "lost";
    return this.state !== null && (this.state.accessPoints.some(isDown) || this.state.stations.some(isDown));
  }

  get hasPinRequests() {
    return !this.isAway && (this.state?.pinRequests.length ?? 0) > 0;
  }

  /** The lower, the sooner somebody should see it.  As in `fleet watch`, but a press comes before what has failed. */
  get rank() {
    if (this.hasPinRequests) return 0;
    if (this.isOpen) return 1;
    if (this.needsAttention) return 2;
    return this.isAway || this.state === null || this.state.state === "idle" ? 4 : 3; // 3: it has just ended
  }

  /** The pattern that the board's LED shows now, by the agent's own rule. */
  get pattern() {
    const state = this.state?.state;
    if (this.isAway || state === undefined) return "unknown";
    if (["idle", "cancelled"].includes(state)) {
      return this.isAnythingDown && this.state.agent !== "stopping" ? "error" : "idle";
    }
    const patterns = { active: "in_progress", success: "success", error: "error", timeout: "error", overlap: "overlap" };
    return patterns[state] ?? "unknown";
  }

  may(command) {
    return this.isOnline === true && (this.state?.commands.includes(command) ?? false);
  }

  get deviceCount() {
    return this.state?.accessPoints.reduce((sum, ap) => sum + ap.stations.length, 0) ?? 0;
  }

  /** Everything that a search looks at. */
  get searchText() {
    const state = this.state;
    const parts = [this.name, state?.version, state?.lastResult?.deviceName];
    for (const ap of state?.accessPoints ?? []) parts.push(ap.ssid, ap.interface, ...ap.stations);
    for (const station of state?.stations ?? []) parts.push(station.ssid, station.interface);
    return parts.filter(Boolean).join("\n").toLowerCase();
  }

  takeState(value, isRetained, now) {
    const before = this.state?.state;
    const state = (this.state = readState(value));
    this.endsAt = null;
    if (state.state === "active" && (state.secondsLeft !== null || state.endsAt !== null)) {
      // A message that comes as it is sent needs no common clock; a retained one may be old.
      const told = state.secondsLeft === null ? Infinity : state.secondsLeft * 1000;
      const byClock = state.endsAt === null ? Infinity : state.endsAt - now;
      const left = isRetained || told === Infinity ? Math.min(told, byClock) : told;
      if (left <= 0 && isRetained) return; // over by our clock and open by the board's: that one is wrong
      this.endsAt = now + Math.max(0, left);
      if (before !== "active") this.windowSeconds = Math.max(1, Math.round((this.endsAt - now) / 1000));
      if (state.method === "push_button") this.windowSeconds = Math.max(120, this.windowSeconds);
    }
  }

  /** What came of the last session, if it ended while nobody listened: before the page was opened, or without the broker. */
  takeLastResult(now) {
    const { result, at, station, deviceName } = this.state?.lastResult ?? {};
    const lane = { success: "admitted", failed: "failed", timeout: "failed", overlap: "failed" }[result] ?? null;
    const isKnown = this.marks.some((mark) => mark.lane !== "pressed" && Math.abs(mark.at - at) <= SAME_RESULT_MS);
    if (lane === null || isKnown || !isPlausible(at, now)) return false;
    this.marks.push({ at, lane, name: this.name });
    if (result === "success") this.tellJoined({ at, name: deviceName, station });
    return true;
  }

  /** The one who came last first. */
  tellJoined(who) {
    this.joined = [who, ...this.joined].sort((a, b) => b.at - a.at).slice(0, JOINED_OF_A_BOARD);
  }

  takeEvent(event) {
    this.events.unshift(event);
    this.events.length = Math.min(this.events.length, EVENTS_OF_A_BOARD);
    const lane = this.laneOf(event);
    if (lane !== null) {
      this.marks.push({ at: event.at, lane, name: this.name });
      if (this.marks.length > MARKS_OF_A_BOARD) this.marks.shift();
    }
    if (event.type === "enrolment_succeeded") {
      this.tellJoined({ at: event.at, name: event.deviceName, station: event.station });
    }
  }

  /** Where an event stands in the plot, or null. */
  laneOf(event) {
    switch (event.type) {
      case "button_pressed":
        return "pressed";
      case "push_button_started":
      case "station_wps_started": {
        // A press by hand has been told as such already; one from afar has not.
        const last = this.marks.findLast((mark) => mark.lane === "pressed");
        return last !== undefined && Math.abs(event.at - last.at) <= SAME_PRESS_MS ? null : "pressed";
      }
      case "enrolment_succeeded":
        return "admitted";
      case "station_wps_ended":
        return event.result === "success" ? "admitted" : event.result === "cancelled" ? null : "failed";
      case "enrolment_failed":
      case "overlap":
      case "push_button_refused":
        return "failed";
      case "push_button_ended":
      case "pin_ended":
        return event.reason === "timed out" ? "failed" : null;
      default:
        return null;
    }
  }
}

export class Boards {
  /** All boards below a base topic. */
  constructor(baseTopic) {
    this.prefix = `${baseTopic}/`;
    this.byNode = new Map();
    this.events = [];
    this.sorted = null;
    this.order = 0;
    this.isCut = false; // there are more than are kept
  }

  get all() {
    this.sorted ??= [...this.byNode.values()].sort((a, b) => collator.compare(a.node, b.node));
    return this.sorted;
  }

  get marks() {
    return this.all.flatMap((board) => board.marks);
  }

  /** Take in a message: {board, kind, event or reply}, or null if it says nothing. */
  receive(topic, octets, isRetained, now) {
    if (!topic.startsWith(this.prefix)) return null;
    const [node, kind, ...rest] = topic.slice(this.prefix.length).split("/");
    if (rest.length > 0 || node === "" || !kind) return null;
    if (octets.length === 0) return this.forget(node, kind);
    if (!this.byNode.has(node) && this.byNode.size >= MOST_BOARDS) return this.tooMany();
    if (kind === "availability") return this.available(node, decoder.decode(octets.subarray(0, 16)));
    const value = readObject(octets);
    if (value === null) return null;
    const board = this.board(node);
    switch (kind) {
      case "state":
        board.takeState(value, isRetained, now);
        return { board, kind, isPast: isRetained && board.takeLastResult(now) };
      case "event":
        return isRetained ? null : { board, kind, event: this.event(board, value, now) };
      case "response":
        return { board, kind, reply: { id: text(value.id), ok: value.ok === true, error: text(value.error) } };
      default:
        return null;
    }
  }

  tooMany() {
    this.isCut = true;
    return null;
  }

  board(node) {
    let board = this.byNode.get(node);
    if (board === undefined) {
      board = new Board(node);
      this.byNode.set(node, board);
      this.sorted = null;
    }
    return board;
  }

  available(node, word) {
    if (word !== "online" && word !== "offline") return null;
    const board = this.board(node);
    board.isOnline = word === "online";
    return { board, kind: "availability" };
  }

  /** Retained messages are removed by empty ones: without availability and state there is no board. */
  forget(node, kind) {
    const board = this.byNode.get(node);
    if (board === undefined) return null;
    if (kind === "availability") board.isOnline = null;
    else if (kind === "state") board.state = null;
    else return null;
    if (board.isOnline === null && board.state === null) {
      this.byNode.delete(node);
      this.sorted = null;
    }
    return { board, kind };
  }

  event(board, value, now) {
    const told = time(value.at);
    const event = {
      order: ++this.order,
      name: board.name,
      type: text(value.event_type) ?? "unknown",
      at: isPlausible(told, now) ? told : now,
      interface: text(value.interface),
      station: text(value.station),
      deviceName: text(value.device_name),
      reason: text(value.reason),
      result: text(value.result),
      gesture: text(value.gesture),
      ssid: text(value.ssid),
      channel: number(value.channel),
      command: text(value.command),
      manager: text(value.manager),
      configurationError: number(value.configuration_error),
      isOk: value.ok === true,
    };
    board.takeEvent(event);
    if (PASSING.includes(event.type)) return event;
    this.events.unshift(event);
    this.events.length = Math.min(this.events.length, EVENTS_OF_ALL);
    return event;
  }
}
