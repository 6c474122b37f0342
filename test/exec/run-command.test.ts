import { afterEach, describe, expect, it, vi } from 'vitest';
import { Budget } from '../../src/channel/budget.js';
import { commands } from '../../src/exec/commands.js';
import type { Command } from '../../src/exec/command.js';
import { Fault } from '../../src/fault.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { DelegatingVfs } from '../../src/vfs/delegating.js';
import { running, outcome, type Running } from './running.js';

const mebibyte = 2 ** 20;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Serves `echo` with something else while a test runs. */
function echoing(run: Command['run']): void {
  vi.spyOn(commands.echo, 'run').mockImplementation(run);
}

/** Lets everything run that is ready to. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a command line that is not served [PROTOCOL 7.4.6]', () => {
  it.each([
    ['reboot', "'reboot' is not served here"],
    ['', 'there is no command'],
    ['# nothing', 'there is no command'],
    ['rsync --server -vlogDtpre.iLsfxCIvu . /x', 'rsync is not served here: rclone'],
    ['/usr/bin/rsync --server . /x', 'rsync is not served here: rclone'],
    ['ls -la', 'choose SFTP as the protocol'],
    ['pwd', 'choose SFTP as the protocol'],
    ['/usr/lib/openssh/sftp-server', "the subsystem 'sftp'"],
    ['head -c 5 x', 'head -c NUMBER FILE | md5sum'],
    ['cat x | md5sum', 'the only pipe'],
    ['head -c 5 x | md5sum | cat', 'the only pipe'],
    ['head -c 5 x | wc', 'the only pipe'],
    ['md5sum x; reboot', 'needs a shell'],
    ['md5sum $(reboot)', 'needs a shell'],
    ['__proto__', 'is not served here'],
    ['constructor x', 'is not served here'],
    ['md5*', 'is not served here'],
  ])('%j ends with 127 and a sentence', async (line, sentence) => {
    const command = running(line);
    expect(await command.ended).toBe(127);
    expect(command.stderr).toEqual([expect.stringContaining(sentence)]);
    expect(command.refusals.map(([path, { message }]) => [path, message])).toEqual([
      [line, command.stderr[0]],
    ]);
    expect(command.stdout()).toBe('');
  });

  it('is quoted in part, and so that it steers no terminal', async () => {
    const { stderr } = await outcome(`'\x1b[2Jx${'y'.repeat(30_000)}'`);
    expect(stderr[0]).toContain('\\x1b[2Jxyyy');
    expect(stderr[0]?.length).toBeLessThan(300);
  });
});

describe('a command that fails', () => {
  it('says why, after its name', async () => {
    echoing(() => Promise.reject(new Fault('quota', 'the line is reached')));
    const command = running('echo');
    expect(await command.ended).toBe(1);
    expect(command.stderr).toEqual(['echo: the line is reached']);
    expect(command.failures).toEqual([]);
  });

  it('gives nothing away where the mistake is ours, and tells the operator', async () => {
    const mistake = new Error('/host/path');
    echoing(() => {
      throw mistake;
    });
    const command = running('echo');
    expect(await command.ended).toBe(1);
    expect(command.stderr).toEqual(['echo: failure']);
    expect(command.failures).toEqual([mistake]);
  });
});

describe('input of a command [T3]', () => {
  it('comes whole and in order, in whatever pieces', async () => {
    const found: Buffer[] = [];
    echoing(async (_args, { streams }) => {
      for (let bytes = await streams.read(1000); bytes; bytes = await streams.read(1000)) {
        expect(bytes.length).toBeLessThanOrEqual(1000);
        found.push(Buffer.from(bytes));
      }
      return 0;
    });
    const command = running('echo');
    const sent: Buffer[] = [];
    for (const size of [1, 8191, 2, 5000, 100_000, 1, 4096, 0, 3]) {
      const bytes = Buffer.alloc(size, sent.length + 1);
      sent.push(bytes);
      command.sink.data(bytes);
      if (size % 2 === 0) await settled();
    }
    command.sink.end();
    expect(await command.ended).toBe(0);
    expect(Buffer.concat(found).equals(Buffer.concat(sent))).toBe(true);
    expect([command.input.taken, command.output.taken]).toEqual([0, 0]);
  });

  it('slows its peer while the command does not read, and goes on when it does', async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    echoing(async (_args, { streams }) => {
      await gate;
      let total = 0;
      for (let bytes = await streams.read(mebibyte); bytes; bytes = await streams.read(mebibyte)) {
        total += bytes.length;
      }
      return total === 2 * mebibyte ? 0 : 1;
    });
    const command = running('echo', { input: new Budget(64 * mebibyte) });
    const half = Buffer.alloc(mebibyte / 2);
    expect(command.sink.data(half)).toBe(true);
    expect(command.sink.data(half)).toBe(false);
    // What the peer was granted before may still come.
    expect(command.sink.data(half)).toBe(false);
    expect(command.sink.data(half)).toBe(false);
    expect(command.resumed()).toBe(0);
    go();
    await settled();
    expect(command.resumed()).toBe(1);
    command.sink.end();
    expect(await command.ended).toBe(0);
  });

  it('waits while others fill the budget, and is not forgotten once they gave back', async () => {
    const input = new Budget(mebibyte);
    input.charge(mebibyte);
    let read = (): void => undefined;
    const asked = new Promise<void>((resolve) => (read = resolve));
    echoing(async (_args, { streams }) => {
      await asked;
      await streams.read(100);
      await streams.read(100);
      return 0;
    });
    const command = running('echo', { input });
    expect(command.sink.data(Buffer.alloc(150))).toBe(false);
    input.give(mebibyte);
    expect(command.resumed()).toBe(1);
    read();
    expect(await command.ended).toBe(0);
    expect(input.taken).toBe(0);
  });

  it('costs no more memory than its bytes when they come one by one', async () => {
    echoing(
      (_args, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(0))),
    );
    const command = running('echo');
    const chunk = Buffer.alloc(65_536);
    const before = process.memoryUsage();
    for (let at = 0; at < mebibyte; at++) command.sink.data(chunk.subarray(at % 65_536, (at % 65_536) + 1));
    const after = process.memoryUsage();
    // A Buffer for each byte would be a hundred times as much.
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4 * mebibyte);
    expect(command.input.taken).toBe(mebibyte);
    command.sink.closed();
    await command.ended;
    expect(command.input.taken).toBe(0);
  });

  it('that the server did not take is told from its end: half a file has no hash', async () => {
    const command = running('md5sum -');
    command.sink.data(Buffer.from('half a'));
    command.sink.end(true);
    expect(await command.ended).toBe(1);
    expect(command.stdout()).toBe('');
    expect(command.stderr[0]).toContain('the server is stopping');
  });
});

describe('output of a command [T3]', () => {
  it('waits for the peer, within its bounds', async () => {
    let written = 0;
    echoing(async (_args, { streams }) => {
      for (; written < 100; written++) await streams.write(Buffer.alloc(mebibyte / 4));
      return 0;
    });
    const command = running('echo', { manual: true, output: new Budget(64 * mebibyte) });
    await settled();
    expect(written).toBe(3);
    command.sent();
    await settled();
    expect(written).toBe(7);
    for (let turn = 0; turn < 30; turn++) {
      command.sent();
      await settled();
    }
    expect(command.exitStatus()).toBe(0);
    expect(command.output.taken).toBe(0);
    command.sink.closed();
    await command.ended;
  });

  it('waits while others fill the budget, but not for them once nothing of its own waits', async () => {
    const output = new Budget(mebibyte);
    output.charge(mebibyte);
    echoing(async (_args, { streams }) => {
      await streams.write(Buffer.from('first'));
      await streams.write(Buffer.from('second'));
      return 0;
    });
    const command = running('echo', { manual: true, output });
    await settled();
    expect(command.exitStatus()).toBe(null);
    command.sent();
    await settled();
    expect(command.exitStatus()).toBe(null);
    command.sent();
    await settled();
    expect(command.exitStatus()).toBe(0);
    expect(output.taken).toBe(mebibyte);
    command.sink.closed();
    await command.ended;
  });
});

describe('a connection with a command', () => {
  it('is busy while the command works, and idle while it only waits for its peer', async () => {
    const command = running('md5sum -', { manual: true });
    await vi.waitUntil(() => command.output.taken === 0);
    command.sink.data(Buffer.from('abc'));
    // All is read, and it waits again.
    await vi.waitUntil(() => command.input.taken === 0 && command.output.taken === 0);
    command.sink.closed();
    await command.ended;

    let done = (): void => undefined;
    echoing(() => new Promise((resolve) => (done = () => resolve(0))));
    const working = running('echo', { manual: true });
    await settled();
    expect(working.output.taken).toBeGreaterThan(0);
    done();
    await settled();
    expect(working.output.taken).toBe(0);
    working.sink.closed();
    await working.ended;
  });

  it('is busy again after a wait that was in vain', async () => {
    let done = (): void => undefined;
    echoing(async (_args, { streams }) => {
      await streams.arrives(1);
      await new Promise<void>((resolve) => (done = resolve));
      return 0;
    });
    const command = running('echo', { manual: true });
    while (command.output.taken === 0) await settled();
    done();
    await settled();
    expect(command.output.taken).toBe(0);
    command.sink.closed();
    await command.ended;
  });
});

describe('a channel that goes away', () => {
  const waiting: Readonly<Record<string, Command['run']>> = {
    'for input': async (_args, { streams }) => ((await streams.read(1)) ? 0 : 1),
    'for input to arrive': async (_args, { streams }) => ((await streams.arrives(60_000)) ? 0 : 1),
    'for its peer to read': async (_args, { streams }) => {
      for (;;) await streams.write(Buffer.alloc(mebibyte));
    },
    'for its turn': (_args, { gate, signal }) =>
      gate.pass(signal, () => gate.pass(signal, () => gate.pass(signal, () => Promise.resolve(0)))),
  };

  it.each(Object.entries(waiting))('ends a command that waits %s', async (_, run) => {
    echoing(run);
    const command: Running = running('echo', { manual: true });
    command.sink.data(Buffer.alloc(0));
    await settled();
    expect(command.hasEnded()).toBe(false);
    command.sink.closed();
    expect(await command.ended).toBe(1);
    expect([command.input.taken, command.output.taken]).toEqual([0, 0]);
    expect(command.failures).toEqual([]);
    expect(command.exitStatus()).toBe(null);
  });

  it('takes nothing more, whatever the command still does', async () => {
    echoing(async (_args, { streams, signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      streams.complain('too late');
      await streams.write(Buffer.from('too late')).catch(() => undefined);
      await streams.read(1).catch(() => undefined);
      throw new Error('after the end');
    });
    const command = running('echo', { manual: true });
    command.sink.data(Buffer.alloc(1000));
    command.sink.closed();
    command.sink.closed();
    await command.ended;
    expect(command.stdout()).toBe('');
    expect(command.stderr).toEqual([]);
    expect([command.input.taken, command.output.taken]).toEqual([0, 0]);
  });

  it('stops a hash within its next block, and closes the file', async () => {
    let reads = 0;
    let closed = 0;
    let tell = (): void => undefined;
    const started = new Promise<void>((resolve) => (tell = resolve));
    class Endless extends DelegatingVfs {
      override async open(...args: Parameters<DelegatingVfs['open']>) {
        const file = await super.open(...args);
        file.read = (into) => {
          if (++reads === 3) tell();
          return Promise.resolve(into.length);
        };
        const close = file.close.bind(file);
        file.close = (ending) => {
          closed++;
          return close(ending);
        };
        return file;
      }
    }
    const inner = memoryVfs();
    await (await inner.open('x', { write: true, create: true })).close();
    const command = running('md5sum x', { vfs: new Endless(inner), manual: true });
    await started;
    command.sink.closed();
    const before = reads;
    await command.ended;
    expect(reads - before).toBeLessThanOrEqual(1);
    expect(closed).toBe(1);
  });
});
