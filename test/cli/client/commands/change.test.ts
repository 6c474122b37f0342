import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { typing, type Said, type Typing } from './typed.js';
import { openSite, siteNames, type Site } from './two-servers.js';

/** In the place of `it` where there is nothing to be seen. */
const nowhere = (_what: string, _test: () => Promise<void>): void => undefined;

describe.each(siteNames)('at %s', (name) => {
  let site: Site;
  let alice: Typing;

  beforeAll(async () => {
    site = await openSite(name);
  });

  afterAll(() => site.stop());

  beforeEach(() => {
    site.empty();
    alice = typing({ remote: site.remote, folder: site.folder });
  });

  const at = (path: string): string => join(site.disk, path);
  const file = (path: string, content = path): void => writeFileSync(at(path), content);
  const folder = (path: string): void => void mkdirSync(at(path), { recursive: true });
  const mode = (path: string): number => statSync(at(path)).mode & 0o777;
  const there = (): readonly string[] =>
    readdirSync(site.disk, { recursive: true, encoding: 'utf8' }).toSorted();
  const works = async (line: string): Promise<string> => {
    const said = await alice.type(line);
    expect(said).toMatchObject({ exit: 0, stderr: '' });
    return said.stdout;
  };
  const fails = async (line: string, exit: number, sentence: string): Promise<Said> => {
    const said = await alice.type(line);
    expect(said.stderr).toContain(sentence);
    expect(said.exit).toBe(exit);
    return said;
  };

  describe('cd and pwd', () => {
    it('goes to folders and says where it is', async () => {
      folder('sub/deep');
      await works('cd sub');
      await works('cd ./deep/../deep');
      expect(await works('pwd')).toBe(`${site.folder}/sub/deep\n`);
      await works('cd ..');
      expect(alice.at.remote).toBe(`${site.folder}/sub`);
      await works('cd -');
      expect(alice.at.remote).toBe(`${site.folder}/sub/deep`);
      await works(`cd ${site.folder}/su*`);
      expect(alice.at.remote).toBe(`${site.folder}/sub`);
      await works('cd');
      expect(alice.at.remote).toBe(name === 'plimsoll' ? '/' : join(site.folder, '..'));
    });

    it('takes a backslash for the character behind it', async () => {
      folder('aa');
      await works('cd \\aa');
      expect(alice.at.remote).toBe(`${site.folder}/aa`);
    });

    it('refuses what is no folder, and stays', async () => {
      file('notes');
      await fails('cd notes', 1, 'cd notes: not a folder');
      await fails('cd nowhere', 4, 'cd nowhere: ');
      expect(alice.at.remote).toBe(site.folder);
    });
  });

  describe('mkdir', () => {
    it('makes folders of mode 755, or of the one given before or after the name', async () => {
      await works('mkdir plain');
      await works('mkdir private 700');
      await works('mkdir 711 passage');
      expect([mode('plain'), mode('private'), mode('passage')]).toEqual([0o755, 0o700, 0o711]);
    });

    it('gives exactly the mode that was named', async () => {
      // A server's umask takes the write bits.
      const { exit, stdout } = await alice.type('mkdir open 777');
      expect(exit).toBe(0);
      if (mode('open') !== 0o777) expect(stdout).toContain('the server gave it mode 7');
    });

    it('makes the ones above with -p', async () => {
      await works('mkdir -p a/b/c');
      await works('mkdir -p a/b/c');
      expect(there()).toEqual(['a', 'a/b', 'a/b/c']);
      file('file');
      await fails('mkdir -p file/sub', 1, 'is not a folder');
    });

    it('refuses a taken name, a mode that is none, and an empty name', async () => {
      file('taken');
      await fails('mkdir taken', 9, 'mkdir taken: ');
      await fails('mkdir new 888', 2, "'888' is not a mode: write three digits 0-7");
      await fails('mkdir new 0755', 2, "'0755' is not a mode");
      await fails('mkdir ""', 2, 'an empty name');
      expect(there()).toEqual(['taken']);
    });
  });

  describe('rmdir, rm and delete', () => {
    it('removes files, by patterns too', async () => {
      for (const one of ['a.txt', 'b.txt', 'c.log']) file(one);
      await works('rm *.txt');
      expect(there()).toEqual(['c.log']);
      await works('delete c.log');
      expect(there()).toEqual([]);
    });

    it('says how to remove a folder', async () => {
      folder('notes');
      await fails(
        'rm notes',
        1,
        "rm notes: is a folder: 'rmdir notes' removes it when empty, 'rm -r notes' with everything in it",
      );
      expect(there()).toEqual(['notes']);
    });

    it('removes empty folders, and says of others how', async () => {
      folder('empty');
      folder('full/inner');
      await works('rmdir empty');
      await fails('rmdir full', 1, "rmdir full: the folder is not empty: 'rm -r full'");
      await fails('delete full', 1, "delete full: the folder is not empty: 'rm -r full'");
      await works('delete full/inner');
      expect(there()).toEqual(['full']);
      file('plain');
      await fails('rmdir plain', 1, "rmdir plain: is not a folder: 'rm plain' removes it");
    });

    it('removes a tree without following links', async () => {
      folder('outside');
      file('outside/kept');
      folder('tree/a/b');
      for (let index = 0; index < 40; index++) file(`tree/a/f${index}`);
      symlinkSync('../outside', at('tree/way'));
      await works('rm -r tree');
      expect(there()).toEqual(['outside', 'outside/kept']);
    });

    it('removes a link to a folder, and not the folder', async () => {
      folder('outside');
      file('outside/kept');
      symlinkSync('outside', at('way'));
      await works('rm -r way');
      expect(there()).toEqual(['outside', 'outside/kept']);
    });

    it('goes on after a failure, and says that some failed', async () => {
      for (const one of ['a', 'b']) file(one);
      const { stderr } = await fails('rm a nothing b', 10, 'rm nothing: ');
      expect(stderr.split('\n')).toHaveLength(2);
      expect(there()).toEqual([]);
    });

    it('says 4 where all names are missing, 10 for different reasons, and nothing with -f', async () => {
      await fails('rm nothing', 4, 'rm nothing: ');
      await fails('rm nothing none', 4, 'rm none: ');
      folder('sub');
      await fails('rm nothing sub', 10, 'rm sub: ');
      await works('rm -f nothing *.none');
    });

    it('does not remove where one is', async () => {
      folder('sub/deep');
      await works('cd sub/deep');
      for (const line of ['rm -r .', 'rm -r ..', 'rm -r ../../sub', 'rm -r /', 'rm -r ""']) {
        expect(await alice.type(line)).toMatchObject({ exit: 2 });
      }
      expect(there()).toEqual(['sub', 'sub/deep']);
    });
  });

  describe('rename, mv and re', () => {
    it.each(['rename', 'mv', 're'])('%s gives another name', async (command) => {
      file('old', 'content');
      await works(`${command} old new`);
      expect(there()).toEqual(['new']);
      expect(readFileSync(at('new'), 'utf8')).toBe('content');
    });

    it.each(['rename', 'mv', 're'])('%s refuses a taken name unless -f', async (command) => {
      file('old', 'content');
      file('new', 'precious');
      await fails(`${command} old new`, 9, `${command} old: new exists already`);
      expect(readFileSync(at('new'), 'utf8')).toBe('precious');
      await works(`${command} -f old new`);
      expect(there()).toEqual(['new']);
      expect(readFileSync(at('new'), 'utf8')).toBe('content');
    });

    it('moves into a folder, several too', async () => {
      for (const one of ['a', 'b', 'c']) file(one);
      folder('into');
      await works('mv a into');
      await works('mv [bc] into/');
      expect(there()).toEqual(['into', 'into/a', 'into/b', 'into/c']);
      file('a');
      await fails('mv a into', 9, 'into/a exists already');
      await works('mv -f a into');
      expect(there()).not.toContain('a');
    });

    it('moves folders, not into themselves and not over folders', async () => {
      folder('one/inner');
      await works('mv one two');
      expect(there()).toEqual(['two', 'two/inner']);
      await fails('mv two two/inner/deeper', 2, 'lies in it');
      folder('three/two');
      await fails('mv -f two three', 1, 'is a folder, which is not replaced');
    });

    it('names what is missing', async () => {
      file('a');
      file('b');
      await fails('mv nothing there', 4, 'mv nothing: ');
      await fails('mv a b', 9, 'exists');
      await fails('mv a nofolder/', 1, 'mv nofolder/: no such folder');
      await fails('mv a b nowhere', 1, 'is not a folder, which several names need');
      await fails('mv a', 2, 'usage: mv');
      await fails('mv a a', 9, 'its own name');
      expect(there()).toEqual(['a', 'b']);
    });
  });

  describe('cp', () => {
    it('copies a file at the server, with its mode', async () => {
      file('tool', 'content');
      chmodSync(at('tool'), 0o755);
      await works('cp tool copy');
      expect(readFileSync(at('copy'), 'utf8')).toBe('content');
      expect(mode('copy')).toBe(0o755);
    });

    it('refuses a taken name unless -f, and copies into folders', async () => {
      file('a', 'new');
      file('b', 'old');
      folder('into');
      await fails('cp a b', 9, 'cp a: b exists already');
      expect(readFileSync(at('b'), 'utf8')).toBe('old');
      await works('cp -f a b');
      await works('cp a b into');
      expect(readFileSync(at('b'), 'utf8')).toBe('new');
      expect(there()).toEqual(['a', 'b', 'into', 'into/a', 'into/b']);
    });

    it('says of a folder that it takes -r, and copies it then', async () => {
      folder('tree/sub');
      file('tree/one');
      file('tree/sub/two');
      symlinkSync('one', at('tree/way'));
      await fails(
        'cp tree copy',
        1,
        "cp tree: is a folder: 'cp -r tree copy' copies it with everything in it",
      );
      await works('cp -r tree copy');
      expect(readdirSync(at('copy'), { recursive: true, encoding: 'utf8' }).toSorted()).toEqual([
        ...['one', 'sub', 'sub/two', 'way'],
      ]);
      expect(readlinkSync(at('copy/way'))).toBe('one');
      expect(readFileSync(at('copy/sub/two'), 'utf8')).toBe('tree/sub/two');
    });

    it('does not copy a folder into itself, over a link either', async () => {
      folder('tree/sub');
      symlinkSync('tree', at('way'));
      await fails('cp -r tree tree/copy', 2, 'lies in it');
      await fails('cp -r tree way/copy', 2, 'cannot be copied into itself');
      expect(readdirSync(at('tree'))).toEqual(['sub']);
    });
  });

  describe('chmod', () => {
    it('takes the mode before or behind the name, and 755 without', async () => {
      for (const one of ['a', 'b', 'c']) file(one);
      await works('chmod 640 a');
      await works('chmod b 604');
      await works('chmod c');
      expect([mode('a'), mode('b'), mode('c')]).toEqual([0o640, 0o604, 0o755]);
    });

    it('takes the first of two modes, and a name in a path', async () => {
      file('644');
      file('600');
      await works('chmod 640 644');
      expect([mode('644'), mode('600')]).toEqual([0o640, 0o644]);
      await works('chmod ./600 600');
      expect(mode('600')).toBe(0o600);
    });

    it('refuses what is no mode', async () => {
      file('notes');
      await fails('chmod notes 888', 2, "'888' is not a mode: write three digits 0-7");
      await fails('chmod u+x notes', 2, "'u+x' is not a mode");
      await fails('chmod 0644 notes', 2, "'0644' is not a mode");
      await fails('chmod 644 nothing', 4, 'chmod nothing: ');
      expect(mode('notes')).toBe(0o644);
    });

    it('sets several, and trees with -R without following links', async () => {
      folder('tree/sub');
      file('tree/sub/one');
      file('outside');
      symlinkSync('../outside', at('tree/way'));
      await works('chmod -R 700 tree');
      expect([mode('tree'), mode('tree/sub'), mode('tree/sub/one')]).toEqual([0o700, 0o700, 0o700]);
      expect(mode('outside')).toBe(0o644);
      file('x.sh');
      file('y.sh');
      await works('chmod 700 *.sh');
      expect([mode('x.sh'), mode('y.sh')]).toEqual([0o700, 0o700]);
    });
  });

  describe('chown and chgrp', () => {
    it('takes numbers', async () => {
      file('notes');
      const { uid, gid } = (await site.remote.stat(`${site.folder}/notes`)) as { uid: number; gid: number };
      await works(`chown ${uid} notes`);
      await works(`chgrp ${gid} notes`);
      await fails('chown root notes', 2, "chown 'root': SFTP knows owners and groups by number");
      await fails('chgrp 99999999999 notes', 2, 'by number');
    });

    // Only root gives files away, and at ours nobody does.
    const givesAway = name !== 'plimsoll' && process.getuid?.() === 0 ? it : nowhere;
    givesAway('changes one and leaves the other', async () => {
      file('notes');
      await works('chown 12345 notes');
      await works('chgrp 23456 notes');
      expect(statSync(at('notes'))).toMatchObject({ uid: 12345, gid: 23456 });
    });

    givesAway('changes a symbolic link itself with -h', async () => {
      file('notes');
      symlinkSync('notes', at('way'));
      await works('chown -h 12345 way');
      await works('chgrp -h 23456 way');
      expect(lstatSync(at('way'))).toMatchObject({ uid: 12345, gid: 23456 });
      expect(statSync(at('notes'))).toMatchObject({ uid: 0 });
      await works('chown 12345 way');
      expect(statSync(at('notes'))).toMatchObject({ uid: 12345 });
    });

    it('has chmod leave alone with -h what a symbolic link leads to', async () => {
      file('notes');
      const before = mode('notes');
      symlinkSync('notes', at('way'));
      // Linux keeps no mode of a link: refused or not, the file keeps its own.
      await alice.type('chmod -h 600 way');
      expect(mode('notes')).toBe(before);
      await works('chmod -h 600 notes');
      expect(mode('notes')).toBe(0o600);
    });
  });

  describe('ln and symlink', () => {
    it('makes hard links', async () => {
      file('notes', 'content');
      folder('into');
      await works('ln notes twin');
      await works('ln notes into');
      expect(statSync(at('twin')).ino).toBe(statSync(at('notes')).ino);
      expect(existsSync(at('into/notes'))).toBe(true);
      await fails('ln notes twin', 9, 'ln twin: twin exists already');
      await fails('ln nothing more', 4, 'there is no nothing to link to');
      await fails('ln into more', 1, 'use ln -s');
    });

    it.each(['ln -s', 'symlink'])('%s makes symbolic links, the target as typed', async (command) => {
      folder('sub');
      await works(`${command} ../elsewhere sub/way`);
      expect(readlinkSync(at('sub/way'))).toBe('../elsewhere');
      await fails(`${command} other sub/way`, 9, 'exists already');
      expect(lstatSync(at('sub/way')).isSymbolicLink()).toBe(true);
    });
  });

  it('answers with JSON', async () => {
    file('a');
    expect(await alice.json('mkdir new 700')).toMatchObject({
      exit: 0,
      documents: [{ made: `${site.folder}/new`, mode: 0o700 }],
    });
    expect(await alice.json('rm a nothing')).toMatchObject({
      exit: 10,
      documents: [{ removed: `${site.folder}/a` }, { outcome: 'not-found' }],
    });
  });

  it('leaves names as they are that are no text', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${site.disk}/`), Buffer.from([0xff, 0x41])]), '');
    await works('rm ?A');
    expect(there()).toEqual([]);
  });
});
