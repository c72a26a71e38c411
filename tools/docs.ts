// Writes the pages that are made from the source (`npm run docs`).

import { writeFileSync } from 'node:fs';
import { referencePage } from '../src/gateway/config/reference.ts';

writeFileSync(new URL('../docs/configuration.md', import.meta.url), referencePage());
