/** What is to be called at the end of this turn of the event loop. */
const due: (() => void)[] = [];

let turns: MessageChannel | undefined;

/** Calls back when this turn of the event loop is over; in a hidden page, too, whose timers are slow. */
export function afterTurn(call: () => void): void {
  turns ??= channel();
  due.push(call);
  turns.port2.postMessage(0);
}

function channel(): MessageChannel {
  const made = new MessageChannel();
  made.port1.onmessage = () => due.shift()?.();
  return made;
}
