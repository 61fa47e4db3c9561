import { defineConfig } from "vite";

// The page is served by the controller, under a strict content security policy: nothing inline, nothing from elsewhere.
export default defineConfig({
  build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0, reportCompressedSize: false },
  server: { proxy: { "/v1": { target: "http://127.0.0.1:8080", ws: true }, "/readyz": "http://127.0.0.1:8080", "/metrics": "http://127.0.0.1:8080" } },
});
