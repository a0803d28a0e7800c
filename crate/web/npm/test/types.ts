// What must compile, and what must not: checked by tsc, never run.
import { ChinwagError, createIdentity, type Channel, type Identity, type Json, type Member, type Room, type Stats } from "../src/public.js";
import { join } from "../src/index.js";

export async function mustCompile(): Promise<void> {
  const identity: Identity = createIdentity();
  const room: Room = await join("lobby", { signaling: ["wss://a", "wss://b"], presence: { name: "me", bytes: new Uint8Array() }, identity, config: { linksWanted: 5 } });
  const members: readonly Member[] = room.members;
  const end: () => void = room.on("leave", (member, reason) => void [member.id.length, reason satisfies "left" | "failed"]);
  end();
  room.on("signaling", (state) => void (state satisfies "connecting" | "attached" | "detached" | "unreachable"));
  const chat: Channel<{ text: string }> = room.channel<{ text: string }>("chat");
  await chat.send({ text: "hi" }, { to: members[0]?.id });
  chat.on("message", (data, meta) => void [data.text, meta.from.id, meta.direct]);
  for await (const [data, meta] of chat) void [data.text, meta.hops];
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
  // @ts-expect-error Element access may find nothing.
  room.members[0].id.length.toFixed();
  // @ts-expect-error No such code.
  new ChinwagError("broken", "text");
}
