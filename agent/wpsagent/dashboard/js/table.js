// SPDX-License-Identifier: BSD-3-Clause
// What happened as a table for other programs: a file of comma-separated values (RFC 4180).

import { h } from "./dom.js";
import { eventWords } from "./words.js";

const COLUMNS = {
  time: (event) => new Date(event.at).toISOString(),
  board: (event) => event.name,
  event: (event) => event.type,
  device: (event) => event.deviceName,
  address: (event) => event.station,
  interface: (event) => event.interface,
  reason: (event) => event.reason,
  words: (event) => eventWords(event),
};

/** Devices choose their names themselves: none becomes a formula. */
const cell = (value) => `"${(value ?? "").replace(/^[=+\-@]/, "'$&").replaceAll('"', '""')}"`;

function table(events) {
  const lines = events.map((event) => Object.values(COLUMNS).map((column) => cell(column(event))));
  return [Object.keys(COLUMNS), ...lines].map((line) => `${line.join(",")}\r\n`).join("");
}

/** Hand the events, the last first, to the person as a file. */
export function save(events) {
  const address = URL.createObjectURL(new Blob([table(events)], { type: "text/csv" }));
  h("a", { href: address, download: `wps-agent-${new Date().toISOString().slice(0, 10)}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
