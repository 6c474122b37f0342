#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { main } from '../cli/client/main.js';

// What a transfer moves dies young, unless the young generation grows: then it waits, 64 KiB a buffer, for a collection of
// the old one (docs/decisions/client-memory.md).
setFlagsFromString('--semi-space-growth-factor=1');

await main();
