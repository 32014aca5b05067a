// SPDX-License-Identifier: BSD-3-Clause
// The names of all boards from a broker that leaves out what is beyond its queue.
//
// No filter asks for the next thousand.  But an MQTT 5 client that takes 65,535 messages at once makes the broker hold
// all of them as sent; what it then leaves out on the way is unacknowledged, and a session that is taken up again gets
// exactly that (MQTT 5.0, 4.4), a thousand with each connection.

import mqtt from "../mqtt/mqtt.esm.js";

const QUIET_MS = 300;
const MOST_TIME_MS = 10_000; // of one connection
const MOST_CONNECTIONS = 50;
const SESSION_S = 60;

/** The topics below a filter that are retained: a Set; or null if this broker does not do this. */
export async function rollCall(url, options, filter) {
  const topics = new Set();
  for (let count = 0, before = -1; topics.size > before && count < MOST_CONNECTIONS; count += 1) {
    before = topics.size;
    if (!(await connectOnce(url, options, filter, topics, count === 0))) return null;
  }
  return topics;
}

/** Take in what comes until it is quiet; whether it went well. */
function connectOnce(url, options, filter, topics, isFirst) {
  return new Promise((resolve) => {
    const properties = { receiveMaximum: 65_535, sessionExpiryInterval: SESSION_S };
    const client = mqtt.connect(url, { ...options, protocolVersion: 5, clean: isFirst, properties });
    let quiet = null;
    let isEnding = false;
    const end = (isDone) => {
      if (isEnding) return;
      isEnding = true;
      clearTimeout(quiet);
      clearTimeout(limit);
      client.end(!isDone, {}, () => resolve(isDone));
      if (!isDone) resolve(false); // a connection that never was does not end either
    };
    const limit = setTimeout(() => end(false), MOST_TIME_MS);
    const heard = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => end(true), QUIET_MS);
    };
    client.on("message", (topic) => {
      topics.add(topic);
      heard();
    });
    client.on("connect", () => {
      if (isFirst) client.subscribe(filter, { qos: 1 }, (error) => (error ? end(false) : heard()));
      else heard();
    });
    client.on("error", () => end(false));
    client.on("close", () => end(false));
  });
}
