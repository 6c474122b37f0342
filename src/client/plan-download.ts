import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { comparePart } from './compare-part.js';
import { isTaken, LocalFile, lstatLocal, resolved, statLocal, type LocalStat } from './local-files.js';
import { localToText } from './local-path.js';
import { freeName, partOf } from './partial-names.js';
import type { Remote, RemoteStat } from './remote.js';
import { comparisonAlgorithm, startingPoint, type StartingPoint } from './starting-point.js';
import type { TransferOptions, TransferSubject } from './transfer.js';

/** What is here in the place where a download is to go. */
export interface Here {
  /** The target, or what it leads to where it is a symlink. */
  readonly path: ByteString;
  readonly target: LocalStat | null;
  readonly part: LocalStat | null;
}

/** @throws Fault `is-a-folder`, `not-a-file` where no file can be received under that name */
export async function lookHere(local: ByteString): Promise<Here> {
  const path = await resolved(local);
  const [target, part] = await Promise.all([statLocal(path), lstatLocal(partOf(path))]);
  if (target?.kind === 'folder')
    throw new Fault('is-a-folder', `${localToText(path)} is a folder: name the file in it`);
  if (target?.kind === 'other') {
    throw new Fault(
      'not-a-file',
      `${localToText(path)} is a pipe or a device: use get NAME - > ${localToText(path)}`,
    );
  }
  if (part && part.kind !== 'file') {
    throw new Fault('not-a-file', `${localToText(partOf(path))} is in the way: it is not a regular file`);
  }
  return { path, target, part };
}

/** Decides where a download begins. Changes nothing. */
export function planDownload(
  remote: Remote,
  { path, target, part }: Here,
  source: RemoteStat,
  subject: TransferSubject,
  options: TransferOptions,
): Promise<StartingPoint> {
  return startingPoint(
    {
      subject,
      path: subject.local,
      target: target && target.size,
      part: part && part.size,
      total: source.size ?? null,
      seekable: true,
      compare: async (place, length) => {
        const file = await LocalFile.toRead(place === 'part' ? partOf(path) : path);
        try {
          return await comparePart(
            remote,
            subject.remote,
            length,
            (start, end) => file.pieces(start, end, 256 * 1024),
            {
              algorithm: comparisonAlgorithm(options.verify),
              signal: options.signal,
            },
          );
        } finally {
          await file.close();
        }
      },
      freeName: () => freeName(path, async (name) => (await isTaken(name)) || (await isTaken(partOf(name)))),
    },
    options,
  );
}
