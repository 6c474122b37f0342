import { randomBytes } from 'node:crypto';

/** What processes of a root are called among each other; the file of a socket is named after it. */
const form = /^[0-9a-f]{12}$/;

/** A name that no other process has, nor had. */
export function newPeerName(random: (bytes: number) => Buffer = randomBytes): string {
  return random(6).toString('hex');
}

export function isPeerName(text: string): boolean {
  return form.test(text);
}
