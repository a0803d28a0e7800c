import { expect, test } from "vitest";
import { cleanRoom, inviteLink, linkTo, readAddress } from "../src/shared/address.js";

const HERE = "https://demo.example/presence/?room=tea&name=Ann&signaling=wss%3A%2F%2Fs.example%2Fsignal&utm=x#top";

test("the address is read, with the lobby as the default", () => {
  expect(readAddress("https://demo.example/chat/")).toEqual({ room: "lobby", signaling: undefined, name: null, secret: undefined });
  expect(readAddress(HERE)).toEqual({ room: "tea", signaling: "wss://s.example/signal", name: "Ann", secret: undefined });
});

test("an invite link has the room and the server, and neither my name nor anything else", () => {
  expect(inviteLink(HERE)).toBe("https://demo.example/presence/?room=tea&signaling=wss%3A%2F%2Fs.example%2Fsignal");
});

test("an invite link from a bare page names the lobby", () => {
  expect(inviteLink("http://127.0.0.1:8787/chat/")).toBe("http://127.0.0.1:8787/chat/?room=lobby");
});

test("an invite link reads back as the room it was made in", () => {
  const room = "tea & cake? 100 % ünïcode/#";
  const link = linkTo("http://127.0.0.1/", "/chat/", room);
  expect(readAddress(link).room).toBe(room);
  expect(inviteLink(link)).toBe(link);
});

test("a link to another demo keeps the server", () => {
  expect(linkTo(HERE, "/chat/", "tea")).toBe("https://demo.example/chat/?room=tea&signaling=wss%3A%2F%2Fs.example%2Fsignal");
});

test("a room's name is one bounded line", () => {
  expect(cleanRoom("  a\nb ")).toBe("a b");
  expect(cleanRoom("x".repeat(500))).toHaveLength(64);
  expect(cleanRoom(" ")).toBe("lobby");
});
