// What the page knows, as signals; and the stream of events that keeps it true.

import { computed, effect, signal } from "@preact/signals";
import { get, Refusal, signOut, whenSignedOut, whoAmI } from "./api";
import { applied, fromList, type Lives } from "./live";
import type { About, CallEvent, CallList, HealthState, SignedIn } from "./model";

export const session = signal<SignedIn | null | undefined>(undefined); // undefined: not asked yet
export const lives = signal<Lives>(new Map());
export const connected = signal(false);
export const away = signal(false); // for so long that it is worth saying
export const over = signal(false); // the session has ended, and nobody has signed out
export const about = signal<About | null>(null);
export const health = signal<HealthState | null>(null);
export const now = signal(Date.now());
export const place = signal(read());

export const mayOperate = computed(() => session.value?.role === "operate" || session.value?.role === "admin");

const TYPES = [
  "call.started", "call.step", "transcript", "result", "log", "dtmf", "transfer", "voicemail", "callback", "handoff",
  "metadata", "recording", "call.ended", "speaking",
]; // prettier-ignore
const AWAY_MS = 2_500; // a restart of the stream takes less
const FRAME_MS = 100; // events of so long are shown together: ten pictures a second are live for a reader

type Listener = (events: CallEvent[]) => void;
const listeners = new Set<Listener>();
let source: EventSource | null = null;
let waiting: CallEvent[] = [];

/** Everything that happens from now on, until the function that comes back is called. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function pass(): void {
  const events = waiting;
  waiting = [];
  lives.value = applied(lives.value, events);
  for (const listener of listeners) listener(events);
}

function open(): void {
  source = new EventSource(`/v1/events?type=${TYPES.join()}`);
  const take = (message: MessageEvent<string>): void => {
    if (!waiting.length) setTimeout(pass, FRAME_MS);
    waiting.push(JSON.parse(message.data) as CallEvent);
  };
  for (const type of TYPES) source.addEventListener(type, take);
  source.addEventListener("missed", () => void refresh());
  source.onopen = () => {
    connected.value = true;
    away.value = over.value = false;
    void refresh();
  };
  source.onerror = () => {
    lose();
    // The browser comes back by itself; where it was refused it does not, and we look whether we may still be here.
    if (source?.readyState === EventSource.CLOSED) setTimeout(() => void start(), 2_000);
  };
}

/** The whole list: at the start, and after events were missed. */
async function refresh(): Promise<void> {
  const meanwhile: CallEvent[] = []; // newer than the list
  const stop = listen((events) => meanwhile.push(...events.filter((one) => one.type !== "result")));
  try {
    const [list, facts, state] = await Promise.all([
      get<CallList>("/v1/calls?live=true&limit=500"),
      get<About>("/v1/about"),
      get<HealthState>("/healthz"),
    ]);
    const before = lives.value;
    const fresh = new Map(fromList(list.calls));
    for (const [id, call] of fresh) {
      const { why = call.why, said = null, results = [] } = before.get(id) ?? {};
      fresh.set(id, { ...call, why, said, results });
    }
    lives.value = applied(fresh, meanwhile);
    about.value = facts;
    health.value = state;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  } finally {
    stop();
  }
}

function lose(): void {
  connected.value = false;
  setTimeout(() => (away.value = !connected.value && !!session.value), AWAY_MS);
}

function close(): void {
  source?.close();
  source = null;
  connected.value = away.value = false;
  lives.value = new Map();
}

function shut(): void {
  close();
  over.value ||= !!session.value;
  session.value = null;
}

export async function start(): Promise<void> {
  try {
    const found = await whoAmI();
    if (!found) return shut();
    close();
    session.value = found;
    open();
  } catch {
    session.value ??= null;
    away.value = !!session.value;
    setTimeout(() => void start(), 2_000);
  }
}

export async function leave(): Promise<void> {
  close();
  await signOut().catch(() => undefined);
  session.value = null;
  over.value = false;
}

whenSignedOut(shut);

// --- where one is: the part after #, so that the browser's own back and bookmarks work -----------------------

function read(): string[] {
  const parts = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean);
  return parts.length ? parts.map(decodeURIComponent) : ["live"];
}

addEventListener("hashchange", () => (place.value = read()));

export const ticking = signal(false); // somebody else has something to count

// Clocks tick only while there is something to count.
effect(() => {
  if (!lives.value.size && !ticking.value) return;
  now.value = Date.now();
  const timer = setInterval(() => (now.value = Date.now()), 1_000);
  return () => clearInterval(timer);
});
