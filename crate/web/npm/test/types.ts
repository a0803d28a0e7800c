// What must compile, and what must not: checked by tsc, never run.
import { ChinwagError, createIdentity, type Channel, type Counter, type Identity, type Json, type Log, type Member, type Room, type SharedMap, type Stats } from "../src/public.js";
import { join } from "../src/index.js";

export async function mustCompile(): Promise<void> {
  const identity: Identity = createIdentity();
  const room: Room = await join("lobby", { signaling: ["wss://a", "wss://b"], presence: { name: "me", bytes: new Uint8Array() }, identity, config: { linksWanted: 5 } });
  await join("lobby", { iceServers: () => Promise.resolve([{ urls: "turn:a", username: "ada", credential: "secret", ttl: 60 }]) });
  const members: readonly Member[] = room.members;
  const end: () => void = room.on("leave", (member, reason) => void [member.id.length, reason satisfies "left" | "failed"]);
  end();
  room.on("signaling", (state) => void (state satisfies "connecting" | "attached" | "detached" | "unreachable"));
  const chat: Channel<{ text: string }> = room.channel<{ text: string }>("chat");
  await chat.send({ text: "hi" }, { to: members[0]?.id });
  chat.on("message", (data, meta) => void [data.text, meta.from.id, meta.direct]);
  for await (const [data, meta] of chat) void [data.text, meta.hops];
  const log: Log<{ text: string }> = room.log<{ text: string }>("chat", { retain: 200 });
  const words: string[] = log.entries.map(({ data, from, sentAt }) => `${from.id} ${sentAt} ${data.text}`);
  log.subscribe(() => void words);
  for await (const [data, meta] of log) void [data.text, meta.id];
  const map: SharedMap<{ x: number }> = room.map<{ x: number }>("board");
  map.set("a", { x: 1 });
  map.on("change", (key, value, by) => void [key.length, value?.x, by?.id]);
  for (const [key, { x }] of map.entries()) void [key.length, x.toFixed()];
  const counter: Counter = room.counter("votes");
  counter.add();
  counter.on("change", (value) => void value.toFixed());
  const anything: Json = room.self.presence ?? null;
  const stats: Stats = room.stats();
  void [anything, stats.peerConnectionsMade.toFixed()];
  const error = new ChinwagError("left", "text");
  error.code satisfies string;
  await room.leave();
}

export async function mustNotCompile(room: Room): Promise<void> {
  // @ts-expect-error A room has a name.
  await join();
  // @ts-expect-error There is no such option.
  await join("lobby", { singaling: "wss://a" });
  // @ts-expect-error The time is a number of seconds.
  await join("lobby", { iceServers: [{ urls: "turn:a", ttl: "60 s" }] });
  // @ts-expect-error There is no such knob.
  await join("lobby", { config: { links: 5 } });
  // @ts-expect-error An identity cannot be made by hand.
  await join("lobby", { identity: { secret: new Uint8Array(32) } });
  // @ts-expect-error A function is no value.
  room.setPresence(() => 1);
  // @ts-expect-error A date is no value.
  room.setPresence({ at: new Date() });
  // @ts-expect-error There is no such event.
  room.on("joined", () => {});
  // @ts-expect-error The reason is not a number.
  room.on("leave", (_member, reason: number) => void reason);
  // @ts-expect-error Members are snapshots.
  room.self.presence = 1;
  // @ts-expect-error The list is the room's.
  room.members.push(room.self);
  // @ts-expect-error Not what this channel carries.
  await room.channel<{ text: string }>("chat").send({ txet: "hi" });
  // @ts-expect-error Not what this map holds.
  room.map<{ x: number }>("board").set("a", { y: 1 });
  // @ts-expect-error A key may have no value.
  room.map<{ x: number }>("board").get("a").x.toFixed();
  // @ts-expect-error The entries are the log's.
  room.log("chat").entries.push();
  // @ts-expect-error A counter is added to, never set.
  room.counter("votes").value = 7;
  // @ts-expect-error There is no such option.
  room.log("chat", { keep: 5 });
  // @ts-expect-error Element access may find nothing.
  room.members[0].id.length.toFixed();
  // @ts-expect-error No such code.
  new ChinwagError("broken", "text");
}
