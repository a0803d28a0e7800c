import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { policy } from "../build/head.js";

test("the policy admits the one inline script by its hash, and no other", () => {
  const script = "document.documentElement.dataset.theme = 'dark'";
  const rules = policy(script);
  expect(rules).toContain(`'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  expect(rules).not.toContain("unsafe-inline");
  expect(rules).not.toContain("'unsafe-eval'");
});

test("the policy allows WebAssembly and sockets, and by default nothing", () => {
  const rules = policy("");
  expect(rules).toMatch(/^default-src 'none'/u);
  expect(rules).toContain("'wasm-unsafe-eval'");
  expect(rules).toMatch(/connect-src [^;]*\bwss:/u);
});
