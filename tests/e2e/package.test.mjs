// @ts-check
// The package's promises that no demo shows, on a page with nothing but the package.
import assert from "node:assert/strict";
import { expectEverybody } from "./harness/demo.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/browsers.mjs").BrowserName} BrowserName */

const scenario = suite();

const MEET_MS = 5_000;
const KINDS = /** @type {const} */ (["chromium", "firefox"]);

/**
 * Asserts that demo pages show exactly these members.
 * @param {readonly import("./harness/suite.mjs").Visitor[]} demos
 * @param {readonly { id: string }[]} people
 */
async function expectShown(demos, people) {
  const ids = people.map(({ id }) => id).sort();
  await Promise.all(
    demos.map((demo) =>
      demo.until(
        `exactly ${ids.length} members`,
        MEET_MS,
        (wanted) => {
          const items = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-testid="member"]')]);
          return items.map(({ dataset }) => dataset["memberId"]).sort().join() === wanted;
        },
        ids.join(),
      ),
    ),
  );
}

/**
 * A page with the package on it, in no room yet.
 * @param {Scene} scene
 * @param {BrowserName} kind
 */
async function barePage(scene, kind) {
  const tab = await scene.tab(kind);
  await tab.goto(`${scene.server.url}/bare/`);
  await tab.until("the package is loaded", MEET_MS, () => window.library !== undefined);
  return tab;
}

scenario("the same room joined twice in one page is the same room, and another identity another member of it", async (scene) => {
  for (const kind of KINDS) {
    const tab = await barePage(scene, kind);
    const found = await tab.evaluate(async (name) => {
      const { createIdentity, join } = window.library;
      const [first, second] = await Promise.all([join(name), join(name)]);
      const third = await join(name);
      const elsewhere = await join(`${name} elsewhere`);
      const other = await join(name, { identity: createIdentity() });
      return {
        same: first === second && second === third,
        elsewhere: elsewhere !== first && elsewhere.self.id === first.self.id,
        other: other !== first && other.self.id !== first.self.id,
        members: other.members.map(({ id }) => id).sort().join() === [first.self.id, other.self.id].sort().join(),
      };
    }, `${scene.room} ${kind}`);
    assert.deepEqual(found, { same: true, elsewhere: true, other: true, members: true }, kind);
  }
});

scenario("a page that leaves and joins again is seen again by those who saw it leave", async (scene) => {
  const others = [await scene.join("chromium", "presence"), await scene.join("firefox", "presence")];
  for (const kind of KINDS) {
    const tab = await barePage(scene, kind);
    const enter = () =>
      tab.evaluate(
        async (name, presence) => {
          const room = await window.library.join(name, { presence });
          const again = room !== window.chinwag?.room;
          window.chinwag = { room };
          return { id: room.self.id, again };
        },
        scene.room,
        { name: tab.name },
      );
    const people = (/** @type {string} */ id) => [...others, Object.assign(tab, { id })];
    const { id } = await enter();
    for (let time = 0; time < 2; time += 1) {
      await expectShown(others, people(id));
      await tab.evaluate(() => window.chinwag?.room?.leave());
      await expectShown(others, others);
      assert.deepEqual(await enter(), { id, again: true }, `${kind} is in a new room as the member that it was`);
    }
    await expectShown(others, people(id));
    await tab.evaluate(() => window.chinwag?.room?.leave());
    await expectShown(others, others);
  }
});

scenario("two pages of the bare package and a demo are one room", async (scene) => {
  const demo = await scene.join("chromium", "presence");
  const [first, second] = [await barePage(scene, "firefox"), await barePage(scene, "chromium")];
  for (const tab of [first, second]) {
    tab.id = await tab.evaluate(
      async (name, presence) => {
        const room = await window.library.join(name, { presence });
        window.chinwag = { room };
        return room.self.id;
      },
      scene.room,
      { name: tab.name },
    );
  }
  await Promise.all(
    [first, second].map((tab) =>
      tab.until("three members", MEET_MS, (id) => window.chinwag?.room?.members.length === 3 && window.chinwag.room.members.some((member) => member.id === id), demo.id),
    ),
  );
  const people = [demo, first, second];
  await demo.until(
    "the names of both",
    MEET_MS,
    (names) => names.every((name) => [...document.querySelectorAll('[data-testid="member"]')].some(({ textContent }) => textContent?.includes(name))),
    people.map(({ name }) => name),
  );
});

scenario("a member without presence yet is shown, and the members stay the same array until something changes", async (scene) => {
  const demo = await scene.join("chromium", "presence");
  const tab = await barePage(scene, "firefox");
  await tab.evaluate(async (name) => {
    window.chinwag = { room: await window.library.join(name) };
  }, scene.room);
  await demo.until("two members", MEET_MS, () => document.querySelectorAll('[data-testid="member"]').length === 2);
  await tab.until("two members", MEET_MS, () => window.chinwag?.room?.members.length === 2);
  const same = await tab.evaluate(() => {
    const room = window.chinwag?.room;
    const before = room?.members;
    const unchanged = room?.members === before;
    room?.setPresence({ name: "now somebody" });
    return { unchanged, changed: room?.members !== before };
  });
  assert.deepEqual(same, { unchanged: true, changed: true });
  await demo.until("the new name", MEET_MS, () => document.querySelector('[data-testid="members"]')?.textContent?.includes("now somebody"));
});

scenario("where no signaling server answers, join rejects with signaling-unreachable and says where", async (scene) => {
  const tabs = await Promise.all(KINDS.map((kind) => barePage(scene, kind)));
  // An address where a moment ago somebody answered, so that nobody else has its port.
  const url = `${scene.server.url.replace("http", "ws")}/signal`;
  await scene.server.kill();
  const errors = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(
        (name, signaling) =>
          window.library.join(name, { signaling }).then(
            () => ({ name: "joined", code: "", message: "" }),
            (/** @type {import("chinwag").ChinwagError} */ error) => ({ name: error.name, code: error.code, message: error.message }),
          ),
        scene.room,
        url,
      ),
    ),
  );
  for (const { name, code, message } of errors) {
    assert.deepEqual([name, code], ["ChinwagError", "signaling-unreachable"]);
    assert.ok(message.includes(url), `"${message}" names the server`);
  }
});

scenario("what cannot be sent throws bad-argument where it is passed, and a room that is left refuses with left", async (scene) => {
  for (const kind of KINDS) {
    const tab = await barePage(scene, kind);
    const codes = await tab.evaluate(async (name) => {
      const room = await window.library.join(name);
      /** @type {any} What no type lets through. */
      const loop = {};
      loop.loop = loop;
      const wrong = [() => 1, Symbol("s"), 1n, loop, new Map([[1, 2]]), { deep: [undefined, () => 1] }];
      const code = async (/** @type {() => unknown} */ attempt) => {
        try {
          await attempt();
          return "accepted";
        } catch (error) {
          return /** @type {{ code?: string }} */ (error).code ?? String(error);
        }
      };
      const channel = room.channel("test");
      const sends = await Promise.all(wrong.map((value) => code(() => channel.send(/** @type {any} */ (value)))));
      const presences = await Promise.all(wrong.map((value) => code(() => room.setPresence(/** @type {any} */ (value)))));
      await room.leave();
      const after = [await code(() => channel.send("too late")), await code(() => room.setPresence("too late"))];
      return { sends, presences, after };
    }, scene.room);
    const bad = Array.from({ length: 6 }, () => "bad-argument");
    assert.deepEqual(codes, { sends: bad, presences: bad, after: ["left", "left"] }, kind);
  }
});

scenario("a join that is aborted rejects with the signal's reason, and nobody ever sees it", async (scene) => {
  const demo = await scene.join("chromium", "presence");
  const tab = await barePage(scene, "chromium");
  const outcomes = await tab.evaluate(async (name) => {
    const before = AbortSignal.abort(new Error("before"));
    const during = new AbortController();
    const joining = window.library.join(name, { signal: during.signal });
    during.abort(new Error("during"));
    const reason = (/** @type {Promise<unknown>} */ promise) => promise.then(() => "joined", (error) => error.message);
    return [await reason(window.library.join(name, { signal: before })), await reason(joining)];
  }, scene.room);
  assert.deepEqual(outcomes, ["before", "during"]);
  const later = await scene.join("firefox", "presence");
  await expectEverybody([demo, later], MEET_MS);
  assert.deepEqual((await demo.recording()).joined.map(({ member }) => member), [later.id]);
});

scenario("a listener that throws does not stop the others, nor the room", async (scene) => {
  const tab = await scene.join("chromium", "presence");
  await tab.evaluate(() => {
    window.chinwag?.room?.on("join", () => {
      throw new Error("thrown on purpose");
    });
    window.chinwag?.room?.on("join", ({ id }) => window.joinedAfterThrow.push(id));
    window.joinedAfterThrow = [];
  });
  const other = await scene.join("firefox", "presence");
  await expectEverybody([tab, other], MEET_MS);
  await tab.until("the second listener was called", MEET_MS, (id) => window.joinedAfterThrow.includes(id), other.id);
});
