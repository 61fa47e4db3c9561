// Who is to be heard just now, in words and a sign; where nobody can say, what the call is doing.

import { term } from "../look";
import type { Live } from "../live";
import { connected } from "../store";

export function Voice({ call: { state, speaking } }: { call: Live }) {
  if (state !== "talking" || !speaking || !connected.value) return <span class="voice">{term("state", state)}</span>;
  return <span class={`voice ${speaking}`}><i aria-hidden="true" />{term("speaking", speaking)}</span>;
}
