// In place of an empty page: what to do next.

import { phone, t } from "../look";
import type { About } from "../model";
import { mayOperate } from "../store";

export function Welcome({ about }: { about: About | null }) {
  if (!about) return <p class="empty">{t("loading")}</p>;
  return (
    <div class="welcome">
      <h2>{t("noCalls")}</h2>
      <ol>
        {mayOperate.value && <li><b>{t("callHere")}</b><br />{t("callHereHow")}</li>}
        <li><b>{t("callWithPhone")}</b><br />{t("callWithPhoneHow", { port: about.sip_port, number: phone(about.phone_number) })}<pre>docker compose exec controller ari-controller phone</pre></li>
        {about.demo_bot && <li><b>{t("ownBot")}</b><br />{t("ownBotHow")}<pre>BOT_URL=wss://bot.example.com/call</pre></li>}
        <li><b>{t("ownNumber")}</b><br />{t("ownNumberHow")}<pre>TRUNK_HOST=sip.provider.example{"\n"}PHONE_NUMBER=+49…</pre></li>
      </ol>
    </div>
  );
}
