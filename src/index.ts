/** What `import ... from 'plimsoll'` gives: a server inside a program. */
export { createServer } from './embed/create-server.js';
export { serveSftp } from './embed/serve-sftp.js';
export type { SftpOptions, SftpServed } from './embed/serve-sftp.js';
export type { Server, ServerSession } from './embed/server.js';
export type {
  AccountName,
  AccountOptions,
  Authenticate,
  EmbeddedSetting,
  EmbeddedSettings,
  Grant,
  ListenOn,
  LoginRequest,
  OfferedKey,
  ServerOptions,
} from './embed/options.js';
export type { EventListener } from './embed/listeners.js';
export type { Actor, Connection, EventCatalogue, EventName, Listener } from './observe/events.js';
export { Fault, faultCodes, type FaultCode } from './fault.js';
export { fromText, toText, type ByteString } from './names.js';
export { memoryVfs as memory, type MemoryOptions } from './vfs/memory.js';
export { DelegatingHandle, DelegatingListing, DelegatingVfs } from './vfs/delegating.js';
export type {
  Change,
  Entry,
  FollowOption,
  Handle,
  Inode,
  Kind,
  Listing,
  OpenOptions,
  SetAttributes,
  Space,
  Stats,
  Vfs,
} from './vfs/vfs.js';
