/** One logged-in connection, as an operator sees it. `ssh/` fills the registry, `admin/` reads it. */
export interface LiveSession {
  readonly id: string;
  readonly account: string;
  readonly accountId: number;
  /** `own` home, or `homes`: every home, as an admin asked for with `NAME+admin`. */
  readonly view: 'own' | 'homes';
  readonly address: string;
  readonly client: string;
  readonly since: Date;
  readonly method: string;
  /** Fingerprint of the key that was used, `null` for other methods. */
  readonly fingerprint: string | null;
  /** Ends the connection; `reason` is a sentence that the user gets to read. */
  close(reason: string): void;
}

export interface LiveSessions {
  add(session: LiveSession): void;
  remove(session: LiveSession): void;
  list(): readonly LiveSession[];
}

export function liveSessions(): LiveSessions {
  const sessions = new Map<string, LiveSession>();
  return {
    add: (session) => void sessions.set(session.id, session),
    remove: (session) => void sessions.delete(session.id),
    list: () => [...sessions.values()],
  };
}
