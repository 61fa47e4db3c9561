// The few figures of /metrics that the page shows, from Prometheus' text.

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export function parse(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const found = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!found || line.startsWith("#")) continue;
    const labels = Object.fromEntries([...(found[2] ?? "").matchAll(/(\w+)="([^"]*)"/g)].map((label) => [label[1], label[2]]));
    samples.push({ name: found[1]!, labels, value: Number(found[3]) });
  }
  return samples;
}

/** Below which share of the observations of a histogram lie, over all its labels; null: there are none. */
export function quantile(samples: Sample[], name: string, share: number): number | null {
  const buckets = new Map<number, number>();
  for (const { name: its, labels, value } of samples) {
    if (its === `${name}_bucket`) buckets.set(Number(labels.le?.replace("+Inf", "Infinity")), (buckets.get(Number(labels.le?.replace("+Inf", "Infinity"))) ?? 0) + value);
  }
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = sorted.at(-1)?.[1] ?? 0;
  if (!total) return null;
  let [below, under] = [0, 0];
  for (const [edge, count] of sorted) {
    if (count >= share * total) return edge === Infinity ? below : below + ((edge - below) * (share * total - under)) / (count - under || 1);
    [below, under] = [edge, count];
  }
  return null;
}
