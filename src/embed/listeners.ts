import { Fault } from '../fault.js';
import type { EventCatalogue, EventName, Events, Listener } from '../observe/events.js';

/** Hears one kind of event. */
export type EventListener<Name extends EventName> = (event: EventCatalogue[Name]) => unknown;

/**
 * Listeners by the name of their event, as Node's emitters have them. One that throws, or whose promise is rejected, is
 * told of once as a warning of the process, and harms nobody.
 */
export class Listeners {
  readonly #events: Events;
  readonly #ways = new Map<EventName, Map<unknown, (() => void)[]>>();

  constructor(events: Events) {
    this.#events = events;
  }

  /** @throws Fault `invalid` where the listener is no function */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>, once: boolean): void {
    assertListener(listener, `of '${name}' `);
    const out = this.#events.subscribe(
      guarded((happened, event) => {
        if (happened !== name) return undefined;
        if (once) this.#remove(name, listener, out);
        return listener(event as unknown as EventCatalogue[Name]);
      }),
    );
    const named = this.#ways.get(name) ?? new Map<unknown, (() => void)[]>();
    named.set(listener, [...(named.get(listener) ?? []), out]);
    this.#ways.set(name, named);
  }

  /** Takes away the one that came last of those that are the same. */
  off<Name extends EventName>(name: Name, listener: EventListener<Name>): void {
    const last = this.#ways.get(name)?.get(listener)?.at(-1);
    if (last) this.#remove(name, listener, last);
  }

  /** @throws Fault `invalid` where the listener is no function */
  subscribe(listener: Listener): () => void {
    assertListener(listener, '');
    return this.#events.subscribe(guarded(listener));
  }

  #remove(name: EventName, listener: unknown, out: () => void): void {
    out();
    const named = this.#ways.get(name);
    const left = named?.get(listener)?.filter((one) => one !== out) ?? [];
    if (left.length > 0) named?.set(listener, left);
    else named?.delete(listener);
  }
}

function assertListener(listener: unknown, shown: string): void {
  if (typeof listener !== 'function') throw new Fault('invalid', `the listener ${shown}must be a function`);
}

/** What an asynchronous listener rejects with would end the process. */
function guarded(listener: (name: EventName, event: EventCatalogue[EventName]) => unknown): Listener {
  let told = false;
  return (name, event) => {
    const result = listener(name, event);
    if (!isThenable(result)) return;
    // A promise may be of another realm or library, and its `then` may throw.
    Promise.resolve(result).catch((thrown: unknown) => {
      if (told) return;
      told = true;
      process.emitWarning(new Error(`a listener to events fails, first at ${name}: ${String(thrown)}`));
    });
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
}
