import { findRoot } from '../../admin/root.js';
import { formatPublicKey } from '../../publickey/public-key.js';
import { command } from '../command.js';

export const hostkeyShow = command({
  name: 'hostkey show',
  summary: 'show the keys by which clients know this server',
  options: {},
  async run({ folder, printer }) {
    // No other command has to wait for ssh2.
    const { loadHostKeys } = await import('../../ssh/host-key-files.js');
    const { keys } = await loadHostKeys(findRoot(folder).keys);
    printer.result(
      keys.map((key) => ({
        type: key.type,
        fingerprint: key.fingerprint,
        publicKey: formatPublicKey({ ...key, comment: '' }),
      })),
      keys.map(({ fingerprint, type }) => `${fingerprint} ${type}`),
    );
    return undefined;
  },
});
