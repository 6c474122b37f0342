import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaited } from './awaited.js';
import type { TestServer } from './server.js';

/** A line of the audit log: its event, and what that event carries. */
export interface AuditLine {
  readonly time: string;
  readonly event: string;
  readonly account?: string;
  readonly user?: string;
  readonly method?: string;
  readonly fingerprint?: string | null;
  readonly view?: string;
  readonly reason?: string;
  readonly path?: string;
  readonly command?: string;
  readonly complete?: boolean;
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
  /** Of the connection, on the wire. */
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  readonly fault?: string;
}

export function auditLines(server: TestServer): readonly AuditLine[] {
  const text = readFileSync(join(server.root, 'var/audit.log'), 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as AuditLine);
}

/** Waits until there is such a line: a client knows its answer before the audit has written it down. */
export function audited(server: TestServer, wanted: (line: AuditLine) => boolean): Promise<AuditLine> {
  const last = (): string => JSON.stringify(auditLines(server).slice(-5), null, 1);
  return awaited(
    () => `a line of the audit with ${wanted.toString()}; the last are ${last()}`,
    () => auditLines(server).find(wanted),
  );
}

/** The command lines that clients ran by `exec`, in order. */
export function executed(server: TestServer): readonly string[] {
  return auditLines(server).flatMap(({ event, command }) =>
    event === 'session.opened' && command !== undefined ? [command] : [],
  );
}
