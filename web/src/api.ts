// Asking the controller. Whoever is no longer signed in is shown the door: `onSignedOut`.

import type { SignedIn } from "./model";

export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly retryAfter = 0,
  ) {
    super(detail);
  }
}

let csrf = "";
let onSignedOut: () => void = () => undefined;

export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refusal(0, "");
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    const mistakes = (problem.mistakes ?? []).map((one: any) => [one.where, one.problem].filter(Boolean).join(": "));
    if (answer.status === 401 && path !== "/v1/session") onSignedOut();
    const after = Number(answer.headers.get("Retry-After") ?? 0);
    throw new Refusal(answer.status, mistakes.join("; ") || problem.detail || answer.statusText, after);
  }
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export const get = <T>(path: string): Promise<T> => ask<T>("GET", path);
export const post = <T = void>(path: string, body?: unknown): Promise<T> => ask<T>("POST", path, body);

export async function text(path: string): Promise<string> {
  const answer = await fetch(path).catch(() => undefined);
  return answer?.ok ? answer.text() : "";
}

export async function signIn(name: string, password: string): Promise<SignedIn> {
  return remember(await ask<SignedIn>("POST", "/v1/session", { name, password }));
}

export async function whoAmI(): Promise<SignedIn | null> {
  try {
    return remember(await get<SignedIn>("/v1/session"));
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) return null;
    throw error;
  }
}

export async function signOut(): Promise<void> {
  await ask("DELETE", "/v1/session");
  csrf = "";
}

function remember(session: SignedIn): SignedIn {
  csrf = session.csrf_token;
  return session;
}
