// SPDX-License-Identifier: BSD-3-Clause
// One board: what it does now, what a person may ask of it, its networks, who is in them and who joined.

import { byId, fill, foreign, h, setAttribute, setText } from "./dom.js";
import { advice, commandWords, counted, minutes, networkState, patternWords, resultWords, stateWords, when } from "./words.js";

export class Detail {
  /** broker: for commands.  flow: what leads a person through letting a device in. */
  constructor(broker, flow) {
    this.broker = broker;
    this.flow = flow;
    this.board = null;
    byId("admit").addEventListener("click", () => this.flow.start(this.board));
    byId("enter-pin").addEventListener("click", () => this.flow.start(this.board, { method: "pin" }));
    byId("cancel").addEventListener("click", () => this.cancel());
  }

  show(board) {
    if (this.board !== board) setText(byId("actions-answer"), "");
    this.board = board;
    this.draw();
  }

  draw() {
    const board = this.board;
    if (board === null) return;
    setText(byId("board-name"), board.name);
    setText(byId("board-state"), stateWords(board));
    setAttribute(byId("board-led"), "data-pattern", board.pattern);
    setAttribute(byId("board-led"), "aria-label", patternWords(board.pattern));
    const words = advice(board);
    byId("board-advice").hidden = words === null;
    setText(byId("board-advice"), words ?? "");
    this.drawActions();
    this.drawPins();
    this.drawNetworks();
    this.drawJoined();
    this.drawFacts();
    this.tick(Date.now());
  }

  tick(now) {
    const board = this.board;
    const left = board?.isOpen && board.endsAt !== null ? board.endsAt - now : null;
    byId("board-time").hidden = left === null;
    if (left === null) return;
    setText(byId("board-left"), minutes(left));
    byId("board-progress").max = board.windowSeconds;
    byId("board-progress").value = Math.max(0, left / 1000);
  }

  drawActions() {
    const { board, broker } = this;
    const may = (command) => broker.isOnline && board.may(command);
    const { accessPoints = [], stations = [] } = board.state ?? {};
    const hasNetworks = accessPoints.length > 0;
    const isAlone = hasNetworks && may("pin") && !may("pbc") && stations.length === 0;
    byId("admit").hidden = isAlone || (!may("pbc") && !may("pin"));
    setText(byId("admit"), hasNetworks ? "Let a device in …" : "Join a network …");
    byId("enter-pin").hidden = !hasNetworks || !may("pin");
    byId("enter-pin").classList.toggle("primary", isAlone);
    byId("cancel").hidden = !may("cancel") || !board.isOpen;
    setText(byId("actions-note"), this.note());
  }

  note() {
    const { board, broker } = this;
    if (!broker.isOnline) return "Not connected to the broker: nothing can be asked of the board.";
    if (board.isAway) return "Offline: nothing can be asked of it.";
    if (board.state === null) return "";
    const { commands, pinRequests } = board.state;
    const how = (names) => `To allow it, its configuration needs commands = [${names}] in [mqtt].`;
    if (commands.length === 0) return `This board takes no commands from afar: press its button. ${how('"pbc", "cancel", "pin"')}`;
    if (pinRequests.length > 0 && !commands.includes("pin")) return `This board takes no PINs from afar. ${how('…, "pin"')}`;
    return "";
  }

  async cancel() {
    const { board } = this;
    const answer = byId("actions-answer");
    setText(answer, "Asking the board …");
    try {
      await this.broker.command(board.node, "cancel", {});
      setText(answer, "Cancelled.");
    } catch (error) {
      setText(answer, error.message);
    }
    if (byId("cancel").hidden && document.activeElement === document.body) byId("board-name").focus();
  }

  drawPins() {
    const { board, flow } = this;
    const requests = board.state?.pinRequests ?? [];
    const isAllowed = this.broker.isOnline && board.may("pin");
    byId("pins").hidden = requests.length === 0 || board.isAway;
    fill(byId("pin-list"), [requests, isAllowed], () =>
      requests.map((request) => {
        const name = request.deviceName ?? request.station ?? "A device";
        const button = h("button", {
          type: "button",
          "data-key": request.uuid,
          "aria-label": `Enter its PIN … (${name})`,
          text: "Enter its PIN …",
          onclick: () => flow.start(board, { method: "pin", request }),
        });
        const since = request.at === null ? "" : `since ${when(request.at)}`;
        const facts = [request.deviceName && request.station, since].filter(Boolean).join(" · ");
        return h("li", {}, h("div", {}, foreign(name), h("p", { class: "quiet", text: facts })), isAllowed && button);
      }),
    );
  }

  drawNetworks() {
    const { accessPoints = [], stations = [] } = this.board.state ?? {};
    fill(byId("network-list"), [accessPoints, stations], () => [
      ...accessPoints.map(accessPoint),
      ...stations.map(station),
      ...(accessPoints.length + stations.length === 0 ? [h("li", { class: "quiet", text: "None" })] : []),
    ]);
  }

  drawJoined() {
    const { joined } = this.board;
    fill(byId("joined-list"), joined, () =>
      joined.length === 0
        ? [h("li", { class: "quiet", text: "Nobody, as far as this page has seen." })]
        : joined.map((one) =>
            h("li", {}, h("div", {}, foreign(one.name ?? one.station ?? "a device"), h("p", { class: "quiet", text: `${when(one.at)}${one.name && one.station ? ` · ${one.station}` : ""}` }))),
          ),
    );
  }

  drawFacts() {
    const { state } = this.board;
    const last = state?.lastResult;
    const facts = [];
    if (last) facts.push(["Last result", `${resultWords(last)}${last.at === null ? "" : ` (${when(last.at)})`}`]);
    if (state?.version) facts.push(["Agent", `wps-agent ${state.version}`]);
    if (state) facts.push(["May be asked from afar", state.commands.map(commandWords).join(", ") || "nothing"]);
    fill(byId("facts"), facts, () => facts.map(([term, text]) => h("div", {}, h("dt", { text: term }), h("dd", { text }))));
  }
}

function accessPoint(ap) {
  const facts = [ap.interface, ap.channel === null ? null : `channel ${ap.channel}`, networkState(ap.state)];
  if (ap.isLocked) facts.push("setup locked");
  const devices = ap.stations.length === 0 ? "nobody is in it" : `${counted(ap.stations.length, "device")}: ${ap.stations.join(", ")}`;
  return network(ap.ssid, facts, ap.reason, devices);
}

function station(one) {
  const facts = [`station ${one.interface}`, networkState(one.state), one.bssid];
  return network(one.ssid ?? "No network", facts, one.reason, null);
}

function network(name, facts, reason, devices) {
  return h(
    "li",
    {},
    h(
      "div",
      {},
      foreign(name),
      h("p", { class: "quiet", text: facts.filter(Boolean).join(" · ") }),
      devices && h("p", { text: devices }),
      reason && h("p", { class: "problem", text: reason }),
    ),
  );
}

