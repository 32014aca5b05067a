// SPDX-License-Identifier: BSD-3-Clause
// Everything that is said of a board, in plain words.

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const year = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** "12:31:05" today, "21 Nov, 12:31" this year, "1 Jan 1970" otherwise. */
export function when(at) {
  const [then, now] = [new Date(at), new Date()];
  if (then.toDateString() === now.toDateString()) return clock.format(at);
  return (then.getFullYear() === now.getFullYear() ? day : year).format(at);
}

/** "1:58" */
export function minutes(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** A device by its name, or else its address. */
export const device = (name, address) => (name && address ? `${name} (${address})` : name || address || "a device");

const STATES = {
  idle: "Idle",
  active: "Open for one device",
  success: "Let in",
  error: "Failed",
  overlap: "Two devices at once",
  timeout: "Nobody came",
  cancelled: "Cancelled",
  unknown: "Unknown state",
};

/** What a board does, in a few words. */
export function stateWords(board) {
  const state = board.state;
  if (board.isAway) return board.isLost ? "Offline" : "Stopped";
  if (state === null) return "Nothing heard of it yet";
  if (state.agent === "starting") return "Starting";
  if (state.agent === "stopping") return "Stopping";
  if (board.pattern === "error" && ["idle", "cancelled"].includes(state.state)) return "No radio";
  if (state.state === "active" && isOwnStation(board)) return "Looks for an access point";
  if (state.state === "active" && state.method === "pin") return "Open for a PIN";
  if (state.state === "success" && state.lastResult?.deviceName) return `Let in: ${state.lastResult.deviceName}`;
  if (state.state === "success" && isOwnStation(board)) return "Has joined a network";
  return STATES[state.state] ?? state.state;
}

/** The session is that of a station of the board's own. */
function isOwnStation(board) {
  const { group, stations } = board.state;
  return group !== null && stations.some((station) => station.interface === group);
}

/** What to do now, for somebody who stands before it, or null. */
export function advice(board) {
  const state = board.state;
  if (board.isLost) return "The board does not reach the broker: look at its power and its network.";
  if (board.isAway) return "Somebody has stopped the agent on this board, or the board itself.";
  if (state === null) return null;
  switch (state.state) {
    case "active":
      if (isOwnStation(board)) return "Press the WPS button of the access point that it is to join.";
      return state.method === "pin"
        ? "Start WPS with a PIN on the device now."
        : "Press the WPS button of the device that is to join, and of no other.";
    case "overlap":
      return "Two devices pressed at once, so nobody was let in. Wait two minutes, then press one button at a time.";
    case "timeout":
      return "No device came within the time. Press both buttons within two minutes, with the device near.";
    case "error":
      return state.lastResult?.reason ? `It failed: ${state.lastResult.reason}. Try again, with the device near the board.` : "It failed. Try again.";
    default:
      break;
  }
  const down = [...state.accessPoints, ...state.stations].find((one) => one.state === "failed" || one.state === "lost");
  if (down) return `${down.interface} is down${down.reason ? `: ${down.reason}` : ""}.`;
  const locked = state.accessPoints.find((ap) => ap.isLocked);
  return locked ? `${locked.ssid} is locked after wrong PINs: restart it, or turn its PIN off.` : null;
}

const PATTERNS = {
  idle: "off",
  in_progress: "blinking, 200 ms on, 100 ms off",
  error: "blinking fast, 100 ms on, 100 ms off",
  overlap: "five fast blinks and a pause",
  success: "on",
  unknown: "not known",
};

export const patternWords = (pattern) => `LED: ${PATTERNS[pattern]}`;

const RESULTS = {
  success: "Let in",
  failed: "Failed",
  timeout: "Nobody came",
  overlap: "Two devices at once",
  cancelled: "Cancelled",
  refused: "Refused",
};

/** The last result: "Let in Living-room TV (02:…)", "Failed: the PIN is wrong". */
export function resultWords(result) {
  const word = RESULTS[result.result] ?? result.result;
  if (result.result === "success") {
    return result.deviceName || result.station ? `${word}: ${device(result.deviceName, result.station)}` : word;
  }
  const saysItAll = result.result === "overlap" || result.result === "timeout";
  return result.reason && !saysItAll ? `${word}: ${result.reason}` : word;
}

const NETWORK_STATES = {
  starting: "starting",
  enabled: "on the air",
  failed: "failed",
  lost: "radio lost",
  disabled: "off",
  connected: "connected",
  disconnected: "not connected",
  handed_over: "handed over",
};

export const networkState = (state) => NETWORK_STATES[state] ?? state;

const COMMANDS = { pbc: "open by button", cancel: "cancel", pin: "take a PIN" };

export const commandWords = (command) => COMMANDS[command] ?? command;

const because = (event) => (event.reason ? `: ${event.reason}` : "");
const at = (event) => event.interface ?? "an interface";
const who = (event) => device(event.deviceName, event.station);

const ENDS = { "timed out": "nobody came", cancelled: "cancelled", failed: "failed", replaced: "replaced by another" };

/** By event_type; docs/mqtt/event.schema.json has all of them. */
export const EVENTS = {
  starting: () => "the agent starts",
  started: () => "the agent runs",
  stopping: () => "the agent ends",
  reloaded: () => "has taken over a new configuration",
  reload_refused: (event) => `the new configuration has a mistake, and nothing was changed${because(event)}`,
  button_pressed: (event) => `button pressed${event.gesture ? ` (${event.gesture})` : ""}`,
  push_button_started: () => "open for one device, for two minutes",
  push_button_ended: (event) => (event.reason === "succeeded" ? "closed again" : `closed: ${ENDS[event.reason] ?? event.reason}`),
  push_button_refused: (event) => `the press had no effect${because(event)}`,
  pin_started: () => "open for a device with a PIN",
  pin_ended: (event) => (event.reason === "succeeded" ? "closed again" : `closed: ${ENDS[event.reason] ?? event.reason}`),
  cancelled: () => "cancelled",
  overlap: () => "two devices at once: nobody was let in",
  enrolment_succeeded: (event) => `${who(event)} was let in`,
  enrolment_failed: (event) => `${who(event)} was not let in${because(event)}`,
  pin_needed: (event) => `${who(event)} waits for its PIN`,
  station_connected: (event) => `${event.station ?? "a device"} connected to ${at(event)}`,
  station_disconnected: (event) => `${event.station ?? "a device"} left ${at(event)}${because(event)}`,
  handshake_failed: (event) => `${event.station ?? "a device"} could not connect${because(event)}`,
  network_read: (event) => `${event.station ?? "a device"} has read the network’s settings with the access point’s PIN`,
  registrar_succeeded: (event) => `${event.station ?? "a device"} has set up ${at(event)} with the access point’s PIN`,
  network_changed: (event) => `${at(event)} is the network ${event.ssid ?? "?"} now`,
  network_taken_over: (event) => `${at(event)} has taken over the network ${event.ssid ?? "?"}`,
  take_over_refused: (event) => `${at(event)} cannot take the network over${because(event)}`,
  channel_kept: (event) => `${at(event)} stays on its channel${because(event)}`,
  settings_not_saved: (event) => `new settings of ${at(event)} could not be saved${because(event)}`,
  settings_dropped: (event) => `saved settings of ${at(event)} are no longer used${because(event)}`,
  ap_pin_disabled: (event) => `the access point’s PIN of ${at(event)} is off now`,
  access_point_added: (event) => `${at(event)} was added`,
  access_point_removed: (event) => `${at(event)} was removed`,
  access_point_started: (event) => `${at(event)} is on the air`,
  access_point_stopped: (event) => `${at(event)} is off the air`,
  access_point_failed: (event) => `${at(event)} failed${because(event)}`,
  radio_lost: (event) => `the radio of ${at(event)} is gone${because(event)}`,
  radio_recovered: (event) => `the radio of ${at(event)} is back`,
  channel_changed: (event) => `${at(event)} is on channel ${event.channel ?? "?"} now`,
  broker_lost: (event) => `was without the broker for a while${because(event)}`,
  setup_locked: (event) => `${at(event)} is locked after wrong PINs`,
  setup_unlocked: (event) => `${at(event)} is unlocked`,
  station_added: (event) => `${at(event)} was added`,
  station_removed: (event) => `${at(event)} was removed`,
  station_started: (event) => `${at(event)} is ready to join networks`,
  station_failed: (event) => `${at(event)} failed${because(event)}`,
  station_lost: (event) => `the radio of ${at(event)} is gone${because(event)}`,
  networks_not_saved: (event) => `what ${at(event)} has learnt could not be saved${because(event)}`,
  handed_over: (event) => `${event.ssid ?? "a network"} was handed over to ${event.manager ?? "another program"}`,
  hand_over_failed: (event) => `${event.manager ?? "another program"} did not take the network${because(event)}`,
  interface_taken: (event) => `${at(event)} was taken from ${event.manager ?? "another program"}`,
  interface_given_back: (event) => `${at(event)} was given back to ${event.manager ?? "another program"}`,
  network_joined: (event) => `${at(event)} joined ${event.ssid ?? "a network"}`,
  network_left: (event) => `${at(event)} left its network${because(event)}`,
  station_wps_started: (event) => `${at(event)} looks for an access point`,
  station_wps_ended: (event) =>
    event.result === "success" ? `${at(event)} was let into a network` : `${at(event)} was not let in${because(event)}`,
  station_wps_refused: (event) => `${at(event)}: the press had no effect${because(event)}`,
  command_received: (event) => `asked from afar: ${commandWords(event.command ?? "?")}${event.isOk ? "" : " (refused)"}`,
};

/** An event as a sentence without its board. */
export function eventWords(event) {
  const words = EVENTS[event.type];
  return words ? words(event) : `${event.type.replaceAll("_", " ")}${because(event)}`;
}

/** Events of which a screen reader is told unasked. */
export const TOLD = new Set([
  "button_pressed",
  "push_button_started",
  "enrolment_succeeded",
  "enrolment_failed",
  "overlap",
  "pin_needed",
  "radio_lost",
  "access_point_failed",
]);
