// SPDX-License-Identifier: BSD-3-Clause
// Which broker: asked for, and kept in this browser only if the person ticks it.

import { byId } from "./dom.js";

const KEY = "wps-agent-dashboard";

/** What the server suggests; a page that is served by something else has none. */
export async function suggestion() {
  const none = { broker: null, base_topic: "wps-agent", version: null };
  try {
    const response = await fetch("settings.json");
    return response.ok ? { ...none, ...(await response.json()) } : none;
  } catch {
    return none;
  }
}

/** {url, user, password, topic}, or null. */
export function kept() {
  try {
    const value = JSON.parse(localStorage.getItem(KEY));
    return typeof value?.url === "string" && typeof value.topic === "string" ? value : null;
  } catch {
    return null; // nothing, something else's, or this browser keeps nothing
  }
}

function keep(settings) {
  try {
    if (settings === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing: it is asked for again.
  }
}

function problemOf(settings) {
  let url;
  try {
    url = new URL(settings.url);
  } catch {
    return ["url", "This is no address. It looks like ws://broker.lan:9001."];
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") return ["url", "The address begins with ws:// or wss://."];
  if (url.username || url.password) return ["url", "User and password belong into their own fields."];
  if (url.protocol === "ws:" && location.protocol === "https:") return ["url", "From a page with https:// only wss:// is allowed."];
  if (settings.topic === "" || /[+#]/.test(settings.topic)) return ["topic", "A base topic is a text such as wps-agent, without + and #."];
  return null;
}

export class SettingsDialog {
  /** onSettings({url, user, password, topic}) when the person has said which. */
  constructor(onSettings) {
    this.onSettings = onSettings;
    this.dialog = byId("settings");
    byId("open-settings").addEventListener("click", () => this.open());
    byId("settings-close").addEventListener("click", () => this.dialog.close());
    byId("settings-form").addEventListener("input", () => this.warn());
    byId("settings-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  fill(settings) {
    byId("settings-url").value = settings.url;
    byId("settings-user").value = settings.user;
    byId("settings-password").value = settings.password;
    byId("settings-topic").value = settings.topic;
    byId("settings-keep").checked = kept() !== null;
  }

  /** isOfUser: the address is right, the user or the password is not. */
  open(problem = null, isOfUser = false) {
    this.tell(problem);
    this.warn();
    if (!this.dialog.open) this.dialog.showModal();
    const hasUser = byId("settings-user").value !== "";
    byId(`settings-${!isOfUser ? "url" : hasUser ? "password" : "user"}`).focus();
  }

  tell(problem) {
    byId("settings-problem").hidden = problem === null;
    byId("settings-problem").textContent = problem ?? "";
  }

  warn() {
    const url = byId("settings-url").value;
    const isLocal = /^ws:\/\/(localhost|127\.|\[::1\])/.test(url);
    byId("settings-plain").hidden = byId("settings-password").value === "" || !url.startsWith("ws:") || isLocal;
  }

  submit() {
    const value = (name) => byId(`settings-${name}`).value;
    const settings = {
      url: value("url").trim(),
      user: value("user"),
      password: value("password"),
      topic: value("topic").trim().replace(/^\/+|\/+$/g, ""),
    };
    const problem = problemOf(settings);
    for (const name of ["url", "topic"]) byId(`settings-${name}`).setAttribute("aria-invalid", String(problem?.[0] === name));
    if (problem !== null) {
      this.tell(problem[1]);
      byId(`settings-${problem[0]}`).focus();
      return;
    }
    this.tell(null);
    keep(byId("settings-keep").checked ? settings : null);
    this.dialog.close();
    this.onSettings(settings);
  }
}
