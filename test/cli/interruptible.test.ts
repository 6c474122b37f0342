import { expect, it } from 'vitest';
import { interruptible } from '../../src/cli/interruptible.js';

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('lets %s ask work to stop', async (signal) => {
  const others: string[] = [];
  const other = (name: string): void => void others.push(name);
  process.on(signal, other);
  const listening = process.listenerCount(signal);
  try {
    const outcome = await interruptible((stop) => {
      process.emit(signal);
      // npm passes on the Ctrl-C that the terminal has sent already.
      process.emit(signal);
      return Promise.resolve(stop.aborted);
    });
    expect(outcome).toBe(true);
    expect(others, 'whoever else listens is not told').toEqual([]);
    process.emit(signal);
    expect(others, 'but afterwards again').toHaveLength(1);
    expect(process.listenerCount(signal)).toBe(listening);
  } finally {
    process.off(signal, other);
  }
});

it('is only for as long as the work, however that ends', async () => {
  const before = process.listeners('SIGINT');
  const failing = interruptible(() => Promise.reject(new Error('no')));
  expect(process.listeners('SIGINT')).not.toEqual(before);
  await expect(failing).rejects.toThrow('no');
  expect(process.listeners('SIGINT')).toEqual(before);
});
