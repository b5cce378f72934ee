// Two clients of the chat at the address in argv: what one says, both hear.
import { once } from "node:events";
import { WebSocket } from "ws";

// One has joined when it hears itself: the handshake's answer comes first.
const all = [];
const join = async () => {
  const c = new WebSocket(`ws://${process.argv[2]}/`);
  await once(c, "open");
  all.push(c);
  const heard = all.map((c) => once(c, "message"));
  c.send("here");
  await Promise.all(heard);
  return c;
};

const [a, b] = [await join(), await join()];
for (const [what, sent] of [["text", "hello"], ["empty", ""], ["binary", Buffer.alloc(200_000, 7)]]) {
  const heard = [a, b].map((c) => once(c, "message"));
  a.send(sent);
  for (const [data, binary] of await Promise.all(heard)) {
    if (binary !== (what === "binary") || !data.equals(Buffer.from(sent))) throw new Error(`${what}: heard ${data.length} bytes`);
  }
}
const parts = once(b, "message"); // a message in fragments
a.send("in ", { fin: false });
a.send("parts", { fin: true });
if (String((await parts)[0]) !== "in parts") throw new Error("the fragments were not joined");
const pong = once(a, "pong");
a.ping("are you there");
if (String((await pong)[0]) !== "are you there") throw new Error("another pong");
const closed = [a, b].map((c) => once(c, "close"));
a.close(1000, "bye");
b.close(1000, "bye");
for (const [code] of await Promise.all(closed)) {
  if (code !== 1000) throw new Error(`closed with ${code}`);
}
console.log("ok");
