import { moment, t, term } from "../../look";
import type { TrunkInfo, TrunkList } from "../../model";

export function Trunks({ list }: { list: TrunkList }) {
  return (
    <section class="card" aria-labelledby="trunks-title">
      <h2 id="trunks-title">{t("trunks")}</h2>
      {list.problem && <p class="notice bad">{list.problem}</p>}
      {!list.trunks.length && <p class="sub">{t("noTrunk")}</p>}
      <ul class="plain parts">{list.trunks.map((trunk) => <Trunk key={trunk.name} trunk={trunk} />)}</ul>
      {list.source && <p class="sub">{t("source")}: <code>{list.source}</code></p>}
    </section>
  );
}

const GOOD = new Set(["registered", "reachable"]);
const BAD = new Set(["refused", "unreachable"]);

function Trunk({ trunk }: { trunk: TrunkInfo }) {
  const tone = GOOD.has(trunk.state) ? "good" : BAD.has(trunk.state) ? "bad" : "";
  return (
    <li>
      <p class="head"><b>{trunk.name}</b> <span class={`chip ${tone}`}>{term("trunk", trunk.state)}</span></p>
      <p class="sub">{trunk.host && <code>{trunk.host}</code>}<span>{term("way", trunk.way)}, {trunk.transport.toUpperCase()}</span>{trunk.numbers.length > 0 && <span>{trunk.numbers.join(", ")}</span>}<span>{t("since")} {moment(trunk.since)}</span></p>
      {trunk.reason && <p class="bad">{trunk.reason}</p>}
      {trunk.mend && <p class="sub">{trunk.mend}</p>}
      {trunk.odd_number && <p class="notice">{trunk.odd_number.text}</p>}
    </li>
  );
}
