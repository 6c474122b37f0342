import { accountView, usageText } from '../account-view.js';
import { clientCommand } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';

const notSaid = 'not said by this server';

export const status = clientCommand({
  name: 'status',
  summary: 'say who is logged in where, what the account may, and the versions of both sides',
  examples: ['status', 'plim --json alice@files.example.org status'],
  options: {},
  async run(context) {
    const { destination, printer, version } = context;
    const remote = await remoteOf(context);
    const { facts } = remote;
    const view = await accountView(remote, await remote.realpath('.'));
    const { user, host, port } = destination;
    const account = view.account ?? user;
    const product = view.product ?? facts.product?.name ?? null;
    const productVersion = view.version ?? facts.product?.version ?? null;
    const server = [product, productVersion].filter((part) => part !== null).join(' ');
    printer.result(
      {
        account,
        role: view.role,
        state: view.state,
        expires: view.expires === 'never' ? null : view.expires,
        lastLogin: view.lastLogin,
        readOnly: view.readOnly,
        usage: view.usage,
        server: { host, port, product, version: productVersion, ident: facts.ident },
        client: { product: 'plim', version },
        protocol: facts.version,
      },
      [
        `account     ${account}${view.readOnly === true ? ', may only read' : ''}`,
        `role        ${view.role ?? notSaid}`,
        `state       ${view.state ?? notSaid}`,
        `expires     ${view.expires ?? notSaid}`,
        `last login  ${view.lastLogin ?? (view.account === null ? notSaid : 'this is the first')}`,
        `used        ${view.usage ? `${usageText(view.usage)}${view.usage.of === 'disk' ? " (of the server's disk)" : ''}` : notSaid}`,
        `server      ${host}:${port}, ${server === '' ? '' : `${server}, `}${facts.ident}`,
        `client      plim ${version}, SFTP version ${facts.version}`,
      ],
    );
    return undefined;
  },
});

export const system = clientCommand({
  name: 'system',
  summary: 'say what the server is: platform, product, protocol and extensions',
  examples: ['system'],
  options: {},
  async run(context) {
    const { printer } = context;
    const remote = await remoteOf(context);
    const { ident, version, extensions, product, maxRead, maxWrite } = remote.facts;
    const view = await accountView(remote, await remote.realpath('.'));
    const name = view.product ?? product?.name ?? null;
    const named = [name, view.version ?? product?.version]
      .filter((part) => typeof part === 'string')
      .join(' ');
    printer.result(
      {
        platform: view.platform,
        product: name,
        version: view.version ?? product?.version ?? null,
        ident,
        protocol: version,
        extensions: Object.fromEntries(extensions),
        maxRead,
        maxWrite,
      },
      [
        `platform    ${view.platform ?? notSaid}`,
        `product     ${named === '' ? ident.replace(/^SSH-2\.0-/, '') : named}`,
        `ident       ${ident}`,
        `protocol    SFTP version ${version}, up to ${maxRead} bytes a read and ${maxWrite} a write`,
        `extensions  ${extensions.size === 0 ? 'none' : ''}`.trimEnd(),
        ...[...extensions].map(([extension, value]) => `  ${extension}${shortValue(value)}`),
      ],
    );
    return undefined;
  },
});

/** Versions are shown; some extensions announce structures that nobody can read. */
function shortValue(value: string): string {
  return /^[\x20-\x7e]{1,40}$/.test(value) ? ` ${value}` : '';
}
