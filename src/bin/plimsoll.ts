#!/usr/bin/env node
import { main } from '../cli/server/main.js';

await main(async () => (await import('../app.js')).startApp);
