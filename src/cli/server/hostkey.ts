import { findRoot } from '../../admin/root.js';
import { formatPublicKey } from '../../publickey/public-key.js';
import { loadHostKeys } from '../../ssh/host-key-files.js';
import { command } from '../command.js';

export const hostkeyShow = command({
  name: 'hostkey show',
  summary: 'show the keys by which clients know this server',
  options: {},
  async run({ folder, printer }) {
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
