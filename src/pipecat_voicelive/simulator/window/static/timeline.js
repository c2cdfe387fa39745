// What was said when: a model of the timeline from the entries of a session, and its drawing.
// Places are milliseconds of the conversation's clock, on which audio takes as long as it lasts.

const START = "input_audio_buffer.speech_started";
const STOP = "input_audio_buffer.speech_stopped";

/** The pieces of the timeline. */
export function timelineOf(entries) {
  const caller = new Map(), bot = new Map(), tools = new Map(), words = [], marks = [];
  const answers = new Map();  // responses by id: when they began and how they ended
  let botEnd = 0, end = 0;
  for (const entry of entries) {
    const event = entry.event || {}, at = entry.clock_ms;
    end = Math.max(end, at + (entry.from === "client" ? entry.audio_ms || 0 : 0));
    switch (entry.type) {
      case "note": if (entry.from === "control") marks.push({at, kind: "hand", text: entry.note}); break;
      case "error": marks.push({at, kind: "bad", text: (event.error && event.error.code) || "error"}); break;
      case START: {
        const playing = [...bot.values()].find(piece => piece.start < at && at < piece.start + piece.length - 50 && piece.heard === null);
        if (playing) marks.push({at, kind: "bad", text: "interrupts"});
        caller.set(event.item_id, {start: at, stop: null, text: ""});
        break;
      }
      case STOP: {
        const piece = caller.get(event.item_id);
        if (piece) piece.stop = Math.max(at, piece.start);
        break;
      }
      case "conversation.item.input_audio_transcription.delta":
      case "conversation.item.input_audio_transcription.completed": {
        const piece = caller.get(event.item_id);
        if (piece) piece.text = event.transcript ?? piece.text + (event.delta || "");
        break;
      }
      case "conversation.item.create": {
        const item = event.item || {};
        if (item.type === "function_call_output") {
          const piece = tools.get(item.call_id);
          if (piece) piece.stop = at;
        } else if (item.type === "message") {
          caller.set(`typed ${entry.number}`, {start: at, stop: at + 600, text: wordsOf(item), typed: true});
        }
        break;
      }
      case "response.audio.delta": {
        const piece = pieceOf(bot, event.item_id, Math.max(at, botEnd), event.response_id);
        piece.length += entry.audio_ms || 0;
        piece.spoken = true;
        botEnd = Math.max(botEnd, piece.start + piece.length);
        break;
      }
      case "response.audio_transcript.delta":
      case "response.text.delta": {
        const known = bot.get(event.item_id);
        const piece = known || pieceOf(bot, event.item_id, Math.max(at, botEnd), event.response_id);
        piece.text += event.delta || "";
        if (!piece.spoken && entry.type === "response.text.delta") piece.length = Math.max(piece.length, 600);
        break;
      }
      case "response.audio_timestamp.delta": words.push({item: event.item_id, offset: event.audio_offset_ms || 0}); break;
      case "conversation.item.truncate": {
        const piece = bot.get(event.item_id);
        if (piece) { piece.heard = Math.min(event.audio_end_ms || 0, piece.length); botEnd = Math.min(botEnd, Math.max(at, piece.start + piece.heard)); }
        break;
      }
      case "response.function_call_arguments.done":
        tools.set(event.call_id, {start: at, stop: null, text: `${event.name || "tool"} ${event.arguments || ""}`});
        break;
      case "response.done": {
        const response = event.response || {};
        if (response.status !== "cancelled") break;
        for (const piece of bot.values()) {
          if (piece.response === response.id && piece.heard === null && at < piece.start + piece.length) {
            piece.heard = Math.max(0, at - piece.start);
            botEnd = Math.max(at, piece.start);
          }
        }
        break;
      }
    }
  }
  for (const piece of bot.values()) end = Math.max(end, piece.start + piece.length);
  for (const word of words) {
    const piece = bot.get(word.item);
    if (piece) word.at = piece.start + word.offset;
  }
  const lasting = pieces => [...pieces.values()].map(piece => ({...piece, stop: piece.stop ?? end}));
  return {caller: lasting(caller), bot: [...bot.values()], tools: lasting(tools), words, marks, end: end + 500};
}

function pieceOf(bot, item, start, response) {
  if (!bot.has(item)) bot.set(item, {start, length: 0, text: "", heard: null, response, spoken: false});
  return bot.get(item);
}

/** The words of a message. */
export function wordsOf(item) {
  const parts = Array.isArray(item.content) ? item.content : [];
  return parts.map(part => part?.text || part?.transcript || (part?.type === "input_image" ? "(an image)" : "")).join(" ");
}

/** Draw a model into an element, a second being so many pixels wide. */
export function draw(chart, model, pixels) {
  const x = ms => ms / 1000 * pixels;
  const parts = [];
  const put = (kind, start, width, text) => {
    const part = document.createElement("div");
    part.className = kind;
    part.style.left = `${x(start)}px`;
    if (width !== null) part.style.width = `${Math.max(x(width), 4)}px`;
    if (text) { part.textContent = text; part.title = text; }
    parts.push(part);
    return part;
  };
  const step = [1, 2, 5, 10, 30, 60, 300].find(seconds => seconds * pixels >= 70) || 600;
  for (let second = 0; second * 1000 <= model.end; second += step) put("tick", second * 1000, null, `${second} s`).title = "";
  for (const piece of model.caller) put(`piece caller${piece.typed ? " typed" : ""}`, piece.start, piece.stop - piece.start, piece.text);
  for (const piece of model.bot) {
    const heard = piece.heard ?? piece.length;
    const kind = `piece bot${piece.spoken ? "" : " typed"}`;
    put(piece.heard === null ? kind : `${kind} cut`, piece.start, heard, piece.text);
    if (piece.length - heard > 50) put("piece bot unheard", piece.start + heard, piece.length - heard, "").title = "not heard";
  }
  for (const piece of model.tools) put("piece tool", piece.start, Math.max(piece.stop - piece.start, 300), piece.text);
  for (const word of model.words) if (word.at !== undefined) put("word", word.at, 0, "");
  const taken = [0, 0, 0];  // up to where each row of labels is taken
  for (const mark of model.marks) {
    const part = put(`mark ${mark.kind}`, mark.at, null, "");
    const label = document.createElement("span");
    label.textContent = mark.text.length > 40 ? `${mark.text.slice(0, 39)}…` : mark.text;
    const row = taken.findIndex(until => until <= x(mark.at));
    part.title = mark.text;
    if (row < 0) continue;  // no room; the conversation has it too
    taken[row] = x(mark.at) + label.textContent.length * 6.2 + 8;
    label.className = `row${row}`;
    part.append(label);
  }
  chart.style.width = `${x(model.end) + 60}px`;
  chart.replaceChildren(...parts);
}
