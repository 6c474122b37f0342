import type { Remote, RemoteEntry, RemoteKind } from '../../../../src/client/remote.js';
import { Fault } from '../../../../src/fault.js';
import type { ByteString } from '../../../../src/names.js';

/** A server that does what no honest one would: only what is given, everything else fails. */
export function fakeRemote(given: Partial<Remote>): Remote {
  const unsupported = (): Promise<never> => Promise.reject(new Fault('unsupported'));
  const base = {
    facts: {
      ...{ ident: 'SSH-2.0-Fake', version: 3, extensions: new Map<string, string>(), product: null },
      ...{ maxRead: 32_768, maxWrite: 32_768 },
    },
    has: () => false,
    hashesCheaply: () => false,
    takeStderr: () => '',
    list: async function* () {
      await unsupported();
      yield [];
    },
    owners: () => Promise.resolve(null),
    hash: () => Promise.resolve(null),
    space: () => Promise.resolve(null),
    accountStatus: () => Promise.resolve(null),
  };
  const methods = [
    ...['realpath', 'stat', 'lstat', 'open', 'mkdir', 'rmdir', 'remove', 'rename', 'symlink', 'readlink'],
    ...['hardlink', 'setStat', 'copyFile', 'exec'],
  ];
  return {
    ...Object.fromEntries(methods.map((method) => [method, unsupported])),
    ...base,
    ...given,
  } as unknown as Remote;
}

export function entry(name: ByteString, kind: RemoteKind = 'file', longname = ''): RemoteEntry {
  return { name, longname, stat: { kind } };
}

/** Folders with fixed content; `null` for what is a file. */
export function listing(
  folders: Readonly<Record<string, readonly RemoteEntry[]>>,
): Pick<Remote, 'list' | 'lstat' | 'stat'> {
  const kindOf = (path: ByteString): Promise<{ readonly kind: RemoteKind }> => {
    if (Object.hasOwn(folders, path)) return Promise.resolve({ kind: 'folder' });
    const cut = path.lastIndexOf('/');
    const inside = folders[path.slice(0, cut) || '/'];
    const found = inside?.find(({ name }) => name === path.slice(cut + 1));
    return found ? Promise.resolve(found.stat) : Promise.reject(new Fault('not-found'));
  };
  return {
    stat: kindOf,
    lstat: kindOf,
    async *list(folder) {
      const entries = await Promise.resolve(folders[folder]);
      if (!entries) throw new Fault('not-found');
      yield entries;
    },
  };
}
