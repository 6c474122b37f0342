import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { problemsOf } from '../../src/config/check.js';
import { settings } from '../../src/config/settings.js';
import { settingsDocument } from './settings-document.js';

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

it('has every setting in docs/configuration.md as it is declared, and no other', () => {
  const [, settingsPart = ''] = read('docs/configuration.md').split('<!-- settings -->\n\n');
  expect(settingsPart).toBe(settingsDocument());
});

it('has every setting in etc/plimsoll.example.json, at its default, and no other', () => {
  const example = JSON.parse(read('etc/plimsoll.example.json')) as Record<string, unknown>;
  expect(problemsOf(example, '')).toEqual([]);
  const defaults = Object.entries(settings).map(([name, setting]) => [name, setting.default]);
  expect(example).toEqual(Object.fromEntries(defaults));
});
