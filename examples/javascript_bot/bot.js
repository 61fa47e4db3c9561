// A bot in JavaScript: beeps, repeats what it hears, falls silent when interrupted by a key, hangs up on 9.
// npm install && PORT=8765 node bot.js

import { WebSocketServer } from "ws";

const port = Number(process.env.PORT ?? 8765);
const token = process.env.BOT_TOKEN ?? "";

const server = new WebSocketServer({
  port,
  perMessageDeflate: false, // no extensions: compression only costs time on audio
  handleProtocols: (offered) => (offered.has("ari-controller.v1") ? "ari-controller.v1" : false),
  verifyClient: ({ req }) => !token || req.headers.authorization === `Bearer ${token}`,
});

server.on("connection", (socket) => {
  const say = (type, fields = {}) => socket.send(JSON.stringify({ type, ...fields }));
  let results = 0;

  const on = {
    start(start) {
      if (start.audio.encoding !== "mulaw") return say("reject", { message: "this bot speaks mulaw" });
      say("accept");
      socket.send(beep(1000, 0.3));
      say("mark", { name: "greeted" });
    },
    dtmf({ digit }) {
      say("clear");
      results += 1;
      say("result", { id: `key-${results}`, name: "Key pressed", data: { key: digit } });
      if (digit === "0") say("transfer", { summary: "pressed 0" });
      if (digit === "9") {
        socket.send(beep(600, 0.3));
        say("hangup", { reason: "pressed 9" });
      }
    },
    transfer_progress({ state }) {
      if (!["dialling", "ringing", "connected"].includes(state)) socket.send(beep(400, 0.3));
    },
    error({ code, message }) {
      console.error(`${code}: ${message}`);
    },
  };

  socket.on("message", (data, isBinary) => {
    if (isBinary) return socket.send(data); // what the caller says is what the caller hears
    const message = JSON.parse(data);
    on[message.type]?.(message); // a type that we do not know is none of our business
  });
  socket.on("error", (error) => console.error(error.message));
});

server.on("listening", () => console.log(`bot on ws://0.0.0.0:${server.address().port}/`));

// A tone as G.711 µ-law (ITU-T G.711), 8000 samples per second.
function beep(hertz, seconds) {
  const samples = Buffer.alloc(8000 * seconds);
  return samples.map((_, index) => mulaw(12000 * Math.sin((2 * Math.PI * hertz * index) / 8000)));
}

function mulaw(sample) {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(Math.round(sample)), 32635) + 132;
  const exponent = Math.floor(Math.log2(magnitude)) - 7;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}
