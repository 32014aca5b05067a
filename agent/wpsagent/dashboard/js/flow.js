// SPDX-License-Identifier: BSD-3-Clause
// Leads a person through letting a device in, step by step: which way? → button or PIN → what came of it, what to do.
//
// It follows the board, not its own idea of it: the window is open when the board says so, and what came of it is what
// the board tells.  It can be closed at any time; the board goes on.

import { byId, foreign, h, setAttribute, setText } from "./dom.js";
import { newPin, problemOfPin, readPin } from "./pin.js";
import { device, minutes, patternWords } from "./words.js";

const PIN_TIME_S = 300;
const WRONG_PIN = 18; // Configuration Error "device password authentication failure" (WSC 2.0, table 34)

const radio = (name, value, label, hint, isChecked) =>
  h(
    "label",
    { class: "choice" },
    h("input", { type: "radio", name, value, checked: isChecked }),
    h("span", {}, h("strong", { text: label }), h("small", { text: hint })),
  );

export class Flow {
  constructor(broker) {
    this.broker = broker;
    this.dialog = byId("flow");
    this.body = byId("flow-body");
    this.reset();
    byId("flow-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.next();
    });
    this.dialog.addEventListener("close", () => this.closed());
  }

  reset() {
    this.step = null;
    this.board = null;
    this.method = null;
    this.target = "";
    this.hasChosen = false; // the way was asked for, and can be asked for again
    this.request = null;
    this.hasBeenOpen = false;
    this.hasCancelled = false;
    this.isOurs = false; // the board is open because we have asked for it
    this.before = null; // what goes on already, while nothing has been asked for
    this.next = () => {};
  }

  // ---- the frame of every step

  /** Begin for a board; with a method the first question is answered already. */
  start(board, { method = null, request = null } = {}) {
    this.reset();
    this.board = board;
    this.request = request;
    if (method === "pin") this.askPin();
    else this.askMethod();
    this.dialog.showModal();
    byId("flow-title").focus();
  }

  /** The browser gives the focus back to whoever had it, but what began this may be gone. */
  closed() {
    this.reset();
    this.body.replaceChildren();
    if (document.activeElement === document.body) byId("board-name").focus();
  }

  /** Show a step.  buttons: [text, what it does, is it the main one]; the main one also answers Enter. */
  show(step, title, steps, body, buttons) {
    this.step = step;
    setText(byId("flow-title"), title);
    setText(byId("flow-steps"), steps);
    const isQuestion = step === "button" || step === "pin" || step === "own-pin";
    this.before = isQuestion ? h("p", { class: "warning", role: "status" }) : null;
    this.body.replaceChildren(...body, ...(isQuestion ? [this.before] : []));
    this.tellBefore();
    this.problem(null);
    this.next = () => {};
    byId("flow-buttons").replaceChildren(
      ...buttons.map(([text, act, isMain]) => {
        if (isMain) this.next = act;
        const properties = isMain ? { type: "submit", class: "primary" } : { type: "button", onclick: act };
        return h("button", { ...properties, text });
      }),
    );
    if (this.dialog.open) byId("flow-title").focus();
  }

  /** Somebody else may be letting a device in at this moment. */
  tellBefore() {
    if (this.before === null) return;
    const { state } = this.board;
    const isOpen = this.board.isOpen && !this.isOurs;
    const byPin = "The board is open for another device’s PIN now: if you go on, that one is no longer awaited.";
    const byButton = "The board is open for a device at this moment: if you go on, the time begins anew.";
    setText(this.before, !isOpen ? "" : state.method === "pin" ? byPin : byButton);
  }

  problem(text) {
    byId("flow-problem").hidden = text === null;
    setText(byId("flow-problem"), text ?? "");
  }

  close() {
    this.dialog.close();
  }

  // ---- first: which way?

  askMethod() {
    const { board } = this;
    const choices = [];
    const isFirst = () => choices.length === 0;
    const { accessPoints, stations } = board.state;
    if (accessPoints.length > 0 && board.may("pbc")) {
      choices.push(radio("method", "pbc", "It has a WPS button", "or “WPS” in its Wi-Fi settings. Most printers have one.", isFirst()));
    }
    if (accessPoints.length > 0 && board.may("pin")) {
      choices.push(radio("method", "pin", "It has a WPS PIN", "on its screen or its label: 8 digits, or 4.", isFirst()));
    }
    if (stations.length > 0 && board.may("pbc")) {
      choices.push(radio("method", "join", "The board itself is to join a network", "You press the access point’s WPS button.", isFirst()));
    }
    if (stations.length > 0 && board.may("pin")) {
      choices.push(radio("method", "join-pin", "The board itself is to join, with a PIN", "You enter a PIN at the access point.", isFirst()));
    }
    const target = this.targetField(accessPoints);
    const hasNetworks = accessPoints.length > 0;
    const question = hasNetworks ? "What does your device have?" : "What does the access point have?";
    const body = [h("fieldset", {}, h("legend", { text: question }), ...choices), target];
    this.show("method", hasNetworks ? "Let a device in" : "Join a network", "Step 1 of 3", body, [
      ["Next", () => this.methodChosen(), true],
      ["Not now", () => this.close()],
    ]);
  }

  /** Which networks, if there is a choice. */
  targetField(accessPoints) {
    const groups = new Map();
    for (const ap of accessPoints) groups.set(ap.group, [...(groups.get(ap.group) ?? []), ap.ssid]);
    if (groups.size < 2) return "";
    const options = [...groups].map(([group, ssids]) => h("option", { value: group, text: [...new Set(ssids)].join(", ") }));
    return h("label", {}, "Into which network?", h("select", { name: "target" }, h("option", { value: "", text: "Any of them" }), ...options));
  }

  methodChosen() {
    const { elements } = byId("flow-form");
    this.target = elements.target?.value ?? "";
    this.method = elements.method?.value ?? null;
    this.hasChosen = true;
    if (this.method === "pin") this.askPin();
    else if (this.method === "pbc" || this.method === "join") this.beforeButton();
    else if (this.method === "join-pin") this.showPin();
    else this.problem("Please choose one.");
  }

  // ---- second: the button, or the PIN

  beforeButton() {
    const isJoin = this.method === "join";
    const what = isJoin ? "access point" : "device";
    const text = isJoin
      ? "Then you have two minutes to press the WPS button of the access point that the board is to join."
      : "Then you have two minutes to press the WPS button of your device. Whoever presses first is let in, so stay near it.";
    this.show("button", `Is your ${what} at hand?`, "Step 2 of 3", [h("p", { text })], [
      [isJoin ? "Start" : "Open the network", () => this.press(), true],
      ["Back", () => this.askMethod()],
      ["Not now", () => this.close()],
    ]);
  }

  /** The board is the one with a PIN: a fresh one, for the access point. */
  showPin() {
    const pin = newPin();
    const body = [
      h("p", { text: "Open the access point’s own page, find WPS with a PIN, and enter there:" }),
      h("p", { class: "pin", text: `${pin.slice(0, 4)} ${pin.slice(4)}` }),
    ];
    this.show("own-pin", "A PIN for the access point", "Step 2 of 3", body, [
      ["Start", () => this.send("pin", { ...this.station, pin }), true],
      ["Back", () => this.askMethod()],
      ["Not now", () => this.close()],
    ]);
  }

  /** Whom a command is for: the first of the board's own stations. */
  get station() {
    return { role: "station", target: this.board.state.stations[0].interface };
  }

  press() {
    const values = { role: "access_point", ...(this.target && { target: this.target }) };
    this.send("pbc", this.method === "join" ? this.station : values);
  }

  askPin() {
    this.method = "pin";
    const requests = this.board.state?.pinRequests ?? [];
    const input = h("input", {
      name: "pin",
      inputmode: "numeric",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: "12",
      size: "10",
      "aria-describedby": "pin-hint flow-problem",
    });
    const body = [];
    if (this.request) body.push(h("p", {}, "For ", foreign(device(this.request.deviceName, this.request.station)), "."));
    else if (requests.length > 0) body.push(this.requestField(requests));
    body.push(
      h("label", {}, "PIN of the device", input),
      h("p", { class: "hint", id: "pin-hint", text: "Start WPS with a PIN on the device, and type what it shows, or what stands on its label: 8 digits, or 4." }),
    );
    this.show("pin", "Which PIN does it show?", "Step 2 of 3", body, [
      ["Let it in", () => this.sendPin(), true],
      ...(this.hasChosen ? [["Back", () => this.askMethod()]] : []),
      ["Not now", () => this.close()],
    ]);
  }

  requestField(requests) {
    const option = (request) => h("option", { value: request.uuid, text: device(request.deviceName, request.station) });
    return h("label", {}, "Which device?", h("select", { name: "uuid" }, h("option", { value: "", text: "Whichever has this PIN" }), ...requests.map(option)));
  }

  sendPin() {
    const { elements } = byId("flow-form");
    const pin = readPin(elements.pin.value);
    const problem = problemOfPin(pin);
    elements.pin.setAttribute("aria-invalid", String(problem !== null));
    if (problem !== null) {
      this.problem(problem);
      elements.pin.focus();
      return;
    }
    const uuid = this.request?.uuid ?? elements.uuid?.value;
    this.send("pin", { pin, timeout_s: PIN_TIME_S, ...(uuid && { uuid }), ...(this.target && { target: this.target }) });
  }

  async send(command, values) {
    const { board } = this;
    for (const button of byId("flow-buttons").children) button.disabled = true;
    this.problem(null);
    setText(byId("flow-steps"), "Asking the board …");
    this.hasBeenOpen = false;
    this.hasCancelled = false;
    const step = (this.step = `${this.step} sent`);
    try {
      await this.broker.command(board.node, command, values);
    } catch (error) {
      if (this.step !== step) return; // closed meanwhile, or begun anew
      this.step = step.replace(" sent", "");
      for (const button of byId("flow-buttons").children) button.disabled = false;
      setText(byId("flow-steps"), "Step 2 of 3");
      this.problem(error.message);
      return;
    }
    if (this.step === step) this.wait();
  }

  // ---- third: waiting for the device

  wait() {
    const titles = {
      pbc: "Now press the WPS button of your device",
      join: "Now press the WPS button of the access point",
      pin: "Now start WPS on your device",
      "join-pin": "Now start WPS at the access point",
    };
    const hints = {
      pbc: "On some it must be held for a few seconds, on others it is in the menu. Press no other.",
      join: "On some it must be held for a few seconds. Press no other.",
      pin: "The board lets it in as soon as it shows this PIN.",
      "join-pin": "The board joins as soon as the access point has taken the PIN.",
    };
    this.led = h("span", { class: "led large", role: "img" }, h("span"));
    this.left = h("strong");
    this.bar = h("progress", { max: this.board.windowSeconds, "aria-label": "Time left" });
    this.note = h("p", { class: "quiet", role: "status" });
    const time = h("div", { class: "time" }, h("p", {}, this.left, " left"), this.bar);
    const buttons = [["Close, the board goes on", () => this.close()]];
    if (this.board.may("cancel")) buttons.unshift(["Cancel", () => this.cancel()]);
    this.time = time;
    this.isOurs = true;
    this.isBroken = false;
    this.show("wait", titles[this.method], "Step 3 of 3", [h("div", { class: "title" }, this.led, time), h("p", { text: hints[this.method] }), this.note], buttons);
    this.boardChanged(this.board);
  }

  /** Whether it waits for a device with this PIN, whoever the PIN is of. */
  get isByPin() {
    return this.method === "pin" || this.method === "join-pin";
  }

  async cancel() {
    this.hasCancelled = true;
    try {
      await this.broker.command(this.board.node, "cancel", {});
    } catch (error) {
      this.hasCancelled = false;
      if (this.step !== null) this.problem(error.message);
    }
  }

  /** A PIN that was not it is still on offer. */
  async giveUp() {
    await this.cancel();
    if (this.hasCancelled) this.close();
  }

  tick(now) {
    if (this.step !== "wait") return;
    const { endsAt } = this.board;
    this.time.hidden = endsAt === null;
    if (endsAt === null) return;
    setText(this.left, minutes(endsAt - now));
    this.bar.max = this.board.windowSeconds;
    this.bar.value = Math.max(0, (endsAt - now) / 1000);
  }

  /** The connection, or the board's own, came or went. */
  connectionChanged() {
    if (this.step !== "wait") return;
    const isBroken = !this.broker.isOnline || this.board.isAway;
    if (isBroken === this.isBroken) return;
    this.isBroken = isBroken;
    const where = this.broker.isOnline ? "The board has lost its connection" : "No connection to the broker at the moment";
    setText(this.note, isBroken ? `${where}; if it has power it goes on by itself.` : "");
  }

  boardChanged(board) {
    if (board !== this.board || this.step === null) return;
    const isOpen = board.state?.state === "active";
    const isOther = isOpen && board.state.method === (this.isByPin ? "push_button" : "pin");
    if (isOpen && !isOther) this.hasBeenOpen = true;
    if (!isOpen) this.isOurs = false;
    this.tellBefore();
    if (this.step !== "wait") return;
    if (isOther && this.hasBeenOpen) {
      this.replaced();
      return;
    }
    this.connectionChanged();
    setAttribute(this.led, "data-pattern", board.pattern);
    setAttribute(this.led, "aria-label", patternWords(board.pattern));
    this.tick(Date.now());
    if (this.hasBeenOpen && board.state !== null && board.state.state !== "active") this.done(board.state);
  }

  /** A try that failed leaves the window open, and is worth a word. */
  happened(board, event) {
    if (board !== this.board || this.step !== "wait") return;
    if (event.type === "push_button_refused" && !this.hasBeenOpen) {
      this.end("It did not start", event.reason ?? "The board refused.", "Look at the board’s state, then try again.");
    } else if (event.type === "pin_ended" && event.reason === "replaced" && this.isByPin) {
      this.replaced();
    } else if (event.type === "enrolment_failed") {
      this.failed(event);
    }
  }

  /** A wrong PIN stays wrong; anything else may go better the next time, without us. */
  failed(event) {
    const reason = event.reason ?? "the board gave no reason";
    const isOurs = !this.request?.station || !event.station || this.request.station === event.station;
    if (this.isByPin && isOurs && event.configurationError === WRONG_PIN) {
      const name = device(this.request?.deviceName ?? event.deviceName, event.station);
      this.end("That was not it", `${name}: ${reason}.`, "Read the PIN again, on the device itself, and try once more.");
    } else {
      const who = isOurs ? "A try" : `A try of ${device(event.deviceName, event.station)}`;
      setText(this.note, `${who} failed: ${reason}. The network is still open.`);
    }
  }

  replaced() {
    this.isOurs = false;
    this.end("Something else was begun", "Somebody has begun another setup at this board, and yours has ended with that.", "Wait until the other one has ended, then try again.");
  }

  done(state) {
    const last = state.lastResult;
    if (state.state === "success") this.success(last);
    else if (state.state === "overlap") {
      this.end("Nobody was let in", "Two devices had their button pressed at the same time.", "Wait two minutes, then press one device’s button only.");
    } else if (state.state === "timeout") {
      const todo = this.isByPin
        ? "Bring the device near the board, start WPS with a PIN on it, and enter the PIN once more."
        : "Bring it near the board, and press its button within two minutes.";
      this.end("Nobody came", "No device asked to be let in within the time.", todo);
    } else if (state.state === "cancelled") {
      this.end("Cancelled", this.hasCancelled ? "Nobody was let in." : "Somebody else has cancelled it. Nobody was let in.", null);
    } else if (state.state === "idle") {
      this.replaced();
    } else {
      const reason = last?.reason ? `${last.reason}.` : "The board gave no reason.";
      this.end("It did not work", reason, "Switch WPS off and on on the device, then try again.");
    }
  }

  success(last) {
    const isJoin = this.method.startsWith("join");
    const name = last?.deviceName || last?.station ? device(last.deviceName, last.station) : "The device";
    const text = isJoin ? [h("p", { text: "The board was let into the network." })] : [h("p", {}, foreign(name), " has been let in. It connects by itself now.")];
    const led = h("span", { class: "led large", role: "img", "data-pattern": "success", "aria-label": patternWords("success") }, h("span"));
    this.show("done", isJoin ? "The board is in" : "It is in", "Done", [h("div", { class: "title" }, led, ...text)], [["Close", () => this.close(), true]]);
  }

  end(title, text, todo) {
    const steps = { pin: () => this.askPin(), "join-pin": () => this.showPin() };
    const again = steps[this.method] ?? (() => this.beforeButton());
    const body = [h("p", { text }), todo && h("p", { class: "advice", text: todo })].filter(Boolean);
    const isOver = !this.isOurs || !this.board.isOpen || !this.board.may("cancel");
    this.show("done", title, "Done", body, [
      ["Try again", again, true],
      isOver ? ["Close", () => this.close()] : ["Give up", () => this.giveUp()],
    ]);
  }
}
