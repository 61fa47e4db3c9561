// How everything is, and what to do where it is not well. Looked at again when something has happened, never by a clock.

import { useEffect, useState } from "preact/hooks";
import { get, Refusal, text } from "../api";
import { number, t } from "../look";
import { parse, quantile, type Sample } from "../metrics";
import type { BotInfo, HealthState, TrunkList, Warned } from "../model";
import { Bots } from "../parts/health/bots";
import { SetUp } from "../parts/health/set-up";
import { Trunks } from "../parts/health/trunks";
import { Warnings } from "../parts/health/warnings";
import { about, connected, listen, mayOperate } from "../store";

const AGAIN_MS = 2_000; // after something happened the figures are looked at again, and no more often

interface Seen {
  state: HealthState | null;
  samples: Sample[];
  bots: BotInfo[] | null;
  trunks: TrunkList | null;
  warnings: Warned[] | null;
}

const NOTHING: Seen = { state: null, samples: [], bots: null, trunks: null, warnings: null };

async function look(): Promise<Seen> {
  const [state, figures, bots, trunks, warned] = await Promise.all([
    get<HealthState>("/healthz"),
    text("/metrics"),
    get<{ bots: BotInfo[] }>("/v1/bots"),
    get<TrunkList>("/v1/trunks"),
    mayOperate.value ? get<{ warnings: Warned[] }>("/v1/warnings") : null,
  ]);
  return { state, samples: parse(figures), bots: bots.bots, trunks, warnings: warned?.warnings ?? null };
}

function useSeen(): Seen {
  const [seen, setSeen] = useState(NOTHING);
  const up = connected.value;
  useEffect(() => {
    let timer = 0;
    const refresh = (): void => {
      timer = 0;
      look().then(setSeen, (error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
        setSeen(NOTHING);
      });
    };
    refresh();
    const stop = listen(() => (timer ||= window.setTimeout(refresh, AGAIN_MS)));
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [up]);
  return seen;
}

export function Health() {
  const { state, samples, bots, trunks, warnings } = useSeen();
  return (
    <div class="wide-page">
      <h1>{t("health")}</h1>
      {state && (
        <p class={`banner ${state.ready ? "good" : "bad"}`} role="status">
          <b>{state.ready ? t("ready") : t("notReady")}</b> {state.ready ? t("readyHow") : state.asterisk ? t("workersMend") : t("asteriskMend")}
        </p>
      )}
      {trunks && bots && <SetUp trunks={trunks} bots={bots} />}
      <Figures state={state} samples={samples} />
      <div class="columns">
        {bots && <Bots bots={bots} />}
        {trunks && <Trunks list={trunks} />}
      </div>
      {warnings && <Warnings warnings={warnings} />}
      <p class="sub"><span>ari-controller {about.value?.version}</span><span>{about.value?.node}</span><a href="/metrics">{t("metrics")}</a><a href="/v1/openapi.json">OpenAPI</a></p>
    </div>
  );
}

function Figures({ state, samples }: { state: HealthState | null; samples: Sample[] }) {
  const values = (name: string): number[] => samples.filter((one) => one.name === `ari_controller_${name}`).map((one) => one.value);
  const sum = (name: string): number => values(name).reduce((all, one) => all + one, 0);
  const median = (name: string): string => {
    const seconds = quantile(samples, `ari_controller_${name}`, 0.5);
    return seconds === null ? "–" : `${number(1000 * seconds)} ms`;
  };
  const [dead, lost, lag] = [sum("outbox_dead"), sum("records_lost_total"), Math.max(0, ...values("outbox_lag_seconds"))];
  const away = state?.asterisk === false;
  const idle = state?.media_workers === 0;
  return (
    <div class="tiles">
      <Tile name={t("asterisk")} value={state ? (away ? t("away") : t("connectedTo")) : "–"} bad={away} mend={away ? t("asteriskMend") : ""} />
      <Tile name={t("workers")} value={state ? number(state.media_workers) : "–"} bad={idle} mend={idle ? t("workersMend") : ""}>
        {state?.media_loads.map((load, place) => <Load key={place} place={place} load={load} />)}
      </Tile>
      <Tile name={t("calls")} value={state ? number(state.calls) : "–"} />
      <Tile name={t("callsSince")} value={number(sum("calls_total"))} />
      <Tile name={t("setup")} value={median("call_setup_seconds")} />
      <Tile name={t("botResponse")} value={median("bot_response_seconds")} />
      <Tile name={t("recordsWaiting")} value={state ? number(state.records_waiting) : "–"} bad={lost > 0} mend={lost > 0 ? t("recordsMend") : ""} />
      <Tile name={t("outbox")} value={number(sum("outbox_waiting"))} bad={dead > 0} mend={dead > 0 ? t("outboxMend", { count: dead }) : ""}>
        {lag > 0 && <small>{t("oldest", { seconds: number(lag) })}</small>}
      </Tile>
      <Tile name={t("failures")} value={number(sum("command_failures_total"))} bad={sum("command_failures_total") > 0} />
      <Tile name={t("botErrors")} value={number(sum("bot_log_errors_total"))} bad={sum("bot_log_errors_total") > 0} />
    </div>
  );
}

function Load({ place, load }: { place: number; load: number }) {
  const name = `${t("load")} ${place + 1}: ${number(100 * load)} %`;
  return <span class="load"><meter min={0} max={1} high={0.5} low={0.35} optimum={0} value={load} aria-label={name} /><small aria-hidden="true">{number(100 * load)} %</small></span>;
}

function Tile({ name, value, bad, mend, children }: { name: string; value: string; bad?: boolean; mend?: string; children?: preact.ComponentChildren }) {
  return (
    <div class={`card tile ${bad ? "bad" : ""}`}>
      <small>{name}</small>
      <b>{value}</b>
      {children}
      {mend && <p>{mend}</p>}
    </div>
  );
}
