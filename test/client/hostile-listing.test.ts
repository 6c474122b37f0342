import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getFile } from '../../src/client/get-file.js';
import { getManyWith } from '../../src/client/get-many.js';
import { localFromText } from '../../src/client/local-path.js';
import { getMany } from '../../src/client/many.js';
import type { ManyOptions, ManyResult } from '../../src/client/transfer.js';
import { linkTo, manyOptions, type Told } from './linked.js';
import {
  content,
  file,
  folder,
  startLyingServer,
  symlink,
  type Lie,
  type LyingServer,
} from './lying-server.js';

let work: string;
/** The folder that things are got into; `work` holds it, and nothing else that the server may touch. */
let target: string;
let server: LyingServer;
let end: () => Promise<void>;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-hostile-'));
  target = join(work, 'inner/target');
  mkdirSync(join(work, 'inner'));
});
afterEach(async () => {
  await end();
  server.stop();
  rmSync(work, { recursive: true });
});

/** Gets the folder `top` of a server that lists it so, and folders in it as the map says. */
async function got(
  listings:
    | Readonly<Record<string, readonly (readonly Lie[])[]>>
    | ((path: string) => readonly (readonly Lie[])[] | null),
  changed: Partial<ManyOptions> = {},
  get: typeof getMany = getMany,
): Promise<ManyResult & { readonly told: Told }> {
  server = await startLyingServer(
    typeof listings === 'function' ? listings : (path) => listings[path] ?? null,
  );
  const { link } = linkTo({ port: server.port, user: 'alice', password: 'any' });
  end = () => link.end();
  const { options, told } = manyOptions({ jobs: 8, ...changed });
  return { ...(await get(link, [{ remote: 'top', local: localFromText(target) }], options)), told };
}

const codes = ({ failed }: ManyResult): readonly string[] => failed.map(({ fault }) => fault.code);

/** Everything below a folder, as paths; nothing is followed. */
function below(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
}

describe('a server that lists what it should not', () => {
  it('puts nothing beside or above the target by names, of files or folders', async () => {
    const names = [
      '../evil',
      '/abs',
      '../../evil',
      'sub/evil',
      'a\0b',
      'a\nb',
      '\x1b]0;evil\x07',
      '',
      '../target2',
    ];
    const result = await got({
      top: [names.flatMap((name) => [{ name, mode: file }]), [{ name: 'good', mode: file }]],
      ...Object.fromEntries(names.map((name) => [`top/${name}`, [[{ name: 'inside', mode: file }]]])),
    });
    expect(codes(result)).toEqual(names.map(() => 'bad-name'));
    expect(below(work)).toEqual(['inner', 'inner/target', 'inner/target/good']);
    expect(server.opened).toEqual(['top/good']);
    for (const { fault } of result.failed) expect(fault.message).not.toMatch(/[\x00-\x1f]/);
  });

  it('is refused the same names for folders', async () => {
    const names = ['..', '../evil', '/tmp/plimsoll-evil', 'a/b', '.'];
    const result = await got({ top: [names.map((name) => ({ name, mode: folder }))] });
    // `.` and `..` are in every listing, and nobody's business.
    expect(codes(result)).toEqual(['bad-name', 'bad-name', 'bad-name']);
    expect(below(work)).toEqual(['inner', 'inner/target']);
    expect(existsSync('/tmp/plimsoll-evil')).toBe(false);
  });

  it('cannot have a symlink made, nor write through a name that it lists twice [CVE-2019-6111]', async () => {
    const result = await got({
      top: [
        [{ name: 'link', mode: symlink }],
        [
          { name: 'link', mode: folder },
          { name: 'twice', mode: file },
          { name: 'twice', mode: file },
        ],
      ],
      'top/link': [[{ name: 'evil', mode: file }]],
    });
    expect(codes(result)).toEqual(['bad-name', 'bad-name']);
    expect(result.told.notes.some((note) => note.includes('a symbolic link'))).toBe(true);
    expect(below(target)).toEqual(['twice']);
    expect(lstatSync(join(target, 'twice')).isFile()).toBe(true);
  });

  it('gets nothing written through a symlink that is in the target already', async () => {
    mkdirSync(target);
    mkdirSync(join(work, 'precious'));
    symlinkSync(join(work, 'precious'), join(target, 'sub'));
    symlinkSync(join(work, 'precious/file'), join(target, 'dangling'));
    const result = await got({
      top: [
        [
          { name: 'sub', mode: folder },
          { name: 'good', mode: file },
        ],
      ],
      'top/sub': [[{ name: 'evil', mode: file }]],
    });
    expect(codes(result)).toEqual(['not-a-folder']);
    expect(result.failed[0]?.fault.message).toContain('symbolic link');
    expect(readdirSync(join(work, 'precious'))).toEqual([]);
    expect(readFileSync(join(target, 'good'), 'utf8')).toBe(content);
  });

  it('gets nothing written into what takes a folder’s place while files come', async () => {
    mkdirSync(join(work, 'precious'));
    let replaced = false;
    const result = await got(
      {
        top: [[{ name: 'sub', mode: folder }]],
        'top/sub': [
          [{ name: 'a', mode: file }],
          [
            { name: 'b', mode: file },
            { name: 'c', mode: file },
          ],
        ],
      },
      {
        jobs: 1,
        preserve: true,
        watcher: {
          end: () => {
            if (replaced) return;
            replaced = true;
            renameSync(join(target, 'sub'), join(work, 'moved'));
            symlinkSync(join(work, 'precious'), join(target, 'sub'));
          },
        },
      },
    );
    expect(codes(result)).toEqual(['not-a-folder', 'not-a-folder']);
    expect(readdirSync(join(work, 'precious'))).toEqual([]);
    expect(readdirSync(join(work, 'moved'))).toEqual(['a']);
  });

  it('does not lead into folders in folders for ever', async () => {
    // A folder in it each time: the system's own limit of a path ends it.
    const name = 'x'.repeat(200);
    const result = await got((path) =>
      path.endsWith('y')
        ? null
        : [
            [
              { name, mode: folder },
              { name: 'y', mode: file },
            ],
          ],
    );
    expect(codes(result)).toContain('name-too-long');
    expect(result.failed.length).toBeLessThan(5);
    expect(result.results.length).toBeGreaterThan(3);
  });

  it('asks what an entry is where the listing does not say', async () => {
    const result = await got({
      top: [[{ name: 'sub' }, { name: 'file' }]],
      'top/sub': [[{ name: 'inner' }]],
    });
    expect(codes(result)).toEqual([]);
    expect(below(target)).toEqual(['file', 'sub', 'sub/inner']);
  });

  it('takes modes without setuid, setgid and sticky bits', async () => {
    const result = await got(
      {
        top: [
          [
            { name: 'sub', mode: 0o047777 },
            { name: 'file', mode: 0o107755 },
          ],
        ],
        'top/sub': [[]],
      },
      { preserve: true },
    );
    expect(codes(result)).toEqual([]);
    expect(lstatSync(join(target, 'sub')).mode & 0o7777).toBe(0o777);
    expect(lstatSync(join(target, 'file')).mode & 0o7777).toBe(0o755);
  });

  it('is refused names that mean something else on Windows, there', async () => {
    const names = ['CON', 'aux.txt', 'a:b', 'a\\b', 'dot.', 'space '];
    const result = await got(
      { top: [[...names, 'good'].map((name) => ({ name, mode: file }))] },
      {},
      (link, items, options) => getManyWith(getFile, link, items, options, { windows: true }),
    );
    expect(codes(result)).toEqual(names.map(() => 'bad-name'));
    expect(below(target)).toEqual(['good']);
  });
});
