import { moment, number, t, term } from "../../look";
import type { BotInfo } from "../../model";

export function Bots({ bots }: { bots: BotInfo[] }) {
  return (
    <section class="card" aria-labelledby="bots-title">
      <h2 id="bots-title">{t("bots")}</h2>
      <ul class="plain parts">{bots.map((bot) => <Bot key={bot.name + bot.url} bot={bot} />)}</ul>
    </section>
  );
}

const TONES: Record<BotInfo["state"], string> = { up: "good", busy: "warn", down: "bad", unknown: "" };

function Bot({ bot }: { bot: BotInfo }) {
  return (
    <li>
      <p class="head"><b>{bot.name || t("bot")}</b> <span class={`chip ${TONES[bot.state]}`}>{term("bot", bot.state)}</span></p>
      <p class="sub"><code>{bot.url}</code></p>
      <p class="sub">
        <span>{bot.calls_max ? t("callsOf", { count: bot.calls, max: bot.calls_max }) : t("callsNow", { count: bot.calls })}</span>
        {bot.response_ms !== null && <span>{t("answersIn", { ms: number(bot.response_ms) })}</span>}
        {bot.since && <span>{t("seen", { time: moment(bot.since) })}</span>}
      </p>
      {bot.detail && <p class={bot.state === "down" ? "bad" : "sub"}>{bot.detail}</p>}
    </li>
  );
}
