import { Fault } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import { formatSize } from '../size.js';
import { comparePart, type LocalBytes } from './compare-part.js';
import { filepartOf, freeName } from './partial-names.js';
import type { Remote, RemoteStat } from './remote.js';
import { comparisonAlgorithm, startingPoint, type StartingPoint } from './starting-point.js';
import { lstatOrNull, statOrNull } from './stat-or-null.js';
import type { TransferOptions, TransferSubject, Verified } from './transfer.js';
import type { UploadPlan } from './upload-plan.js';

export interface PlanningParts {
  readonly subject: TransferSubject;
  readonly options: TransferOptions;
  /** Bytes of the source; `null` where only its end tells. */
  readonly total: number | null;
  /** Reads the source for comparing; `null` for a stream. */
  readonly local: LocalBytes | null;
  /** Nothing is to be asked about the target: it is not there. */
  readonly targetIsNew: boolean;
  /** This account may not rename: the target itself is written. */
  readonly renameDenied: boolean;
}

export type PlannedUpload =
  | { readonly kind: 'upload'; readonly plan: UploadPlan }
  | { readonly kind: 'already-there'; readonly target: ByteString; readonly verified: Verified | null }
  | { readonly kind: 'skip' };

interface There {
  /** The target, or what it leads to where it is a symlink. */
  readonly path: ByteString;
  readonly target: RemoteStat | null;
  readonly part: RemoteStat | null;
}

/** Looks what is there and decides how the upload is written. Changes nothing. */
export async function planUpload(remote: Remote, parts: PlanningParts): Promise<PlannedUpload> {
  const { subject, total, local } = parts;
  const inPlace = parts.options.inPlace || parts.renameDenied;
  const options = { ...parts.options, inPlace };
  if (parts.targetIsNew) {
    return { kind: 'upload', plan: { ...made(subject.remote, null, inPlace), unseen: !inPlace } };
  }

  const there = await look(remote, subject.remote, inPlace);
  const { path } = there;
  const point = await startingPoint(
    {
      subject,
      path: subject.remote,
      target: there.target && (there.target.size ?? 0),
      part: there.part && (there.part.size ?? 0),
      total,
      seekable: local !== null,
      compare: (place, length) =>
        comparePart(remote, place === 'part' ? filepartOf(path) : path, length, local ?? nothing, {
          algorithm: comparisonAlgorithm(options.verify),
          signal: options.signal,
        }),
      freeName: () => freeName(path, (name) => isTaken(remote, name)),
    },
    options,
  );
  if (point.kind === 'skip') return { kind: 'skip' };
  if (point.kind === 'already-there')
    return { kind: 'already-there', target: path, verified: point.verified };
  const planned = upload(point, path, there.target, inPlace);
  if (point.kind === 'extend' && point.place === 'target' && !inPlace) {
    parts.options.watcher.note?.(subject, `${toText(path)} itself is gone on with`);
  }
  return (await withoutRoom(remote, planned.plan, there, parts)) ?? planned;
}

function upload(
  point: Exclude<StartingPoint, { kind: 'skip' | 'already-there' }>,
  path: ByteString,
  existing: RemoteStat | null,
  inPlace: boolean,
): Extract<PlannedUpload, { kind: 'upload' }> {
  const plan = ((): UploadPlan => {
    switch (point.kind) {
      case 'new':
        return inPlace && existing ? over(path, existing) : made(path, existing, inPlace);
      case 'renamed':
        return made(point.path, null, inPlace);
      case 'over':
        return point.place === 'target'
          ? over(path, existing)
          : { ...made(path, existing, false), open: 'empty' };
      case 'extend':
        return {
          ...(point.place === 'target' ? over(path, existing) : made(path, existing, false)),
          open: 'keep',
          from: point.from,
          hash: point.hash,
        };
    }
  })();
  return { kind: 'upload', plan };
}

function made(target: ByteString, replaces: RemoteStat | null, inPlace: boolean): UploadPlan {
  const path = inPlace ? target : filepartOf(target);
  return { target, path, inPlace, open: 'create', from: 0, hash: null, replaces, unseen: false };
}

function over(target: ByteString, replaces: RemoteStat | null): UploadPlan {
  return { target, path: target, inPlace: true, open: 'keep', from: 0, hash: null, replaces, unseen: false };
}

/** As `scp` does, a symlink is followed: the file it leads to is replaced, and the link stays. */
async function look(remote: Remote, name: ByteString, inPlace: boolean): Promise<There> {
  const [target, part] = await Promise.all([
    lstatOrNull(remote, name),
    inPlace ? null : lstatOrNull(remote, filepartOf(name)),
  ]);
  if (target?.kind === 'symlink') {
    const path = await remote.realpath(name);
    if (path === name) throw new Fault('not-a-file', `${toText(name)} is a symlink that leads nowhere`);
    const [real, realPart] = await Promise.all([
      statOrNull(remote, path),
      inPlace ? null : lstatOrNull(remote, filepartOf(path)),
    ]);
    return checked({ path, target: real, part: realPart });
  }
  return checked({ path: name, target, part });
}

function checked(there: There): There {
  const { path, target, part } = there;
  if (target?.kind === 'folder') {
    throw new Fault('is-a-folder', `${toText(path)} is a folder at the server: name the file in it`);
  }
  if (target && !isFile(target)) {
    throw new Fault('not-a-file', `${toText(path)} is not a regular file at the server`);
  }
  if (part && !isFile(part)) {
    throw new Fault('not-a-file', `${toText(filepartOf(path))} is in the way: it is not a regular file`);
  }
  return there;
}

/** A server that does not tell kinds is believed that it is one. */
function isFile({ kind }: RemoteStat): boolean {
  return kind === 'file' || kind === 'unknown';
}

/** Where the old and the new file do not fit beside each other, but the new one in place of the old one does. */
async function withoutRoom(
  remote: Remote,
  plan: UploadPlan,
  { target, part }: There,
  { subject, options, total }: PlanningParts,
): Promise<PlannedUpload | null> {
  const replaced = target?.size ?? 0;
  if (
    !options.checkRoom ||
    plan.inPlace ||
    total === null ||
    replaced === 0 ||
    plan.target !== subject.remote
  )
    return null;
  const space = await remote.space(folderOf(plan.target)).catch(() => null);
  if (space === null) return null;
  const partial = part?.size ?? 0;
  const inPlaceFits = space.free + replaced >= total;
  if (space.free + partial >= total || !inPlaceFits || plan.from > 0) return null;
  options.watcher.note?.(
    subject,
    `no room for the old and the new file together (${formatSize(space.free)} free): ${toText(plan.target)} itself is written`,
  );
  return { kind: 'upload', plan: over(plan.target, target) };
}

function folderOf(path: ByteString): ByteString {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : slash === 0 ? '/' : path.slice(0, slash);
}

async function isTaken(remote: Remote, name: ByteString): Promise<boolean> {
  const found = await Promise.all([lstatOrNull(remote, name), lstatOrNull(remote, filepartOf(name))]);
  return found.some((stat) => stat !== null);
}

/** Streams are never compared. */
const nothing: LocalBytes = async function* () {};
