import { resolve } from 'node:path';
import { belowRoot, makeRoot, type Root } from '../../admin/root.js';
import { createService } from '../../admin/service.js';
import { mistypedEnvironment } from '../../config/environment.js';
import { givenSettings, loadSettings, type Overrides } from '../../config/load-settings.js';
import { settings as declared, type Settings } from '../../config/settings.js';
import { Fault } from '../../fault.js';
import { assertAppendable } from '../../observe/appendable.js';
import { openAudit } from '../../observe/audit.js';
import { createEvents, type Events } from '../../observe/events.js';
import type { LogOptions } from '../../observe/log.js';
import type { Level } from '../../observe/routes.js';
import type { Supervisor } from '../../supervise/supervisor.js';
import { command, text, texts, type Context, type Surroundings } from '../command.js';
import { exitOf, type Exit } from '../exit.js';
import { lazyQuotas } from '../lazy-quotas.js';
import { foreignRoot, openDatabase } from '../open-root.js';
import { watchEnding } from './ending.js';
import { serveAlone } from './serve-alone.js';
import { serveAsWorker } from './serve-as-worker.js';
import type { StartApp } from './serving.js';

export type { StartApp };

const options = {
  listen: texts(
    '--listen <HOST:PORT>',
    'address to serve on (127.0.0.1:2222), port 0 picks one; can be repeated',
  ),
  workers: text('--workers <N>', 'processes that serve, sharing the addresses (1)'),
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
  const { supervisorOf } = await import('../../supervise/supervisor.js');
  const supervisor = supervisorOf(context.env);
  if (!supervisor) {
    await serveOn(context, load, null);
    return undefined;
  }
  try {
    await serveOn(context, load, supervisor);
    return undefined;
  } catch (thrown) {
    // All workers have the same to say; the one that started them says it once.
    if (!(thrown instanceof Fault)) throw thrown;
    await supervisor.tell({ failed: { code: thrown.code, message: thrown.message } });
    return exitOf(thrown.code);
  }
}

async function serveOn(
  context: Context<typeof options>,
  load: () => Promise<StartApp>,
  supervisor: Supervisor | null,
): Promise<void> {
  const root = makeRoot(context.folder);
  const loaded = supervisor
    ? givenSettings(supervisor.stored)
    : await loadSettings({ root: root.path, env: context.env, overrides: overridesOf(context) });
  const { settings } = loaded;
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
    if (!supervisor) await warn(context, root, events);
    const store = await openDatabase(root);
    try {
      const { loadHostKeys } = await import('../../ssh/host-key-files.js');
      const { version } = context;
      if (supervisor) {
        const hostKeys = await loadHostKeys(root.keys);
        const parts = { root, settings, events, store, hostKeys, version };
        await serveAsWorker(parts, await load(), supervisor, ending.asked);
        return;
      }
      const quotas = lazyQuotas({ root, settings, store, events });
      const service = createService({
        root,
        settings,
        store,
        events,
        quotas: quotas.get,
        by: 'first start',
      });
      try {
        await service.accounts.assertHomesAllowed();
        const hostKeys = await loadHostKeys(root.keys);
        const parts = { context, root, events, store, service, hostKeys, version, ...loaded };
        if (settings.workers > 1) {
          const { serveWithWorkers } = await import('./serve-with-workers.js');
          await serveWithWorkers(parts, ending.asked);
        } else {
          await serveAlone(parts, await load(), ending.asked);
        }
      } finally {
        await quotas.close();
        await service.close();
      }
    } finally {
      await store.close();
    }
  } finally {
    await audit.close();
    await log.close();
  }
}

function overridesOf({
  options: { listen, workers, log, logLevel },
  cwd,
}: Context<typeof options>): Overrides {
  return {
    ...(workers !== undefined && {
      workers: { value: declared.workers.fromText(workers), option: '--workers' },
    }),
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
