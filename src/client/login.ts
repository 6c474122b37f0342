import type { AnyAuthMethod, ParsedKey, Prompt as Ssh2Prompt } from 'ssh2';
import { printable } from '../observe/printable.js';
import { agentKeys, type AgentKey } from './agent-keys.js';
import type { KeySource, Login } from './connection.js';
import type { LoginReport } from './login-report.js';
import { OneKeyAgent, signer, type Sign } from './one-key-agent.js';
import { openPrivateKey, readPrivateKey, type PrivateKey } from './private-keys.js';

/** The server's answer to an attempt that did not end the login. [RFC 4252 5.1] */
export interface Refusal {
  readonly methods: readonly string[];
  /** Not refused, but more is wanted. */
  readonly partial: boolean;
}

/** One request to the server, and what it is called in `loginMethod`. */
export interface LoginAttempt {
  readonly method: string;
  readonly request: AnyAuthMethod;
}

export interface LoginParts {
  readonly login: Login;
  readonly report: LoginReport;
  readonly debug: (line: string) => void;
  /** Does what waits for a person, while the server is given its time. */
  readonly asking: <T>(work: Promise<T>) => Promise<T>;
}

interface Parts extends LoginParts {
  /** The keys of the agent, which is asked once: it may be slow. */
  readonly held: () => Promise<readonly AgentKey[]>;
}

type Attempts = AsyncGenerator<LoginAttempt, Refusal | null, Refusal>;

/** How often a secret is asked for, as OpenSSH has it. */
const mostTries = 3;
/** Keys that are shown without asking. */
const mostShown = 2;
const guests: ReadonlySet<string> = new Set(['anonymous', 'ftp', 'guest']);
/** Factors that may be wanted one after another. */
const mostFactors = 8;
/** What a server may ask at once and how long its texts may be; real ones ask one thing or two. */
const bounds = { prompts: 32, text: 1_024, instruction: 4_096 } as const;

/**
 * The attempts to log in, one after another; `next` takes the server's answer to the one before. Ends when there is
 * nothing left to try.
 */
export async function* loginAttempts(given: LoginParts): AsyncGenerator<LoginAttempt, void, Refusal> {
  const { login, report } = given;
  let held: Promise<readonly AgentKey[]> | null = null;
  const parts: Parts = { ...given, held: () => (held ??= heldKeys(given)) };
  const used = new Set<string>();
  const first = (await showsKeysFirst(parts)) ? yield* keysFirst(parts, used) : null;
  const refused = first?.partial === false;
  // Says which methods there are, and needs nothing where none is wanted. [RFC 4252 5.2]
  const none = { method: 'none', request: { type: 'none', username: login.user } } as const;
  const isEnough = first !== null && (first.partial || withoutKeys(first.methods).length > 0);
  let answer: Refusal | null = isEnough ? first : yield none;
  let untried = refused ? withoutKeys(answer.methods) : answer.methods;
  for (let factor = 0; factor < mostFactors; factor++) {
    report.offered(answer.methods);
    answer = yield* oneFactor(parts, untried, used);
    if (answer === null) return;
    untried = answer.methods;
  }
}

function withoutKeys(methods: readonly string[]): readonly string[] {
  return methods.filter((method) => method !== 'publickey');
}

/**
 * Whether all keys may be shown before the server was asked: there are few, since servers count attempts; nobody has to
 * type a passphrase for that; and it is no user who by custom needs nothing.
 */
async function showsKeysFirst(parts: Parts): Promise<boolean> {
  if (guests.has(parts.login.user)) return false;
  const files = parts.login.keys.map((key) => readPrivateKey(key).state);
  const usable = files.filter((state) => state !== 'unusable').length;
  if (usable > mostShown || files.includes('sealed')) return false;
  return usable + (await parts.held()).length <= mostShown;
}

/**
 * Keys without asking first whether the server takes any: a round trip less where it does.
 * @returns its last answer, without methods where it has not given one; `null` where there was no key to try
 */
async function* keysFirst(parts: Parts, used: Set<string>): Attempts {
  const attempts = keys(parts, used);
  let answer: Refusal | null = null;
  for (let next = await attempts.next(); next.done !== true; next = await attempts.next(answer)) {
    answer = yield next.value;
    if (!answer.partial && answer.methods.length > 0 && !answer.methods.includes('publickey')) {
      await attempts.return(null);
      break;
    }
  }
  return answer;
}

/** Everything that is offered, until something is granted; `null` when nothing was. */
async function* oneFactor(parts: Parts, offered: readonly string[], used: Set<string>): Attempts {
  const ways = { publickey: keys, 'keyboard-interactive': interactive, password } as const;
  for (const [method, way] of Object.entries(ways)) {
    if (!offered.includes(method)) continue;
    const granted = yield* way(parts, used);
    if (granted) return granted;
  }
  return null;
}

/** A key that can be tried; `sign` is called only once the server takes it. */
interface Candidate {
  readonly name: string;
  readonly publicKey: ParsedKey;
  readonly sign: Sign;
}

/** @param used keys that were granted already: another factor needs another key */
async function* keys(parts: Parts, used: Set<string>): Attempts {
  const { login, report, debug } = parts;
  const tried = new Set(used);
  for await (const { name, publicKey, sign } of candidates(parts)) {
    const id = publicKey.getPublicSSH().toString('base64');
    if (tried.has(id)) continue;
    tried.add(id);
    report.trying(name);
    debug(`trying ${name} (${publicKey.type})`);
    const noting: Sign = (data, hash) =>
      parts.asking(sign(data, hash)).catch((error: unknown) => {
        report.skipping(`${name} did not sign: ${printable((error as Error).message)}`);
        throw error;
      });
    const agent = new OneKeyAgent(publicKey, noting);
    const answer = yield { method: 'publickey', request: { type: 'agent', username: login.user, agent } };
    if (!answer.partial) continue;
    used.add(id);
    report.granted(name);
    return answer;
  }
  return null;
}

/**
 * First the agent's keys that were also named as files, then its others, then the files: servers count attempts, and
 * what was asked for must not come last.
 */
async function* candidates(parts: Parts): AsyncGenerator<Candidate, void> {
  const { login, report, debug } = parts;
  const files = login.keys.map(readPrivateKey);
  const named = new Map(
    files.flatMap((file) => publicIds(file).map((id) => [id, file.source.name] as const)),
  );
  const held = await parts.held();
  const nameOf = ({ publicKey }: AgentKey): string | undefined =>
    named.get(publicKey.getPublicSSH().toString('base64'));
  const inOrder = [...held.filter((key) => nameOf(key)), ...held.filter((key) => !nameOf(key))];
  for (const key of inOrder) {
    const { publicKey, comment, sign } = key;
    yield { name: `key ${printable(nameOf(key) ?? comment)} of the agent`, publicKey, sign };
  }
  for (const file of files) {
    const name = `key ${printable(file.source.name)}`;
    switch (file.state) {
      case 'unusable':
        report.skipping(`${name} cannot be used: ${printable(file.reason)}`);
        debug(`${name} cannot be used: ${file.reason}`);
        break;
      case 'open':
        yield { name, publicKey: file.key, sign: signer(file.key) };
        break;
      case 'locked': {
        const sign: Sign = async (data, hash) => signer(await unlock(login, file.source))(data, hash);
        yield { name, publicKey: file.publicKey, sign };
        break;
      }
      case 'sealed':
        try {
          const key = await parts.asking(unlock(login, file.source));
          yield { name, publicKey: key, sign: signer(key) };
        } catch (error) {
          report.skipping(`${name} stays locked: ${(error as Error).message}`);
        }
    }
  }
}

function publicIds(file: PrivateKey): readonly string[] {
  if (file.state === 'open') return [file.key.getPublicSSH().toString('base64')];
  return file.state === 'locked' ? [file.publicKey.getPublicSSH().toString('base64')] : [];
}

async function heldKeys({ login, report, debug, asking }: LoginParts): Promise<readonly AgentKey[]> {
  if (login.agent === null) return [];
  try {
    return await asking(agentKeys(login.agent));
  } catch (error) {
    debug(`no keys from the agent at ${login.agent}: ${(error as Error).message}`);
    report.skipping(`no keys from the agent at ${printable(login.agent)}`);
    return [];
  }
}

/** @throws Error when no passphrase fits */
async function unlock(login: Login, source: KeySource): Promise<ParsedKey> {
  for (let attempt = 0; attempt < mostTries; attempt++) {
    const passphrase = await login.passphrase(source, attempt);
    if (passphrase === null) throw new Error('its passphrase was not given');
    const key = openPrivateKey(source, passphrase);
    if (key) return key;
  }
  throw new Error('the passphrase is not the right one');
}

/** [RFC 4256] */
function* interactive(parts: LoginParts): Generator<LoginAttempt, Refusal | null, Refusal> {
  const { login, report, debug } = parts;
  for (let attempt = 0; attempt < mostTries; attempt++) {
    const state = { asked: false, gaveUp: false, over: false };
    const prompt = (
      name: string,
      instruction: string,
      _language: string,
      prompts: readonly Ssh2Prompt[],
      finish: (answers: string[]) => void,
    ): void => {
      state.asked = true;
      report.trying('keyboard-interactive');
      void answered(parts, name, instruction, prompts).then((answers) => {
        if (answers === null) state.gaveUp = true;
        // An answer there must be: the server waits for as many as it asked for.
        if (!state.over) finish(answers ? [...answers] : prompts.map(() => ''));
      });
    };
    debug('trying keyboard-interactive');
    const answer = yield {
      method: 'keyboard-interactive',
      request: { type: 'keyboard-interactive', username: login.user, prompt },
    };
    state.over = true;
    if (answer.partial) {
      report.granted('keyboard-interactive');
      return answer;
    }
    if (state.gaveUp || !state.asked) return null;
  }
  return null;
}

async function answered(
  parts: LoginParts,
  name: string,
  instruction: string,
  prompts: readonly Ssh2Prompt[],
): Promise<readonly string[] | null> {
  if (prompts.length > bounds.prompts) return null;
  const asked = {
    name: name.slice(0, bounds.text),
    instruction: instruction.slice(0, bounds.instruction),
    prompts: prompts.map(({ prompt, echo }) => ({ text: prompt.slice(0, bounds.text), echo: echo === true })),
  };
  const answers = await parts.asking(parts.login.answers(asked)).catch(() => null);
  return answers?.length === prompts.length ? answers : null;
}

async function* password(parts: LoginParts): Attempts {
  const { login, report, debug } = parts;
  for (let attempt = 0; attempt < mostTries; attempt++) {
    const typed = await parts.asking(login.password(attempt));
    if (typed === null) return null;
    report.trying('password');
    debug('trying password');
    const request = { type: 'password', username: login.user, password: typed } as const;
    const answer = yield { method: 'password', request };
    if (answer.partial) {
      report.granted('password');
      return answer;
    }
  }
  return null;
}
