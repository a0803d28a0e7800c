import { afterEach, expect, test, vi } from "vitest";
import { Listeners, PatientListeners } from "../src/emitter.js";

afterEach(() => void vi.unstubAllGlobals());

test("a listener that throws is reported, and stops nobody", () => {
  const report = vi.fn();
  vi.stubGlobal("reportError", report);
  const listeners = new Listeners<[number]>();
  const heard: number[] = [];
  const error = new Error("of the listener");
  listeners.add(() => {
    throw error;
  });
  listeners.add((number) => heard.push(number));
  listeners.tell(7);
  expect(heard).toEqual([7]);
  expect(report).toHaveBeenCalledWith(error);
});

test("one function may listen twice, and each time is ended by itself", () => {
  const listeners = new Listeners<[]>();
  const listener = vi.fn();
  const end = listeners.add(listener);
  listeners.add(listener);
  listeners.tell();
  end();
  end();
  listeners.tell();
  expect(listener).toHaveBeenCalledTimes(3);
});

test("a listener that another one removes is not called any more", () => {
  const listeners = new Listeners<[]>();
  const second = vi.fn();
  let end = () => {};
  listeners.add(() => end());
  end = listeners.add(second);
  listeners.tell();
  expect(second).not.toHaveBeenCalled();
});

test("what is no function is refused where it is passed", () => {
  expect(() => new Listeners().add("listen" as never)).toThrow("not a function");
});

test("what comes early waits for the first listener, in order and before what comes later", async () => {
  const listeners = new PatientListeners<[number]>(2);
  for (const number of [1, 2, 3]) listeners.tell(number);
  const heard: number[] = [];
  listeners.add((number) => heard.push(number));
  listeners.tell(4);
  expect(heard).toEqual([]);
  await Promise.resolve();
  listeners.tell(5);
  // The oldest had to give way: 2 are kept.
  expect(heard).toEqual([3, 4, 5]);
});

test("what waits goes on waiting if the listener has gone before it was told", async () => {
  const listeners = new PatientListeners<[number]>(9);
  listeners.tell(1);
  listeners.add(() => expect.unreachable())();
  await Promise.resolve();
  const heard: number[] = [];
  listeners.add((number) => heard.push(number));
  await Promise.resolve();
  expect(heard).toEqual([1]);
});
