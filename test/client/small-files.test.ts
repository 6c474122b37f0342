import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SmallFiles, smallFile } from '../../src/client/small-files.js';
import { fromText } from '../../src/names.js';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-small-'));
const at = (name: string, content?: string | Buffer) => {
  const path = join(folder, name);
  if (content !== undefined) writeFileSync(path, content);
  return fromText(path);
};

describe('SmallFiles', () => {
  it('reads a small file with what is known of it', () => {
    const found = new SmallFiles().read(at('größe', 'seven b'));
    expect(found?.bytes.toString()).toBe('seven b');
    expect(found?.stat).toMatchObject({ kind: 'file', size: 7 });
    symlinkSync('größe', join(folder, 'link'));
    expect(new SmallFiles().read(at('link'))?.bytes.toString()).toBe('seven b');
    expect(new SmallFiles().read(at('most', Buffer.alloc(smallFile)))?.bytes.length).toBe(smallFile);
  });

  it('leaves to others what is larger, has no size, is no file or is not there', () => {
    mkdirSync(join(folder, 'folder'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const files = new SmallFiles();
    const paths = [
      at('large', Buffer.alloc(smallFile + 1)),
      at('empty', ''),
      at('folder'),
      at('pipe'),
      at('none'),
    ];
    expect(paths.map((path) => files.read(path))).toEqual([null, null, null, null, null]);
  });

  it('leaves a slow disk to others for a while, and tries it again', () => {
    let now = 0;
    let call = 6;
    const files = new SmallFiles({ now: () => (now += call) });
    const path = at('slow', 'x');
    expect(files.read(path)).not.toBeNull();
    call = 1;
    const after = Array.from({ length: 18 }, () => files.read(path) !== null);
    expect(after).toEqual([...Array.from({ length: 16 }, () => false), true, true]);
  });
});
