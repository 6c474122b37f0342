/** What `import ... from 'plimsoll/client'` gives: the client inside a program. */
export { connect } from './client/library/connect.js';
export type { Abortable, Client, ServerInfo } from './client/library/client.js';
export type { FileInfo, FolderEntry } from './client/library/files.js';
export type { ClientOptions } from './client/library/options.js';
export type { Path } from './client/library/paths.js';
export {
  TreeFault,
  type Transferred,
  type TransferProgress,
  type TransferSettings,
  type TreeSettings,
} from './client/library/transfers.js';
export type { Prompt, SeenHostKey } from './client/connection.js';
export type { RemoteKind, RemoteSpace } from './client/remote.js';
export type { CollisionChoice, MismatchChoice, Verified, VerifyAlgorithm } from './client/transfer.js';
export { Fault, faultCodes, type FaultCode } from './fault.js';
export type { HashAlgorithm } from './hash/algorithms.js';
export type { AccountStatus } from './wire/account-status.js';
