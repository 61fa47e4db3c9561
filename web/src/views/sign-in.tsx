import { useState } from "preact/hooks";
import { Refusal, signIn } from "../api";
import { Mark } from "../app";
import { language, otherLanguage, t } from "../look";
import { over, start } from "../store";

export function SignIn() {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem("");
    try {
      await signIn(String(given.get("name")).trim(), String(given.get("password")));
      await start();
    } catch (error) {
      setBusy(false);
      if (!(error instanceof Refusal)) throw error;
      const { status, retryAfter, detail } = error;
      if (status === 401) setProblem(t("wrongPassword"));
      else if (status === 429) setProblem(t("tooManyAttempts", { seconds: retryAfter }));
      else setProblem(status === 0 ? t("unreachable") : detail);
    }
  }

  return (
    <main class="door">
      <form onSubmit={submit} aria-labelledby="door-title">
        <h1 id="door-title"><Mark /> ari-controller</h1>
        {over.value && <p class="notice" role="status">{t("sessionOver")}</p>}
        <label>
          {t("name")}
          <input name="name" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
        </label>
        <label>
          {t("password")}
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <p class="problem" role="alert">{problem}</p>
        <button class="primary" disabled={busy}>{t("signIn")}</button>
        <details>
          <summary>{t("noUserYet")}</summary>
          <p>{t("makeOne")}</p>
          <pre>docker compose exec controller ari-controller user add anna</pre>
        </details>
        <button type="button" class="link" onClick={otherLanguage} lang={language.value === "de" ? "en" : "de"}>
          {language.value === "de" ? "English" : "Deutsch"}
        </button>
      </form>
    </main>
  );
}
