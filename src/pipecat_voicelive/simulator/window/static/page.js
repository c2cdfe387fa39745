// The page: it watches the sessions over the control channel and shows one of them.
// Everything that comes from the wire is put in as text, never as markup.

import {draw, timelineOf} from "/simulator/timeline.js";
import {briefly, linesOf} from "/simulator/words.js";

const $ = id => document.getElementById(id);
const ROWS = 1500;
let socket = null, asked = 0, answers = new Map();
let sessions = [], shown = null, chosen = false, entries = new Map(), lost = 0, rows = new Map(), waiting = false;
let pixels = 90;

const fromAddress = new URLSearchParams(location.hash.slice(1)).get("key");
if (fromAddress) {
  sessionStorage.setItem("key", fromAddress);
  history.replaceState(null, "", location.pathname);
}

function connect() {
  const key = sessionStorage.getItem("key");
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/simulator/control`);
  socket.onopen = async () => {
    answers.clear();
    const opened = await ask("open", key ? {key} : {key: ""});
    if (!opened.ok) return;
    $("key-form").hidden = true;
    state("on", "connected");
    const about = await ask("simulator");
    if (about.ok) tellAbout(about);
    ask("watch");
    if (shown !== null) follow(shown);
  };
  socket.onmessage = message => take(JSON.parse(message.data));
  socket.onclose = event => {
    for (const answer of answers.values()) answer({ok: false, error: "the connection is closed"});
    answers.clear();
    if (event.code === 1008) {
      sessionStorage.removeItem("key");
      $("key-form").hidden = false;
      state("off", "needs its key");
      return;
    }
    state("off", "not connected");
    setTimeout(connect, 1000);
  };
}

function state(kind, text) {
  $("state").className = kind;
  $("state").textContent = text;
}

function ask(command, members = {}) {
  const id = ++asked;
  return new Promise(resolve => {
    answers.set(id, resolve);
    socket.send(JSON.stringify({command, id, ...members}));
  });
}

function tellAbout(about) {
  $("about").textContent = `${about.endpoint} · scenario ${about.scenario}, ${about.turns} ${about.turns === 1 ? "turn" : "turns"}`;
  $("variables").textContent = `AZURE_VOICE_LIVE_ENDPOINT=${about.endpoint}\nAZURE_VOICE_LIVE_API_KEY=${sessionStorage.getItem("key") ? "<the key>" : "anything"}`;
  const examples = about.faults || [];
  $("faults").replaceChildren(...examples.map(fault => {
    const option = document.createElement("option");
    option.value = fault.example;
    return option;
  }));
  $("kinds").replaceChildren(...examples.map(fault => {
    const kind = document.createElement("button");
    kind.type = "button";
    kind.textContent = fault.name;
    kind.title = fault.meaning;
    kind.onclick = () => { $("fault").value = fault.example; $("fault").focus(); };
    return kind;
  }));
}

function take(message) {
  if ("reply" in message) {
    answers.get(message.reply)?.(message);
    answers.delete(message.reply);
  } else if (message.event === "sessions") {
    showSessions(message.sessions);
  } else if (message.event === "entries" && message.session === shown) {
    lost += message.lost;
    for (const entry of message.entries) entries.set(entry.number, entry);
    while (entries.size > 6000) entries.delete(entries.keys().next().value);
    for (const entry of message.entries) showEvent(entry);
    showLater();
  }
}

function showSessions(told) {
  sessions = told;
  $("sessions").replaceChildren(...sessions.map(session => {
    const button = document.createElement("button");
    const small = document.createElement("small");
    button.className = session.open ? "open" : "over";
    button.textContent = `${session.number} ${session.model} `;
    small.textContent = session.open ? session.api_version : `over, ${session.close_code}`;
    button.append(small);
    button.setAttribute("aria-current", session.number === shown);
    button.onclick = () => { chosen = true; show(session.number); };
    return button;
  }));
  const current = sessions.find(session => session.number === shown);
  const open = sessions.filter(session => session.open);
  // The newest is shown until somebody chooses one.
  const newest = (open.length ? open : sessions).at(-1);
  if (newest && (current === undefined || (!chosen && newest.number !== shown))) show(newest.number);
  $("session").hidden = sessions.length === 0;
  $("nobody").hidden = sessions.length !== 0;
  const now = sessions.find(session => session.number === shown);
  if (now) {
    $("title").textContent = `Session ${now.number}, ${now.model}${now.open ? "" : ", over"}`;
    $("talk-box").classList.toggle("over", !now.open);
  }
}

function show(number) {
  if (shown !== null && shown !== number) ask("unfollow", {session: shown});
  follow(number);
  showSessions(sessions);
  if (!chosen) $("sessions").scrollLeft = document.querySelector("#sessions [aria-current=true]")?.offsetLeft - 40;
}

function follow(number) {
  shown = number;
  entries = new Map();
  rows = new Map();
  lost = 0;
  $("wire").replaceChildren();
  $("done").textContent = "";
  ask("follow", {session: number});
  showLater();
}

function showLater() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const list = [...entries.values()];
    showTalk(linesOf(list));
    showTimeline(list);
  });
}

function showTimeline(list) {
  const scroll = $("scroll");
  draw($("chart"), timelineOf(list), pixels);
  if ($("latest").checked) scroll.scrollLeft = scroll.scrollWidth;
}

function showTalk(lines) {
  const talk = $("talk");
  const atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 40;
  const shownLines = lines.filter(line => line.text || line.pending || line.aside).map(line => {
    const row = document.createElement("div"), time = document.createElement("time");
    const who = document.createElement("b"), text = document.createElement("p");
    row.className = `line from-${line.from}`;
    time.textContent = `${(line.at / 1000).toFixed(2)} s`;
    who.textContent = line.who;
    text.textContent = line.text || (line.pending ? "…" : "");
    if (line.aside) {
      const aside = document.createElement("small");
      aside.textContent = `  ${line.aside}`;
      text.append(aside);
    }
    row.append(time, who, text);
    return row;
  });
  if (!shownLines.length || lost) {
    const empty = document.createElement("p");
    empty.className = "empty";
    empty.textContent = lost ? `${lost} earlier events are forgotten.` : "Nothing has been said yet.";
    shownLines.unshift(empty);
  }
  talk.replaceChildren(...shownLines);
  if (atEnd) talk.scrollTop = talk.scrollHeight;
}

function showEvent(entry) {
  let row = rows.get(entry.number);
  const wire = $("wire");
  const atEnd = wire.scrollHeight - wire.scrollTop - wire.clientHeight < 40;
  if (!row) {
    row = document.createElement("div");
    const button = document.createElement("button");
    for (const part of ["time", "em", "span", "i"]) button.append(document.createElement(part));
    button.type = "button";
    button.onclick = () => toggle(entry.number);
    row.append(button);
    rows.set(entry.number, row);
    wire.append(row);
    if (rows.size > ROWS) {
      const [oldest, gone] = rows.entries().next().value;
      gone.remove();
      rows.delete(oldest);
    }
  }
  const [time, way, type, brief] = row.firstChild.children;
  row.className = `event from-${entry.from}${entry.type === "error" ? " is-error" : ""}`;
  time.textContent = `${(entry.at_ms / 1000).toFixed(2)}`;
  way.textContent = {client: "→", server: "←"}[entry.from] || "•";
  type.textContent = entry.type;
  brief.textContent = briefly(entry).slice(0, 300);
  if (row.children.length > 1) row.lastChild.textContent = pretty(entry.number);
  row.hidden = !passes(entry);
  if (atEnd) wire.scrollTop = wire.scrollHeight;
}

function toggle(number) {
  const row = rows.get(number);
  if (row.children.length > 1) {
    row.lastChild.remove();
    return;
  }
  const json = document.createElement("pre");
  json.textContent = pretty(number);
  row.append(json);
}

function pretty(number) {
  const entry = entries.get(number);
  return JSON.stringify(entry?.event ?? {note: entry?.note}, null, 2);
}

function passes(entry) {
  const wanted = $("filter").value.trim().toLowerCase();
  if (entry.from === "client" && !$("client").checked) return false;
  if (entry.from === "server" && !$("server").checked) return false;
  const piece = entry.type.endsWith(".delta") && entry.type !== "response.audio.delta";
  if (piece && !$("pieces").checked && !wanted) return false;
  return !wanted || JSON.stringify(entry).toLowerCase().includes(wanted);
}

for (const id of ["filter", "client", "server", "pieces"]) {
  $(id).addEventListener("input", () => {
    for (const [number, row] of rows) row.hidden = !passes(entries.get(number));
    $("wire").scrollTop = $("wire").scrollHeight;
  });
}
for (const form of document.querySelectorAll("#part form")) {
  form.onsubmit = async event => {
    event.preventDefault();
    const input = form.querySelector("input");
    report(null, "…");
    const answer = await ask(form.dataset.command, {session: shown, [form.dataset.member]: input.value});
    report(answer.ok, answer.ok ? `${form.querySelector("button").textContent}: done.` : answer.error);
    if (answer.ok) input.value = "";
  };
}
$("close").onclick = async () => {
  const answer = await ask("close", {session: shown});
  report(answer.ok, answer.ok ? "Closed." : answer.error);
};
$("key-form").onsubmit = event => {
  event.preventDefault();
  sessionStorage.setItem("key", $("key").value);
  $("key").value = "";
  connect();
};
const zoom = factor => {
  pixels = Math.min(Math.max(pixels * factor, 10), 600);
  showLater();
};
$("wider").onclick = () => zoom(1.5);
$("narrower").onclick = () => zoom(1 / 1.5);

function report(ok, text) {
  $("done").className = ok === false ? "failed" : "";
  $("done").textContent = text;
}

connect();
