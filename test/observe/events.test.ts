import { expect, it } from 'vitest';
import { createEvents } from '../../src/observe/events.js';

it('a listener that throws is told of once, and harms neither the others nor who emits (P1)', () => {
  const failures: Error[] = [];
  const heard: string[] = [];
  const events = createEvents((error) => failures.push(error));
  events.subscribe(() => {
    throw new Error('disk full');
  });
  events.subscribe((name) => heard.push(name));
  events.emit('server.warning', { message: 'one' });
  events.emit('server.stopping', { reason: 'two' });
  expect(heard).toEqual(['server.warning', 'server.stopping']);
  expect(failures.map(({ message }) => message)).toEqual([
    'a listener to events fails, first at server.warning: Error: disk full',
  ]);
});

it('who unsubscribed hears no more', () => {
  const events = createEvents();
  const heard: string[] = [];
  const leave = events.subscribe((name) => heard.push(name));
  events.emit('server.warning', { message: 'one' });
  leave();
  events.emit('server.warning', { message: 'two' });
  expect(heard).toEqual(['server.warning']);
});
