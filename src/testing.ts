/** What `import ... from 'plimsoll/testing'` gives: a server for the tests of whatever talks to one. */
export { startTestServer } from './testing/start-test-server.js';
export type { TestServer, TestServerOptions } from './testing/test-server.js';
export { faultSentences } from './testing/faults.js';
export type { FaultName, Faults, OtherHostKey, RefuseLoginsOptions } from './testing/faults.js';
export type { CutOptions, Directions, SlowOptions, StallOptions } from './testing/link.js';
export { operationNames } from './testing/operation-faults.js';
export type { DelayOptions, Matching, RefuseOptions, StatusOptions } from './testing/operation-faults.js';
export type { RequestRecord } from './testing/request-record.js';
export type { OpenFlag, OperationName, SeenRequest } from './testing/seen-request.js';
export { statusNames, type AnswerName, type StatusName } from './testing/answer.js';
export type { AccountOptions } from './embed/options.js';
export { Fault, faultCodes, type FaultCode } from './fault.js';
export type { Vfs } from './vfs/vfs.js';
