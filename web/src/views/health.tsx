import { useEffect, useState } from "preact/hooks";
import { get, Refusal, text } from "../api";
import { number, t } from "../look";
import { parse, quantile, type Sample } from "../metrics";
import type { HealthState } from "../model";
import { about, connected, listen } from "../store";

const AGAIN_MS = 2_000; // after something happened the figures are looked at again, and no more often

export function Health() {
  const [state, setState] = useState<HealthState | null>(null);
  const [samples, setSamples] = useState<Sample[]>([]);
  const up = connected.value;
  useEffect(() => {
    let timer = 0;
    async function look(): Promise<void> {
      timer = 0;
      try {
        setState(await get<HealthState>("/healthz"));
        setSamples(parse(await text("/metrics")));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        setState(null);
      }
    }
    void look();
    const stop = listen(() => (timer ||= window.setTimeout(() => void look(), AGAIN_MS)));
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [up]);
  const sum = (name: string): number => samples.filter((one) => one.name === `ari_controller_${name}`).reduce((all, one) => all + one.value, 0);
  const median = quantile(samples, "ari_controller_bot_response_seconds", 0.5);
  const setup = quantile(samples, "ari_controller_call_setup_seconds", 0.5);
  return (
    <div class="wide-page">
      <h1>{t("health")}</h1>
      {!up && <p class="notice bad" role="alert">{t("controllerAway")}</p>}
      {state && (
        <p class={`banner ${state.ready ? "good" : "bad"}`} role="status">
          <b>{state.ready ? t("ready") : t("notReady")}</b> {state.ready ? t("readyHow") : mend(state)}
        </p>
      )}
      <div class="tiles">
        <Tile name={t("asterisk")} value={state ? (state.asterisk ? t("connectedTo") : t("away")) : "–"} bad={state?.asterisk === false} mend={state?.asterisk === false ? t("asteriskMend") : ""} />
        <Tile name={t("workers")} value={state ? number(state.media_workers) : "–"} bad={state?.media_workers === 0} mend={state?.media_workers === 0 ? t("workersMend") : ""}>
          {state?.media_loads.map((load, place) => <meter key={place} min={0} max={1} high={0.5} low={0.35} optimum={0} value={load} aria-label={`${t("load")} ${place + 1}: ${number(100 * load)} %`} title={`${number(100 * load)} %`} />)}
        </Tile>
        <Tile name={t("calls")} value={state ? number(state.calls) : "–"} />
        <Tile name={t("callsSince")} value={number(sum("calls_total"))} />
        <Tile name={t("botResponse")} value={median === null ? "–" : `${number(1000 * median)} ms`} />
        <Tile name={t("setup")} value={setup === null ? "–" : `${number(1000 * setup)} ms`} />
        <Tile name={t("recordsWaiting")} value={state ? number(state.records_waiting) : "–"} bad={sum("records_lost_total") > 0} mend={sum("records_lost_total") > 0 ? t("recordsMend") : ""} />
        <Tile name={t("outbox")} value={number(sum("outbox_waiting"))} bad={sum("outbox_dead") > 0} mend={sum("outbox_dead") > 0 ? t("outboxMend", { count: sum("outbox_dead") }) : ""} />
        <Tile name={t("failures")} value={number(sum("command_failures_total"))} bad={sum("command_failures_total") > 0} />
        <Tile name={t("botErrors")} value={number(sum("bot_log_errors_total"))} bad={sum("bot_log_errors_total") > 0} />
      </div>
      <section class="card">
        <h2>{t("bots")}</h2>
        <ul class="plain">{about.value?.bots.map((url) => <li key={url}><code>{url}</code></li>)}</ul>
        {about.value?.demo_bot && <p class="notice">{t("ownBotHow")} <code>BOT_URL=wss://…</code></p>}
      </section>
      <p class="sub"><span>ari-controller {about.value?.version}</span><span>{about.value?.node}</span><a href="/metrics">{t("metrics")}</a><a href="/v1/openapi.json">OpenAPI</a></p>
    </div>
  );
}

function mend(state: HealthState): string {
  return state.asterisk ? t("workersMend") : t("asteriskMend");
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
