// The telephone of the page: one call at a time, by WebRTC to the bundled Asterisk. Nothing is loaded before it is used.

import { computed, signal } from "@preact/signals";
import type { RTCSession } from "jssip/lib/RTCSession";
import { post, Refusal } from "./api";
import { term, t } from "./look";
import { watch } from "./meter";
import { ticking } from "./store";

export type Phase = "idle" | "calling" | "talking";
export const listensTo = signal(""); // id of the call that is only heard

interface Account {
  user: string;
  password: string;
  domain: string;
  number: string;
}

export const phase = signal<Phase>("idle");
export const problem = signal("");
export const muted = signal(false);
export const talkingSince = signal(0);
export const microphone = signal(localStorage.getItem("microphone") ?? "");
export const microphones = signal<MediaDeviceInfo[]>([]);
export const levels = { said: signal(0), heard: signal(0) }; // 0 to 1
export const busy = computed(() => phase.value !== "idle");

const ICE_MS = 1_500; // our candidates are local and there at once; a network card that is asleep is not waited for

let session: RTCSession | null = null;
let tidy: (() => void)[] = [];

export async function listMicrophones(): Promise<void> {
  const devices = await navigator.mediaDevices?.enumerateDevices().catch(() => []);
  microphones.value = (devices ?? []).filter((device) => device.kind === "audioinput" && device.deviceId);
}

export async function dial(number: string): Promise<void> {
  if (busy.value) return;
  phase.value = "calling";
  problem.value = "";
  muted.value = false;
  try {
    const stream = await openMicrophone();
    tidy.push(() => stream.getTracks().forEach((track) => track.stop()));
    const account = await post<Account>("/v1/softphone");
    await call(account, number || account.number, stream);
  } catch (error) {
    finish(said(error));
  }
}

/** Hear a call in progress. No microphone is opened: nothing can be said. */
export async function listenIn(id: string): Promise<void> {
  if (busy.value) return;
  phase.value = "calling";
  problem.value = "";
  listensTo.value = id;
  try {
    const account = await post<Account>(`/v1/calls/${encodeURIComponent(id)}/listen`);
    await call(account, account.number, silence());
  } catch (error) {
    finish(said(error));
  }
}

/** Asterisk takes a phone that sends nothing for one that was cut off. */
function silence(): MediaStream {
  const context = new AudioContext();
  tidy.push(() => void context.close());
  return context.createMediaStreamDestination().stream;
}

async function openMicrophone(): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new Refusal(0, t("needsTls"));
  const deviceId = microphone.value ? { ideal: microphone.value } : undefined;
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { deviceId, echoCancellation: true, noiseSuppression: true } });
  void listMicrophones();
  return stream;
}

async function call(account: Account, number: string, stream: MediaStream): Promise<void> {
  const { UA, WebSocketInterface } = await import("jssip");
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocketInterface(`${scheme}://${location.host}/v1/softphone/sip?user=${account.user}`);
  const agent = new UA({
    sockets: [socket], uri: `sip:${account.user}@${account.domain}`, password: account.password, register: false,
    session_timers: false, user_agent: "ari-controller page",
  }); // prettier-ignore
  tidy.push(() => agent.stop());
  await new Promise<void>((resolve, reject) => {
    agent.on("connected", () => resolve());
    agent.on("disconnected", () => reject(new Refusal(0, t("unreachable"))));
    agent.start();
  });
  session = agent.call(`sip:${number}@${account.domain}`, { mediaStream: stream, mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } });
  follow(session, stream);
}

function follow(ours: RTCSession, stream: MediaStream): void {
  tidy.push(watch(stream, levels.said));
  const late = setTimeout(() => ready?.(), ICE_MS);
  let ready: (() => void) | undefined;
  ours.on("icecandidate", (event) => (ready = event.ready));
  tidy.push(() => clearTimeout(late));
  ours.connection?.addEventListener("track", (event) => hear(event.streams[0] ?? new MediaStream([event.track])));
  ours.on("confirmed", () => {
    phase.value = "talking";
    ticking.value = true;
    talkingSince.value = Date.now();
  });
  ours.on("failed", (event) => finish(event.cause === "Canceled" ? "" : term("sip", event.cause)));
  ours.on("ended", () => finish(""));
}

function hear(stream: MediaStream): void {
  const audio = document.createElement("audio");
  audio.autoplay = true;
  audio.srcObject = stream;
  document.body.append(audio);
  tidy.push(() => audio.remove(), watch(stream, levels.heard));
}

function finish(why: string): void {
  for (const act of tidy.reverse()) act();
  tidy = [];
  session = null;
  listensTo.value = "";
  problem.value = why;
  phase.value = "idle";
  ticking.value = false;
  levels.said.value = levels.heard.value = 0;
}

function said(error: unknown): string {
  if (error instanceof Refusal) return error.detail || t("unreachable");
  if (error instanceof DOMException) return error.name === "NotAllowedError" ? t("microphoneDenied") : t("noMicrophone");
  throw error;
}

export function hangUp(): void {
  if (session && !session.isEnded()) session.terminate();
  else finish("");
}

export function mute(on: boolean): void {
  if (on) session?.mute({ audio: true });
  else session?.unmute({ audio: true });
  muted.value = on;
}

export function press(digit: string): void {
  session?.sendDTMF(digit, { transportType: "RFC2833" as never });
}

export function choose(id: string): void {
  microphone.value = id;
  localStorage.setItem("microphone", id);
}

addEventListener("pagehide", () => session?.terminate());
