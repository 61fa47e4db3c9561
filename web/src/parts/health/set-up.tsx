// What is missing on the way from a demonstration to a company's own telephone.

import { t } from "../../look";
import type { BotInfo, TrunkList } from "../../model";

export function SetUp({ trunks, bots }: { trunks: TrunkList; bots: BotInfo[] }) {
  const onlyDemo = bots.length > 0 && bots.every((bot) => bot.demo);
  if (trunks.trunks.length && !onlyDemo) return null;
  return (
    <section class="welcome" aria-labelledby="set-up-title">
      <h2 id="set-up-title">{t("setUp")}</h2>
      <ul>
        {!trunks.trunks.length && <li><b>{t("ownNumber")}</b><br />{t("ownNumberHow")}<pre>TRUNK_HOST=sip.provider.example{"\n"}PHONE_NUMBER=+49…</pre></li>}
        {onlyDemo && <li><b>{t("ownBot")}</b><br />{t("ownBotHow")}<pre>BOT_URL=wss://bot.example.com/call</pre></li>}
      </ul>
    </section>
  );
}
