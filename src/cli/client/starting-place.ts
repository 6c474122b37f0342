import { localFromText } from '../../client/local-path.js';
import type { Remote } from '../../client/remote.js';
import { Fault, toFault } from '../../fault.js';
import { fromText, toText, type ByteString } from '../../names.js';
import type { Place } from './command.js';

/**
 * Where a person is at first: at the server where a login begins, or in a folder that counts from there.
 * @throws Fault `not-found`, `not-a-folder`, ... for a folder that was asked for
 */
export async function startingPlace(remote: Remote, path: string | null, cwd: string): Promise<Place> {
  const local = localFromText(cwd);
  const home = await remote.realpath(fromText('.'));
  if (path === null || path === '' || path === '~') return { remote: home, local };
  const asked = fromText(path.replace(/^~\//, ''));
  const joined = asked.startsWith('/') ? asked : `${home.replace(/\/$/, '')}/${asked}`;
  return { remote: await folderAt(remote, joined), local };
}

async function folderAt(remote: Remote, path: ByteString): Promise<ByteString> {
  try {
    const { kind } = await remote.stat(path);
    if (kind === 'file') {
      throw new Fault('not-a-folder', 'it is a file: to fetch it, name the server, then get and the file');
    }
    return await remote.realpath(path);
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.code === 'no-connection' || fault.code === 'timed-out') throw fault;
    throw new Fault(fault.code, `cannot begin in ${toText(path)}: ${fault.message}`, { cause: fault });
  }
}
