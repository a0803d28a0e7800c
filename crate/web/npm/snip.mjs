// Takes out of a WebAssembly module what only writes the messages of panics.
//
// A panic in a page is a trap, and nobody reads its message; but the code that formats it, and every function that prints
// a value, is kept for it. With a trap in the place of each, the optimiser removes them: 3 KB of the package after brotli.
import binaryen from "binaryen";

/** Functions that run only when a panic is certain, and those that print values, of which nothing else here makes use. */
const PANIC_ONLY = [
  /^core(\[\w+\])?::(panicking|fmt)::/,
  /^<?(core|alloc|std)(\[\w+\])?::.*(_fail|_failed)(::<.*>|::h\w{16})?$/,
  / as core(\[\w+\])?::fmt::\w+>::\w+(::h\w{16}|\[\d+\])?$/,
  /^<core(\[\w+\])?::fmt::/,
];

/**
 * @param {Uint8Array} bytes a module with the names of its functions
 * @returns {{ bytes: Uint8Array, names: string[] }} the module, and the functions that now trap
 */
export function snipPanics(bytes) {
  const module = binaryen.readBinary(bytes);
  const names = [];
  for (let at = 0; at < module.getNumFunctions(); at += 1) {
    const reference = module.getFunctionByIndex(at);
    const { name, module: imported } = binaryen.getFunctionInfo(reference);
    if (imported || !PANIC_ONLY.some((pattern) => pattern.test(name))) continue;
    binaryen.Function.setBody(reference, module.unreachable());
    names.push(name);
  }
  const snipped = module.emitBinary();
  module.dispose();
  return { bytes: snipped, names };
}
