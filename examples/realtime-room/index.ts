/** A page whose tabs talk to each other: each line is an event, which this function checks and gives to all. */
import type { Context } from "@mayfly/types";

export async function handler(req: Request, { app, broadcast, env, socket }: Context): Promise<Response> {
  if (socket === null) {
    const page = PAGE.replace("$APP", app.id).replace("$KEY", env.BUTTERBASE_ANON_KEY ?? "");
    return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
  }
  const { payload } = (await req.json()) as { payload: { text?: unknown } | null };
  const text = String(payload?.text ?? "").trim();
  if (text === "" || text.length > 500) return Response.json({ error: "1 to 500 characters" }, { status: 400 });
  await broadcast("room", { from: socket.id.slice(-4), text });
  return Response.json({ sent: text.length });
}

// The anon key is public by design: what it may do is what its role may.
const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>room</title>
<style>body { font: 16px system-ui; max-width: 40em; margin: 2em auto } ol { list-style: none; padding: 0 }</style>
<p>Open this page in a second tab. Here now: <b id="here"></b></p>
<ol id="lines"></ol>
<form><input id="text" placeholder="say something" autofocus autocomplete="off"></form>
<script>
  const url = location.origin.replace(/^http/, "ws") + "/v1/$APP/realtime";
  const members = new Map();
  const line = (text) => document.querySelector("#lines").append(Object.assign(document.createElement("li"), { textContent: text }));
  const show = () => { document.querySelector("#here").textContent = [...members.values()].join(", ") };
  let socket;
  function connect() {
    socket = new WebSocket(url, ["mayfly", "bearer.$KEY"]);
    socket.onopen = () => socket.send(JSON.stringify({ type: "presence_track", channel: "room" }));
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      const enter = ({ socket_id }) => members.set(socket_id, socket_id.slice(-4));
      if (frame.type === "presence_state") { members.clear(); frame.members.forEach(enter); }
      if (frame.type === "presence" && frame.event === "leave") members.delete(frame.member.socket_id);
      else if (frame.type === "presence") enter(frame.member);
      if (frame.type === "broadcast") line(frame.data.from + ": " + frame.data.text);
      if (frame.type === "event_response" && frame.status >= 400) line("not sent: " + frame.data.error);
      if (frame.type === "error") line(frame.message);
      show();
    };
    socket.onclose = ({ code, reason }) => { line("closed with " + code + " " + reason); setTimeout(connect, 1000) };
  }
  connect();
  document.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    const input = document.querySelector("#text");
    socket.send(JSON.stringify({ type: "event", event: "say", payload: { text: input.value } }));
    input.value = "";
  };
</script>
`;
