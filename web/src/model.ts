// What the API says, as far as the page reads it: docs/openapi.json has all of it.

export type Role = "read" | "operate" | "admin";

export interface SignedIn {
  name: string;
  role: Role;
  csrf_token: string;
  expires_at: string | null;
}

export interface LiveState {
  state: string;
  bot: string;
  human: string;
  rung: string;
  trigger: string;
  speaking: string | null; // nobody, caller, bot, both; null: nobody can say
  metadata: Record<string, unknown>;
}

export interface ListedCall {
  id: string;
  started_at: string;
  from_number: string | null;
  from_name: string | null;
  to_number: string | null;
  forwarded_from?: string | null;
  direction?: string;
  route: string;
  answered_at: string | null;
  ended_at?: string | null;
  ending?: string | null;
  result_names: string[];
  live?: LiveState | null;
}

export interface CallList {
  calls: ListedCall[];
  next: string | null;
}

export interface Moment {
  at_ms: number;
  type: string;
  data: Record<string, any>;
}

export interface RecordingFacts {
  number: number;
  at_ms: number;
  duration_ms: number;
  size_bytes: number;
}

export interface WholeCall extends ListedCall {
  cause: number | null;
  statistics: Record<string, number>;
  recordings: RecordingFacts[];
  metadata: { at_ms: number; source: string; data: Record<string, unknown> }[];
}

export interface CallEvent {
  id: string;
  type: string;
  time: string;
  call_id: string;
  route: string;
  data: Record<string, any>;
}

export interface Rung {
  kind: string;
  text: string;
  on: string[];
  hours: string;
  closed: string | null;
}

export interface Route {
  name: string;
  language: string;
  ladder: Rung[];
  humans: string[];
  escape: string;
  recording?: "off" | "always" | "on_demand";
  calls_max: number;
}

export interface RouteList {
  source: string;
  calendars: string[];
  routes: Route[];
}

export interface Decided {
  route: string;
  reason: string;
  ladder: Rung[];
}

export interface Closed {
  calendar: string;
  until: string;
  reason: string;
}

export interface HealthState {
  ready: boolean;
  asterisk: boolean;
  media_workers: number;
  media_loads: number[];
  calls: number;
  records_waiting: number;
}

export interface About {
  version: string;
  node: string;
  phone_number: string;
  sip_port: number;
  bots: string[];
  demo_bot: boolean;
}

export interface BotInfo {
  name: string;
  url: string;
  state: "unknown" | "up" | "busy" | "down";
  since: string | null;
  detail: string;
  calls: number;
  calls_max: number;
  response_ms: number | null;
  demo: boolean;
}

export interface TrunkInfo {
  name: string;
  way: string;
  host: string;
  transport: string;
  numbers: string[];
  state: string;
  since: string;
  reason: string;
  mend: string;
  odd_number: { text: string } | null;
}

export interface TrunkList {
  source: string;
  problem: string;
  trunks: TrunkInfo[];
}

export interface Warned {
  at: string;
  level: string;
  what: string;
  mend: string;
  details: Record<string, string>;
}
