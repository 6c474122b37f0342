import { openFlags } from '../../../src/wire/open-flags.js';
import type { Expectations, ModelHandle, OpenPlan, Outcome, Plan } from './home-model.js';
import { FileNode } from './home-tree.js';

const every: readonly Outcome[] = ['done', 'quota', 'refused'];

/** Names that several sessions use at once: nobody can tell what an answer will be, only what has to hold afterwards. */
export class Anything implements Expectations {
  readonly troubled: boolean;

  constructor({ troubled }: { readonly troubled: boolean }) {
    this.troubled = troubled;
  }

  open(_path: string, flags: number): OpenPlan {
    const mayBeBusy = (flags & openFlags.exclusive) !== 0;
    const append = (flags & openFlags.append) !== 0;
    const handle = (): ModelHandle => ({ file: new FileNode(), read: true, write: true, append, kept: 0 });
    return { ...free(), handle, mayBeBusy };
  }

  close(): void {
    // Nothing is known of it.
  }

  write({ file }: ModelHandle, offset: number, length: number): Plan {
    return free(() => (file.size = Math.max(file.size, offset + length)));
  }

  resize({ file }: ModelHandle, size: number): Plan {
    return free(() => (file.size = size));
  }

  copyFile(_from: string, _to: string, overwrite: boolean): Plan {
    return { ...free(), mayBeBusy: !overwrite };
  }

  resizePath = (): Plan => free();
  copyData = (): Plan => free();
  upload = (): Plan => free();
  mkdir = (): Plan => free();
  rmdir = (): Plan => free();
  remove = (): Plan => free();
  symlink = (): Plan => free();
  link = (): Plan => free();
  rename = (): Plan => free();

  /** More than there may be: whatever is filled up by it mostly is refused. */
  room(): number {
    return 30_000;
  }
}

function free(commit: () => void = () => undefined): Plan {
  return { allowed: every, commit };
}
