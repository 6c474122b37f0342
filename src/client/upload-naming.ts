import { Fault } from '../fault.js';
import { toText } from '../names.js';
import type { Remote, RemoteChange } from './remote.js';
import { lstatOrNull } from './stat-or-null.js';
import type { UploadPlan } from './upload-plan.js';

export interface Naming {
  readonly plan: UploadPlan;
  /** Bytes of the file. */
  readonly size: number;
  /** Mode and times that it is to have. */
  readonly change: RemoteChange | null;
  /** The target was looked for a moment ago: one that was not there is not asked about again before it is replaced. */
  readonly fresh: boolean;
  /** Whether it was tried before on a connection that broke: then the name may be changed already. */
  readonly again: boolean;
  readonly note: (sentence: string) => void;
}

/**
 * Gives a complete and verified upload its name, with mode and times. `denied` where the account may not rename:
 * nothing has changed then. `appeared` where a target that nobody had looked for is there.
 */
export async function nameUpload(
  remote: Remote,
  { plan, size, change, fresh, again, note }: Naming,
): Promise<'named' | 'denied' | 'appeared'> {
  const { path, target, inPlace, replaces, unseen } = plan;
  const { renameKeeps } = remote.facts;
  if (again && !inPlace && (await isNamed(remote, plan, size))) return 'named';
  // Before the new name is there, so that nobody sees it with another mode; both requests go out together.
  const changing = change === null ? Promise.resolve() : remote.setStat(path, change);
  const renaming = inPlace
    ? Promise.resolve()
    : remote.rename(path, target, { replace: replaces !== null || (fresh && !renameKeeps) });
  const [changed, renamed] = await Promise.allSettled([changing, renaming]);
  if (renamed.status === 'rejected') {
    const fault: unknown = renamed.reason;
    if (!(fault instanceof Fault)) throw fault;
    if (fault.code === 'denied') return 'denied';
    if (fault.code === 'exists' && unseen) return 'appeared';
    if (fault.code === 'exists') {
      throw new Fault(
        'exists',
        `${toText(target)} was made by somebody else meanwhile; what arrived stays, complete, as ${toText(path)}`,
      );
    }
    throw fault;
  } else if (changed.status === 'rejected') {
    const fault: unknown = changed.reason;
    const isLost = fault instanceof Fault && (fault.code === 'no-connection' || fault.code === 'timed-out');
    if (isLost) throw fault;
    note(`its mode and times could not be set: ${fault instanceof Fault ? fault.message : String(fault)}`);
  }
  return 'named';
}

/** Whether an earlier try succeeded though its answer got lost. Another one could do harm: the name is that of the file now. */
async function isNamed(
  remote: Remote,
  { path, target, replaces }: UploadPlan,
  size: number,
): Promise<boolean> {
  const [part, named] = await Promise.all([lstatOrNull(remote, path), lstatOrNull(remote, target)]);
  if (part !== null || named?.size !== size) return false;
  // What was there before may have the same size, and the part may be gone for another reason.
  return replaces === null || replaces.size !== size || replaces.mtime !== named.mtime;
}
