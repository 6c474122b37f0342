import ssh2, { type BaseAgent, type ParsedKey } from 'ssh2';
import type { Sign } from './one-key-agent.js';

export interface AgentKey {
  readonly publicKey: ParsedKey;
  readonly comment: string;
  readonly sign: Sign;
}

/** Servers allow six attempts or so; more keys than this are a mistake. */
const mostKeys = 32;
/** An agent that is stuck must not hold up a login by other means. Signing may take long: some agents ask. */
const patienceMs = 5_000;

/**
 * The keys that an agent holds. @param name its socket, a pipe on Windows, or `pageant`
 * @throws Error when there is no agent, or it does not answer
 */
export async function agentKeys(name: string): Promise<readonly AgentKey[]> {
  const agent = ssh2.createAgent(name) as BaseAgent<ParsedKey>;
  const found = await within(
    patienceMs,
    new Promise<readonly ParsedKey[]>((resolve, reject) => {
      agent.getIdentities((error, keys) => {
        if (error) reject(error);
        else resolve((keys ?? []) as readonly ParsedKey[]);
      });
    }),
  );
  return found.slice(0, mostKeys).map((publicKey) => ({
    publicKey,
    comment: publicKey.comment,
    sign: (data, hash) =>
      new Promise((resolve, reject) => {
        agent.sign(publicKey, data, hash ? { hash } : {}, (error, signature) => {
          if (signature) resolve(signature);
          else reject(error ?? new Error('the agent did not sign'));
        });
      }),
  }));
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the agent does not answer')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
