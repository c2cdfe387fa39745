// The conversation as text: one line for each thing that was said or done, from the entries of a session.

import {wordsOf} from "/simulator/timeline.js";

/** The lines, in the order in which they began. */
export function linesOf(entries) {
  const lines = [], byItem = new Map(), byCall = new Map(), byResponse = new Map();
  let asked = null;
  const add = (entry, from, who, text) => {
    const line = {at: entry.at_ms, from, who, text, aside: ""};
    lines.push(line);
    return line;
  };
  const itemLine = (entry, id, from, who) => {
    if (!byItem.has(id)) byItem.set(id, add(entry, from, who, ""));
    return byItem.get(id);
  };
  const answer = (entry, event) => {
    const line = itemLine(entry, event.item_id, "bot", "bot");
    byResponse.set(event.response_id, line);
    if (asked !== null) {
      line.aside = `after ${((entry.at_ms - asked) / 1000).toFixed(2)} s`;
      asked = null;
    }
    return line;
  };
  for (const entry of entries) {
    const event = entry.event || {};
    switch (entry.type) {
      case "note": add(entry, entry.from === "control" ? "hand" : "note", "note", entry.note); break;
      case "error": add(entry, "error", "error", [event.error?.code, event.error?.message].filter(Boolean).join(": ")); break;
      case "input_audio_buffer.speech_started": itemLine(entry, event.item_id, "caller", "caller").pending = true; break;
      case "input_audio_buffer.speech_stopped": asked = entry.at_ms; break;
      case "response.create": asked = entry.at_ms; break;
      case "conversation.item.input_audio_transcription.delta":
        itemLine(entry, event.item_id, "caller", "caller").text += event.delta || ""; break;
      case "conversation.item.input_audio_transcription.completed": {
        const line = itemLine(entry, event.item_id, "caller", "caller");
        line.text = event.transcript || "";
        line.pending = false;
        if (!line.text) line.aside = "nothing was understood";
        break;
      }
      case "conversation.item.input_audio_transcription.failed": {
        const line = itemLine(entry, event.item_id, "caller", "caller");
        line.pending = false;
        line.aside = "not transcribed";
        break;
      }
      case "conversation.item.create": {
        const item = event.item || {};
        if (item.type === "message") add(entry, "caller", item.role || "user", wordsOf(item));
        else if (item.type === "function_call_output") {
          const call = byCall.get(item.call_id);
          if (call) call.text += ` → ${item.output}`; else add(entry, "tool", "tool", item.output);
        } else if (item.type === "mcp_approval_response") add(entry, "tool", "client", item.approve ? "approves" : "denies");
        break;
      }
      case "response.audio_transcript.delta":
      case "response.text.delta": answer(entry, event).text += event.delta || ""; break;
      case "response.audio_transcript.done":
      case "response.text.done": answer(entry, event).text = event.transcript ?? event.text ?? ""; break;
      case "response.function_call_arguments.done":
        byCall.set(event.call_id, add(entry, "tool", "tool", `${event.name || "?"}(${event.arguments || ""})`)); break;
      case "response.output_item.done": {
        const item = event.item || {};
        if (item.type === "mcp_call") add(entry, "tool", "tool", `${item.name}(${item.arguments || ""}) → ${item.output || item.error?.message || ""}`);
        break;
      }
      case "conversation.item.truncate": {
        const line = byItem.get(event.item_id);
        if (line) line.aside = [line.aside, `cut after ${((event.audio_end_ms || 0) / 1000).toFixed(1)} s`].filter(Boolean).join(", ");
        break;
      }
      case "response.done": {
        const response = event.response || {};
        if (response.status === "completed") break;
        const reason = response.status_details?.reason || response.status_details?.error?.code || "";
        const line = byResponse.get(response.id) || add(entry, "bot", "bot", "");
        line.aside = [line.aside, `${response.status} ${reason}`.trim()].filter(Boolean).join(", ");
        break;
      }
    }
  }
  return lines;
}

/** An entry on one line, beside its type. */
export function briefly(entry) {
  const event = entry.event || {};
  if (entry.type === "note") return entry.note;
  if (entry.audio_ms !== undefined) {
    const times = entry.count > 1 ? `${entry.count} messages, ` : "";
    return `${times}${(entry.audio_ms / 1000).toFixed(2)} s of audio, ${entry.audio_bytes} bytes`;
  }
  const item = event.item;
  return [
    event.delta, event.transcript, event.text, event.name, event.arguments, event.error?.message,
    item && [item.type, item.role, item.name, wordsOf(item), item.arguments, item.output].filter(Boolean).join(" "),
    event.response?.status, event.session?.model, event.audio_start_ms, event.audio_end_ms,
  ].filter(value => value !== undefined && value !== null && value !== "").map(value => typeof value === "object" ? JSON.stringify(value) : String(value)).join(" ");
}
