// Line icons of our own, 24 by 24.

const PATHS = {
  live: "M4 13v-2M8 16V8M12 20V4M16 16V8M20 13v-2",
  history: "M12 7v5l3 2M4.5 9A8 8 0 1 1 4 12M4 5v4h4",
  routes: "M6 4v6a4 4 0 0 0 4 4h8M18 14l-3-3M18 14l-3 3M6 4l-2.5 2.5M6 4l2.5 2.5",
  health: "M3 12h4l2-6 4 12 2.5-6H21",
  out: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M5 19l1.5-1.5M17.5 6.5 19 5",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5",
  auto: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 3v18M12 7l6-1M12 12h9M12 17l6 1",
  phone: "M5 4h4l1.5 5L8 10.500a12 12 0 0 0 5.500 5.500L15 13.500l5 1.500v4a1 1 0 0 1-1 1A15 15 0 0 1 4 5a1 1 0 0 1 1-1",
  hangup: "M3 14c5-5 13-5 18 0l-2.500 2.500-3.500-1.500v-2.500a12 12 0 0 0-6 0V15l-3.500 1.500z",
  transfer: "M4 8h13M13 4l4 4-4 4M20 16H7M11 12l-4 4 4 4",
  take: "M8 11V5a1.500 1.500 0 0 1 3 0v5m0 0V4a1.500 1.500 0 0 1 3 0v6m0 0V6a1.500 1.500 0 0 1 3 0v8a6 6 0 0 1-6 6c-3 0-4.500-1.500-6-4l-2-4a1.500 1.500 0 0 1 2.500-1.500L8 13",
  back: "M14 6l-6 6 6 6",
  next: "M10 6l6 6-6 6",
  download: "M12 4v11M8 11l4 4 4-4M5 20h14",
  mic: "M12 4a2.500 2.500 0 0 0-2.500 2.500v5a2.500 2.500 0 0 0 5 0v-5A2.500 2.500 0 0 0 12 4M6 11a6 6 0 0 0 12 0M12 17v3",
  muted: "M9.500 9V6.500a2.500 2.500 0 0 1 5 0v5M6 11a6 6 0 0 0 10 4.500M12 17v3M4 4l16 16",
  keypad: "M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01",
  ear: "M7 9a5 5 0 0 1 10 0c0 3.500-3 4-3.500 6.500C13 18 11.500 20 9.500 20A2.500 2.500 0 0 1 7 17.500M10 9.500a2 2 0 0 1 4 0c0 1.200-1 1.800-1.800 2.500",
  record: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8",
  pause: "M9 6v12M15 6v12",
  close: "M6 6l12 12M18 6L6 18",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="i" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width={name === "keypad" ? 3 : 1.8} stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
