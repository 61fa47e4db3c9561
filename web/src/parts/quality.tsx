import { number, t } from "../look";

export function Quality({ statistics }: { statistics: Record<string, number> }) {
  const { mos, jitter_ms, lost = 0, packets_in = 0 } = statistics;
  if (!packets_in || mos === undefined) return null;
  const share = (100 * lost) / (packets_in + lost || 1);
  const word = mos >= 4 ? t("good") : mos >= 3.5 ? t("fair") : t("poor");
  return (
    <dl class="facts">
      <div><dt>{t("quality")}</dt><dd><meter min={1} max={4.5} low={3.5} high={4} optimum={4.5} value={mos} aria-label={t("quality")} /> {word} ({number(mos, 1)})</dd></div>
      <div><dt>{t("lost")}</dt><dd>{number(share, 1)} %</dd></div>
      {jitter_ms !== undefined && <div><dt>{t("jitter")}</dt><dd>{number(jitter_ms, 1)} ms</dd></div>}
    </dl>
  );
}
