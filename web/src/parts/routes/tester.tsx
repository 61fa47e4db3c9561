import { useState } from "preact/hooks";
import { post, Refusal } from "../../api";
import { t } from "../../look";
import type { Decided } from "../../model";
import { Ladder } from "./ladder";

export function Tester() {
  const [decided, setDecided] = useState<Decided | null>(null);
  const [problem, setProblem] = useState("");

  async function decide(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const at = String(given.get("at"));
    setProblem("");
    try {
      const body = { to_number: String(given.get("to")).trim(), from_number: String(given.get("from")).trim(), at: at ? new Date(at).toISOString() : null };
      setDecided(await post<Decided>("/v1/routes/decide", body));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setDecided(null);
      setProblem(error.detail || t("unreachable"));
    }
  }

  return (
    <section class="card" aria-labelledby="tester-title">
      <h2 id="tester-title">{t("whereTo")}</h2>
      <form class="grid" onSubmit={decide}>
        <label>{t("dialled")}<input name="to" inputMode="tel" placeholder="+49…" /></label>
        <label>{t("caller")}<input name="from" inputMode="tel" placeholder="+49…" /></label>
        <label>{t("when")}<input name="at" type="datetime-local" /></label>
        <button class="primary">{t("tryIt")}</button>
      </form>
      <p class="problem" role="alert">{problem}</p>
      <div aria-live="polite" class="answer">
        {decided && <><p><b>{decided.route}</b> <span class="sub">{decided.reason}</span></p><Ladder rungs={decided.ladder} decided /></>}
      </div>
    </section>
  );
}
