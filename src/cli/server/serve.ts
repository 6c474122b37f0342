import { resolve } from 'node:path';
import { firstStart } from '../../admin/first-start.js';
import { belowRoot, makeRoot, type Root } from '../../admin/root.js';
import { createService, statusOf, type Service } from '../../admin/service.js';
import { serveStatus } from '../../admin/status-socket.js';
import { countEvents, sessionsOf, type Status } from '../../admin/status.js';
import { formatAddress, type Address } from '../../config/address.js';
import { mistypedEnvironment } from '../../config/environment.js';
import { loadSettings, type Overrides } from '../../config/load-settings.js';
import type { Settings } from '../../config/settings.js';
import { Fault } from '../../fault.js';
import type { LiveSessions } from '../../live.js';
import { assertAppendable } from '../../observe/appendable.js';
import { openAudit } from '../../observe/audit.js';
import { createEvents, type Events } from '../../observe/events.js';
import type { LogOptions } from '../../observe/log.js';
import type { Level } from '../../observe/routes.js';
import type { HostKeys } from '../../ssh/host-keys.js';
import type { Store } from '../../store/accounts.js';
import { command, text, texts, type Context, type Surroundings } from '../command.js';
import type { Exit } from '../exit.js';
import { foreignRoot, openDatabase } from '../open-root.js';
import { watchEnding } from './ending.js';
import { markCleanEnd, markStart } from './run-marks.js';

/** A server that runs. */
export interface App {
  readonly addresses: readonly Address[];
  readonly live: LiveSessions;
  /** Accepts no more, gives running requests the time to finish, and ends. */
  stop(graceMilliseconds: number): Promise<void>;
}

/** The composition root, as `serve` starts it. */
export type StartApp = (options: {
  readonly root: string;
  readonly settings: Settings;
  readonly events: Events;
  readonly store: Store;
  readonly hostKeys: HostKeys;
  readonly version: string;
}) => Promise<App>;

const options = {
  listen: texts(
    '--listen <HOST:PORT>',
    'address to serve on (127.0.0.1:2222), port 0 picks one; can be repeated',
  ),
  workers: text('--workers <N>', 'processes that serve; this version runs 1'),
  log: text('--log <FILE>', 'append the log to a file in place of stderr'),
  logLevel: text('--log-level <LEVEL>', 'error, warn, info or debug'),
};

/** @param load the composition root, loaded when it is needed: no other command has to wait for it */
export function serveCommand(load: () => Promise<StartApp>) {
  return command({
    name: 'serve',
    summary: 'serve files until told to stop',
    options,
    run: (context) => serve(context, load),
  });
}

async function serve(
  context: Context<typeof options>,
  load: () => Promise<StartApp>,
): Promise<Exit | undefined> {
  assertOneWorker(context.options.workers);
  const root = makeRoot(context.folder);
  const { settings } = loadSettings({ root: root.path, env: context.env, overrides: overridesOf(context) });
  const events = createEvents();
  // What no other command has to wait for is loaded here.
  const { openLog } = await import('../../observe/log.js');
  const log = openLog(logOptions(context, root, settings), events);
  const ending = watchEnding((what, error) => log.fatal(what, error));
  const auditFile = belowRoot(root, settings['audit.file']);
  // A full disk costs lines later; a wrong path or right is a mistake to be told now.
  assertAppendable(auditFile, 'the audit log');
  const audit = openAudit(auditFile, events);
  try {
    await warn(context, root, events);
    const store = await openDatabase(root);
    const service = createService({ root, settings, store, events, by: 'first start' });
    try {
      await run({ context, root, settings, events, store, service }, await load(), ending.asked);
    } finally {
      await service.close();
      await store.close();
    }
  } finally {
    await audit.close();
    await log.close();
  }
  return undefined;
}

interface Parts {
  readonly context: Surroundings;
  readonly root: Root;
  readonly settings: Settings;
  readonly events: Events;
  readonly store: Store;
  readonly service: Service;
}

async function run(parts: Parts, startApp: StartApp, asked: Promise<string>): Promise<void> {
  const { context, root, settings, events, store, service } = parts;
  await assertAlone(root);
  await service.accounts.assertHomesAllowed();
  const { loadHostKeys } = await import('../../ssh/host-key-files.js');
  const hostKeys = await loadHostKeys(root.keys);
  const counts = countEvents(events);
  const { version } = context;
  const app = await startApp({ root: root.path, settings, events, store, hostKeys, version });
  const listening = app.addresses.map(formatAddress);
  const since = new Date().toISOString();
  const status = (): Status => ({
    running: true,
    version,
    pid: process.pid,
    since,
    root: root.path,
    listening,
    sessions: sessionsOf(app.live),
    counts,
  });

  try {
    const socket = await serveStatus(root.statusSocket, status);
    try {
      if (!(await markStart(store.marks, new Date()))) {
        events.emit('server.warning', { message: 'the server before this one did not come to a clean end' });
      }
      const text = await firstStart({
        root,
        cwd: context.cwd,
        program: context.program,
        addresses: app.addresses,
        accounts: service.accounts,
        marks: store.marks,
        knownHosts: (host, port) => hostKeys.knownHosts(host, port),
      });
      context.printer.say([...listening.map((address) => `plimsoll listening on ${address}`), ...text]);
      events.emit('server.started', { listening, root: root.path, version });
      events.emit('server.stopping', { reason: await asked });
    } finally {
      await socket.close();
    }
  } finally {
    await app.stop(settings['stop.grace']);
  }
  await markCleanEnd(store.marks, new Date());
  events.emit('server.stopped', { clean: true });
}

function assertOneWorker(workers: string | undefined): void {
  if (workers === undefined || workers === '1') return;
  throw new Fault(
    'invalid',
    /^[1-9]\d*$/.test(workers)
      ? `this version serves with one process: leave --workers out, or say --workers 1`
      : `--workers is '${workers}': it takes a whole number from 1`,
  );
}

function overridesOf({ options: { listen, log, logLevel }, cwd }: Context<typeof options>): Overrides {
  return {
    ...(listen.length > 0 && { listen: { value: listen, option: '--listen' } }),
    ...(log !== undefined && { 'log.file': { value: log === '' ? '' : resolve(cwd, log), option: '--log' } }),
    ...(logLevel !== undefined && { 'log.level': { value: logLevel, option: '--log-level' } }),
  };
}

function logOptions({ terminal, env, printer }: Surroundings, root: Root, settings: Settings): LogOptions {
  const file = settings['log.file'];
  const readable = file === '' && terminal.shows;
  return {
    level: settings['log.level'] as Level,
    target: file === '' ? 2 : belowRoot(root, file),
    readable,
    colour: readable && !env['NO_COLOR'],
    failed: (sentence) => printer.warn(sentence),
  };
}

async function warn({ env }: Surroundings, root: Root, events: Events): Promise<void> {
  const { nativeBinding } = await import('../../ssh/internals.js');
  const warnings = [
    ...(process.geteuid?.() === 0
      ? ['running as root: a user of its own keeps a mistake from reaching the rest of the host']
      : []),
    ...(nativeBinding
      ? []
      : [
          "ssh2's native binding is missing: transfers cost several times the CPU; install python3, make and g++, and run npm rebuild ssh2",
        ]),
    ...foreignRoot(root),
    ...mistypedEnvironment(env),
  ];
  for (const message of warnings) events.emit('server.warning', { message });
}

/** @throws Fault `exists` when a server runs on this root */
async function assertAlone(root: Root): Promise<void> {
  const other = await statusOf(root);
  if (!other) return;
  throw new Fault(
    'exists',
    `a server runs on ${root.path} already: process ${other.pid}, listening on ${other.listening.join(', ')}; ` +
      'stop it first, or give this one another --root',
  );
}
