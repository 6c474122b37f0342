import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const room = new URL('../../dist/peers/socket-peers.js', import.meta.url);

/** Another process of a root, that runs `script` with its `peers`, and prints its name when it is among them. */
export interface OtherProcess {
  readonly name: string;
  readonly child: ChildProcess;
  /** What it prints next. */
  line(): Promise<string>;
  /** Ends it as nothing is cleaned up by, and waits until it has. */
  kill(): Promise<void>;
}

const started = new Set<ChildProcess>();

export interface OtherProcessOptions {
  /** Whether it is a worker of a `node:cluster` instead of a program of its own. */
  readonly worker?: boolean;
}

export async function otherProcess(
  folder: string,
  script: string,
  options: OtherProcessOptions = {},
): Promise<OtherProcess> {
  const program = join(mkdtempSync(join(tmpdir(), 'plimsoll-peer-')), 'program.mjs');
  const body = `
    const { openPeers } = await import(${JSON.stringify(room.href)});
    const peers = await openPeers({ folder: ${JSON.stringify(folder)} });
    const say = (text) => process.stdout.write(text + '\\n');
    ${script}
    say(peers.self);`;
  const asWorker = `
    import cluster from 'node:cluster';
    if (cluster.isPrimary) cluster.fork();
    else {${body}}`;
  writeFileSync(program, options.worker === true ? asWorker : body);
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.add(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const next = await lines.next();
    return next.done === true ? '' : next.value;
  };
  const kill = async (): Promise<void> => {
    started.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { name: await line(), child, line, kill };
}

export function killAll(): void {
  for (const child of started) child.kill('SIGKILL');
}
