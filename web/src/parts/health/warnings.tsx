import { moment, t } from "../../look";
import type { Warned } from "../../model";

const SHOWN_MAX = 20;

export function Warnings({ warnings }: { warnings: Warned[] }) {
  return (
    <section class="card" aria-labelledby="warnings-title">
      <h2 id="warnings-title">{t("warnings")}</h2>
      {!warnings.length && <p class="sub">{t("noWarnings")}</p>}
      <ul class="plain parts">
        {warnings.slice(0, SHOWN_MAX).map((one) => (
          <li key={one.at + one.what}>
            <p class="head"><b>{one.what}</b> <span class={`chip ${one.level === "warning" ? "warn" : "bad"}`}>{moment(one.at)}</span></p>
            <p class="sub">{Object.entries(one.details).map(([name, value]) => <span key={name}>{name}: {value}</span>)}</p>
            {one.mend && <p><span class="mend">{t("mend")}</span> {one.mend}</p>}
          </li>
        ))}
      </ul>
      {warnings.length > 0 && <p class="sub">{t("moreFromDoctor")} <code>ari-controller doctor</code></p>}
    </section>
  );
}
