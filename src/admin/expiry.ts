import { Fault } from '../fault.js';

/**
 * The first moment at which an account may no longer log in: `2027-01-31` is the beginning of that day in UTC, as
 * `chage -E` reads it; a time needs its zone (`2027-01-31T18:00:00Z`, `...+02:00`); `never` is `null`.
 * @throws Fault `invalid`
 */
export function parseExpiry(text: string): Date | null {
  if (text === 'never' || text === 'none') return null;
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/.exec(
      text,
    );
  if (match) {
    const [, year, month, day] = match.map(Number);
    const date = new Date(text);
    // JavaScript takes February 30 for March 2.
    const named = new Date(Date.UTC(year ?? NaN, (month ?? NaN) - 1, day));
    const exists = named.getUTCMonth() + 1 === month && named.getUTCDate() === day;
    if (exists && !Number.isNaN(date.getTime())) return date;
  }
  throw new Fault('invalid', `'${text}' is not a date: write 2027-01-31, 2027-01-31T18:00:00Z, or never`);
}
