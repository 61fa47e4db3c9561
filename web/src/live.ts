// Calls in progress as data: one list at the start, and from then on every event changes it. No polling.

import type { CallEvent, ListedCall } from "./model";

export interface Live extends ListedCall {
  state: string;
  rung: string;
  why: string; // why that rung was taken
  bot: string;
  human: string;
  speaking: string | null; // who is to be heard just now
  said: { role: string; text: string } | null; // the last thing that was said
  results: string[];
}

export type Lives = ReadonlyMap<string, Live>;

export function fromList(calls: ListedCall[]): Lives {
  return new Map(calls.map((call) => [call.id, fromCall(call)]));
}

function fromCall(call: ListedCall): Live {
  const { state = "offering", bot = "", human = "", rung = "", trigger = "", speaking = null } = call.live ?? {};
  return { ...call, state, bot, human, rung, why: trigger, speaking, said: null, results: [] };
}

const STATES: Record<string, string> = {
  bot_accepted: "answering",
  answered: "talking",
  dialling: "dialling",
  human_ringing: "dialling",
  human_answered: "whispering",
  human_joined: "with_human",
  consulting: "consulting",
  bot_resumes: "talking",
  bot_dropped: "reconnecting",
  waiting: "waiting",
  announcement: "announcing",
  recording: "recording",
  sent_away: "away",
  ended: "ending",
};

export function applied(lives: Lives, events: CallEvent[]): Lives {
  const next = new Map(lives);
  for (const event of events) {
    const before = next.get(event.call_id);
    if (event.type === "call.ended") next.delete(event.call_id);
    else if (before) next.set(event.call_id, changed(before, event));
    else if (event.type === "call.started") next.set(event.call_id, started(event));
  }
  return next;
}

function started(event: CallEvent): Live {
  const { started_at, from_number, from_name, to_number, forwarded_from, direction } = event.data;
  const facts = { started_at, from_number, from_name, to_number, forwarded_from, direction };
  return fromCall({ ...facts, id: event.call_id, route: event.route, answered_at: null, result_names: [] } as ListedCall);
}

function changed(call: Live, event: CallEvent): Live {
  const { data } = event;
  if (event.type === "transcript") return { ...call, said: { role: data.role, text: data.text } };
  if (event.type === "speaking") return { ...call, speaking: data.speaking };
  if (event.type === "result") return { ...call, results: [...call.results, data.name] };
  if (event.type !== "call.step") return call;
  const { kind, detail } = data as { kind: string; detail: string };
  const state = STATES[kind] ?? call.state;
  switch (kind) {
    case "rung":
      return { ...call, rung: detail, bot: detail.startsWith("bot ") ? detail.slice(4) : "" };
    case "rung_left":
      return { ...call, why: detail };
    case "answered":
      return { ...call, answered_at: call.answered_at ?? event.time, state: call.state === "answering" ? state : call.state };
    case "dialling":
      return { ...call, state, human: detail };
    case "human_gone":
      return { ...call, state: call.bot && call.answered_at ? "talking" : call.state, human: "" };
    default:
      return state === call.state ? call : { ...call, state };
  }
}
